internal import Terminal
internal import Topology

extension TopologyGraph {
    /// Length of the window; at least a nanosecond, so that one may divide by it.
    var seconds: Double { Double(max(1, window.upperBound &- window.lowerBound)) / 1e9 }

    /// Calls per second of the window.
    func rate(_ callCount: Int) -> Double { Double(callCount) / seconds }

    /// Whether callees are parts of services, so that shares between them say something.
    var hasShares: Bool { grouping == .version || grouping == .operation }

    /// Edges whose nodes exist: everything that is drawn goes by them.
    var soundEdges: [Edge] { edges.filter(isSound) }

    func isSound(_ edge: Edge) -> Bool { nodes.indices.contains(edge.from) && nodes.indices.contains(edge.to) }
}

extension TopologyGraph.Node {
    var errorShare: Double { share(errorCount, of: callCount) }

    /// What it is called where there is room for one line.
    var title: String { id.isEmpty ? "(unnamed)" : id }
}

extension TopologyGraph.Edge {
    var errorShare: Double { share(errorCount, of: callCount) }

    /// As the callee saw the calls, or else the caller.
    var durations: TopologyGraph.Durations? { server ?? client }
}

/// The part of a whole, from 0 to 1; 0 of nothing.
func share(_ part: Int, of whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

/// Figures for people.
enum FigureText {
    /// `12.5/s`, or per minute or hour where that is less than one.
    static func rate(_ perSecond: Double) -> String {
        guard perSecond > 0 else { return "0/s" }
        if perSecond >= 0.1 { return "\(number(perSecond))/s" }
        if perSecond * 60 >= 0.1 { return "\(number(perSecond * 60))/min" }
        return "\(number(perSecond * 3600))/h"
    }

    /// Three digits or more.
    static func number(_ value: Double) -> String {
        guard value < 1e15 else { return "\(value)" }
        if value >= 99.95 { return NumberText.count(Int(value.rounded())) }
        return NumberText.decimal(value, digits: value >= 9.995 ? 1 : 2)
    }

    static func duration(_ nanoseconds: Int64) -> String { NumberText.duration(nanoseconds) }
}
