internal import Topology

/// Graphs that were asked for, as long as they are what they would be now.
struct GraphCache: Sendable {
    /// What all of them were made of.
    struct Stamp: Hashable, Sendable {
        var epoch: Int
        /// When what is not settled was counted.
        var counted: UInt64
    }

    private var stamp: Stamp?
    private var graphs: [TopologyQuery: TopologyGraph] = [:]

    private static let countMax = 32

    /// - Parameter query: its window is whole buckets.
    func graph(_ query: TopologyQuery, _ stamp: Stamp) -> TopologyGraph? {
        stamp == self.stamp ? graphs[query] : nil
    }

    mutating func put(_ graph: TopologyGraph, _ query: TopologyQuery, _ stamp: Stamp) {
        if self.stamp != stamp || graphs.count >= Self.countMax { graphs = [:] }
        self.stamp = stamp
        graphs[query] = graph
    }

    mutating func removeAll() { self = GraphCache() }
}
