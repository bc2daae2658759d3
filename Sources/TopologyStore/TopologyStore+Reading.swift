public import Catalog
public import Topology

extension TopologyStore {
    /// Who calls whom in a window of time.
    public func graph(
        _ query: TopologyQuery, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> TopologyGraph {
        TopologyGraph(window: query.window, grouping: query.grouping, nodes: [], edges: [])
    }

    /// By Zipkin's rules, by parent, then child.
    public func links(
        within window: Range<Int64>, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> [DependencyLink] { [] }

    /// Where traces fall apart.
    public func propagation(
        within window: Range<Int64>, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> PropagationReport { PropagationReport(window: window, findings: []) }

    /// How operations fared, in steps of the level.
    public func operations(
        within window: Range<Int64>, level: TopologyChange.Level, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> [OperationTotals] { [] }

    /// What was counted for good since the process began: for counters that only grow.
    public func totals() -> [NamedTotals] { [] }

    /// Forgets buckets that are older than they are kept.
    public func expire(now: Int64) throws(CatalogError) {}
}
