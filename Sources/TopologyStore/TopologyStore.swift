public import Catalog
public import Logging
public import Topology

/// What sealing changes of the topology, worked out and not yet done.
public struct PreparedTopology: Sendable {
    /// For the transaction that enters the segments.
    public let change: TopologyChange
}

/// Who calls whom, over everything that came: what is counted for good, what waits for the rest of its traces, and
/// what is live.
public final class TopologyStore: Sendable {
    /// Takes up what the catalog has.
    public init(catalog: Catalog, options: TopologyOptions, logger: Logger) throws(CatalogError) {}

    /// What sealing these batches changes of the topology. One preparation at a time; a commit or a discard of it
    /// follows.
    ///
    /// - Parameters:
    ///   - generation: that of the batches; nil without any, to settle what has waited long enough.
    ///   - now: nanoseconds since 1970. Whatever came before it was handed over, by now at the latest.
    public func prepare(
        generation: UInt64?, _ batches: [ArrivedBatch], now: Int64
    ) throws(CatalogError) -> PreparedTopology {
        PreparedTopology(change: TopologyChange())
    }

    /// The change is in the catalog.
    public func commit(_ prepared: PreparedTopology) {}

    /// The change was not made.
    public func discard(_ prepared: PreparedTopology) {}

    /// Whether a preparation without batches would settle something that has waited long enough.
    public func isSettlingDue(now: Int64) -> Bool { false }

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

    public var statistics: TopologyStatistics { TopologyStatistics() }
}
