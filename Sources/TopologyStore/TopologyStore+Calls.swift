public import Catalog
public import Topology

extension TopologyStore {
    /// What was counted of the calls to a service and of those that it made, and of its operations, and the window
    /// widened to whole buckets. No order.
    public func calls(
        ofService service: String, within window: Range<Int64>, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> (totals: [NamedTotals], window: Range<Int64>) {
        let counted = try counted(within: window, unsealed: unsealed) { $0.kind.isOfCalls }
        var isService: [UInt32: Bool] = [:]
        func matches(_ party: CallParty) -> Bool {
            if let known = isService[party.serviceName] { return known }
            let matches = counted.names.text(party.serviceName) == service
            isService[party.serviceName] = matches
            return matches
        }
        let totals = counted.series.compactMap { series, totals in
            matches(series.caller) || matches(series.callee) ? NamedTotals(series, totals, counted.names) : nil
        }
        return (totals, counted.window)
    }
}

extension CallSeries.Kind {
    /// Whether it tells of calls and operations, and neither of links by Zipkin's rules nor of broken propagation.
    fileprivate var isOfCalls: Bool {
        switch self {
        case .rpc, .messaging, .database, .mirrored, .retried, .oneSided, .operation: true
        case .link, .orphan, .unjoined, .lonely: false
        }
    }
}
