public import Topology

extension TraceStore {
    /// Who calls whom, over everything that was offered, whether it is stored or not.
    public func topology(_ query: TopologyQuery) throws(StoreError) -> TopologyGraph {
        TopologyGraph(window: query.window, grouping: query.grouping, nodes: [], edges: [])
    }

    /// Where traces fall apart.
    public func propagation(within window: Range<Int64>) throws(StoreError) -> PropagationReport {
        PropagationReport(window: window, findings: [])
    }

    /// How operations fared, in steps of 60, 600, 3,600 or 86,400 seconds.
    public func operations(within window: Range<Int64>, stepSeconds: Int64) throws(StoreError) -> [OperationTotals] {
        []
    }

    /// What was counted since the process began: for counters that only grow. Bounded by the number of series.
    public func callTotals() -> [NamedTotals] { [] }
}
