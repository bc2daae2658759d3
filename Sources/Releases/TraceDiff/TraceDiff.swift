internal import Topology
public import TraceModel

/// What two traces, or two parts of traces, have in common and what not, call by call; and what each waited for.
///
/// Hops (`HopTree`) are matched from the top down by service, operation (as `ReleaseComparison` matches them across
/// what a mesh does to names) and kind, under the same parent, in their order.
public struct TraceDiff: Sendable {
    /// What is looked at: spans of one trace.
    struct Side: Sendable {
        var hops: HopTree
        var path: CriticalPath
        /// The span in which the path ends; -1: no span is there.
        var root: Int32

        var tree: TimedTree { hops.tree }
    }

    /// Why two traces cannot be compared.
    public enum Failure: Error, Sendable, Equatable {
        /// Of the first or the second trace no such span is among those looked at.
        case noSpan(isFirst: Bool, SpanID)
    }

    let a: Side
    let b: Side
    let labels: HopLabels
    let rows: [HopMatching.Row]

    /// - Parameters:
    ///   - gathered: the spans of the two traces; a trace is compared with another part of itself by being both.
    ///   - a, b: the spans whose trees are compared; nil: the whole trace.
    public init(_ gathered: GatheredSpans, a spanA: SpanID? = nil, b spanB: SpanID? = nil) throws(Failure) {
        var labels = HopLabels(gathered.names)
        let treeA = try Self.tree(gathered, isFirst: true, spanA)
        let treeB = try Self.tree(gathered, isFirst: false, spanB)
        let (hopsA, hopsB) = (HopTree(treeA, &labels), HopTree(treeB, &labels))
        rows = HopMatching(hopsA, hopsB, isForced: spanA != nil && spanB != nil).rows
        (a, b) = (Self.side(hopsA), Self.side(hopsB))
        self.labels = labels
    }

    private static func tree(
        _ gathered: GatheredSpans, isFirst: Bool, _ spanID: SpanID?
    ) throws(Failure) -> TimedTree {
        let rows = isFirst ? gathered.firstRows : gathered.secondRows
        guard let spanID else { return TimedTree(gathered, rows: rows) }
        guard let place = TimedTree.place(of: spanID, gathered, rows: rows) else {
            throw .noSpan(isFirst: isFirst, spanID)
        }
        return TimedTree(gathered, rows: rows, root: place)
    }

    private static func side(_ hops: HopTree) -> Side {
        let tree = hops.tree
        // Of a trace that fell apart the whole request is what has no parent, or else what took longest.
        let root = tree.roots.min { first, second in
            let (orphanA, orphanB) = (tree.span(first).parentID != nil, tree.span(second).parentID != nil)
            if orphanA != orphanB { return orphanB }
            let lengthA = tree.ends[Int(first)].subtractingClamped(tree.starts[Int(first)])
            let lengthB = tree.ends[Int(second)].subtractingClamped(tree.starts[Int(second)])
            return (lengthB, first) < (lengthA, second)
        }
        return Side(hops: hops, path: CriticalPath(tree, from: root), root: root ?? -1)
    }
}

extension TraceDiff.Side {
    /// Nanoseconds that the caller waited, or the work took; nil if no span says.
    func duration(_ hop: Int32) -> Int64? {
        let hop = hops.hops[Int(hop)]
        return tree.duration(hop.outer) ?? tree.duration(hop.inner)
    }

    /// Nanoseconds that the server worked for it; nil of what has no two sides.
    func serverDuration(_ hop: Int32) -> Int64? {
        let hop = hops.hops[Int(hop)]
        return hop.outer == hop.inner ? nil : tree.duration(hop.inner)
    }

    func selfTime(_ hop: Int32) -> Int64 { sum(path.selfTimes, hop) }

    func pathTime(_ hop: Int32) -> Int64 { sum(path.times, hop) }

    private func sum(_ times: [Int64], _ hop: Int32) -> Int64 {
        let hop = hops.hops[Int(hop)]
        let own = times[Int(hop.outer)]
        return hop.outer == hop.inner ? own : own.addingClamped(times[Int(hop.inner)])
    }

    func isError(_ hop: Int32) -> Bool {
        let hop = hops.hops[Int(hop)]
        return tree.span(hop.outer).isError || tree.span(hop.inner).isError
    }

    /// What its caller saw.
    func status(_ hop: Int32) -> String { CallOutcome(tree.span(hops.hops[Int(hop)].outer)).text }

    /// What its server says, where both speak.
    func serverStatus(_ hop: Int32) -> String? {
        let hop = hops.hops[Int(hop)]
        return hop.outer == hop.inner ? nil : CallOutcome(tree.span(hop.inner)).text
    }

    /// Of who served it, the number of its name; 0 if nobody says.
    func versionNumber(_ hop: Int32) -> UInt32 {
        let site = tree.site(hops.hops[Int(hop)].inner)
        return site.traits.kind == .client ? site.targetVersion : site.version
    }

    func version(_ hop: Int32) -> String { tree.gathered.names.text(versionNumber(hop)) }

    func operation(_ hop: Int32) -> String {
        tree.gathered.names.text(tree.site(hops.hops[Int(hop)].inner).operationName)
    }
}
