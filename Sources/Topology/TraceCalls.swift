internal import TraceModel

/// What a mesh's rules ask of the spans of one trace, on top of its tree: what each stands below, and what below it.
///
/// Only named parents count. What goes round in a circle stands below nothing.
struct TraceCalls {
    struct Spot {
        /// The place of the parent; -1: none.
        var parent: Int32
        /// The place of the nearest span at or above it, in the same service, that was called; -1: none.
        var entry = CallTree.none
        /// The place of the first server below it, by start; -1: none.
        var firstServer = CallTree.none
        /// Of a span that asks the place of one of the same service below it that asks on; -1: none.
        var innerCaller = CallTree.none
        /// At or below a proxy's copy of a request.
        var isMirrored = false
        /// Whether any span below answers, or receives.
        var hasAnswer = false
        fileprivate var state = State.unknown
    }

    fileprivate enum State { case unknown, underway, known }

    /// For each span of the tree.
    private(set) var spots: [Spot] = []
    /// Whether the order of span IDs made a difference.
    private(set) var dependsOnIDs = false
    private var path: [Int32] = []

    mutating func examine(_ tree: CallTree, _ names: CallNames) {
        dependsOnIDs = false
        spots.removeAll(keepingCapacity: true)
        for parent in tree.namedParents { spots.append(Spot(parent: parent)) }
        for place in tree.spans.indices where spots[place].state == .unknown { descend(to: place, tree, names) }
        for place in tree.spans.indices where spots[place].parent >= 0 { tellParent(place, tree, names) }
    }

    /// Takes each step upwards once, however deep the tree is.
    private mutating func descend(to first: Int, _ tree: CallTree, _ names: CallNames) {
        var place = Int32(first)
        while place >= 0, spots[Int(place)].state == .unknown {
            spots[Int(place)].state = .underway
            path.append(place)
            place = spots[Int(place)].parent
        }
        if place >= 0, spots[Int(place)].state == .underway {
            for member in path[(path.lastIndex(of: place) ?? 0)...] { spots[Int(member)].parent = CallTree.none }
        }
        while let last = path.popLast() {
            var spot = spots[Int(last)]
            let (span, parent) = (tree.spans[Int(last)], Int(spot.parent))
            spot.isMirrored = span.site.traits.isMirror || parent >= 0 && spots[parent].isMirrored
            if span.isCallee {
                spot.entry = last
            } else if parent >= 0, spots[parent].entry >= 0, names.isSameService(span.site, tree.spans[parent].site) {
                spot.entry = spots[parent].entry
            }
            spot.state = .known
            spots[Int(last)] = spot
        }
    }

    private mutating func tellParent(_ place: Int, _ tree: CallTree, _ names: CallNames) {
        let (span, parent) = (tree.spans[place], Int(spots[place].parent))
        if span.isCallee { spots[parent].hasAnswer = true }
        if span.kind == .server {
            let first = Int(spots[parent].firstServer)
            if first < 0 || isFirst(span, tree.spans[first]) { spots[parent].firstServer = Int32(place) }
        }
        if span.isCaller, !span.site.traits.isMirror, tree.spans[parent].isCaller,
            names.isSameService(span.site, tree.spans[parent].site)
        {
            if spots[parent].innerCaller < 0 { spots[parent].innerCaller = Int32(place) } else { dependsOnIDs = true }
        }
    }

    /// By start, those without one last, then by ID.
    private func isFirst(_ a: CallSpan, _ b: CallSpan) -> Bool {
        let (first, second) = (a.record.start, b.record.start)
        guard first != second else { return a.spanID < b.spanID }
        if first == SpanBatch.absentTime || second == SpanBatch.absentTime { return second == SpanBatch.absentTime }
        return first < second
    }
}

extension CallNames {
    /// Whether both are one service: by the same name, or by `app` and `app.namespace`, as an application and its
    /// sidecar call themselves.
    func isSameService(_ a: CallSite, _ b: CallSite) -> Bool {
        if a.serviceName == b.serviceName { return true }
        guard a.serviceName != 0, b.serviceName != 0 else { return false }
        return withName(a.serviceName) { first in
            withName(b.serviceName) { second in
                first.count < second.count
                    ? isAlias(short: first, a.namespace, long: second)
                    : isAlias(short: second, b.namespace, long: first)
            }
        }
    }

    private func isAlias(short: UnsafeRawBufferPointer, _ namespace: UInt32, long: UnsafeRawBufferPointer) -> Bool {
        let dot = UInt8(ascii: ".")
        guard long.count > short.count + 1, long[short.count] == dot, long.starts(with: short), !short.contains(dot)
        else { return false }
        guard namespace != 0 else { return true }
        return withName(namespace) { long[(short.count + 1)...].prefix { $0 != dot }.elementsEqual($0) }
    }
}
