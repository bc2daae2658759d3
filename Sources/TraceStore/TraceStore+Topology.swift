internal import Catalog
public import Topology
public import TopologyStore

extension TraceStore {
    /// Who calls whom, over everything that was offered, whether it is stored or not, up to the last second.
    public func topology(_ query: TopologyQuery) throws(StoreError) -> TopologyGraph {
        try withTopology { (unsealed) throws(CatalogError) in try topology.graph(query, unsealed: unsealed) }
    }

    /// Who called whom, how often and how often in vain, by Zipkin's rules, in the traces that begin within the minutes
    /// of the window: by parent, then child. What begins is the root, or the earliest span if there is no root.
    /// - Parameter window: nanoseconds since 1970.
    public func dependencies(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [DependencyLink] {
        try work.check()
        let end = window.upperBound.addingReportingOverflow(1)
        return try withTopology { (unsealed) throws(CatalogError) in
            try topology.links(
                within: window.lowerBound..<(end.overflow ? .max : end.partialValue), unsealed: unsealed)
        }
    }

    /// Where traces fall apart.
    public func propagation(within window: Range<Int64>) throws(StoreError) -> PropagationReport {
        try withTopology { (unsealed) throws(CatalogError) in
            try topology.propagation(within: window, unsealed: unsealed)
        }
    }

    /// How operations fared, in steps of 60, 600, 3,600 or 86,400 seconds: the longest that is not longer than asked.
    public func operations(within window: Range<Int64>, stepSeconds: Int64) throws(StoreError) -> [OperationTotals] {
        let level = TopologyChange.Level.allCases.last { $0.rawValue <= stepSeconds } ?? .minute
        return try withTopology { (unsealed) throws(CatalogError) in
            try topology.operations(within: window, level: level, unsealed: unsealed)
        }
    }

    /// What was counted of the calls to a service and of those that it made, and of its operations, and the window
    /// widened to whole buckets. No order.
    public func calls(
        ofService service: String, within window: Range<Int64>
    ) throws(StoreError) -> (totals: [NamedTotals], window: Range<Int64>) {
        try withTopology { (unsealed) throws(CatalogError) in
            try topology.calls(ofService: service, within: window, unsealed: unsealed)
        }
    }

    /// What was counted for good since the process began: for counters that only grow. Bounded by the number of series.
    public func callTotals() -> [NamedTotals] { topology.totals() }

    public func topologyStatistics() -> TopologyStatistics { topology.statistics }

    private func withTopology<Result>(
        _ body: ([UnsealedBatches]) throws(CatalogError) -> Result
    ) throws(StoreError) -> Result {
        let unsealed = state.snapshot().generations.map {
            UnsealedBatches(generation: $0.generation.number, batches: $0.arrived)
        }
        return try StoreError.wrapCatalog { () throws(CatalogError) in try body(unsealed) }
    }
}
