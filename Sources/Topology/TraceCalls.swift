internal import TraceModel

/// What a mesh's rules ask of the spans of one trace, on top of its tree: what each stands below.
///
/// Only named parents count. What goes round in a circle stands below nothing.
struct TraceCalls {
    /// For each span of the tree the place of its parent; -1: none.
    private(set) var parents: [Int32] = []
    /// At or below a proxy's copy of a request.
    private(set) var isMirrored: [Bool] = []
    /// For each span the place of the nearest span at or above it, in the same service, that was called; -1: none.
    private(set) var entries: [Int32] = []
    /// Whether any span below answers, or receives.
    private(set) var hasAnswer: [Bool] = []
    /// For each span the place of the first server below it, by start; -1: none.
    private(set) var firstServers: [Int32] = []
    /// For each span that asks the place of a span of the same service below it that asks on; -1: none.
    private(set) var innerCallers: [Int32] = []
    private var states: [State] = []
    private var path: [Int32] = []

    private enum State { case unknown, underway, known }

    private static let none = CallTree.none

    mutating func examine(_ tree: CallTree, _ names: CallNames) {
        let count = tree.spans.count
        parents.removeAll(keepingCapacity: true)
        parents.append(contentsOf: tree.namedParents)
        reset(&isMirrored, false, count)
        reset(&entries, Self.none, count)
        reset(&hasAnswer, false, count)
        reset(&firstServers, Self.none, count)
        reset(&innerCallers, Self.none, count)
        reset(&states, .unknown, count)
        for place in tree.spans.indices where states[place] == .unknown { descend(to: place, tree, names) }
        for place in tree.spans.indices where parents[place] >= 0 { tellParent(place, tree, names) }
    }

    private func reset<Value>(_ values: inout [Value], _ value: Value, _ count: Int) {
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(value, count: count))
    }

    /// Takes each step upwards once, however deep the tree is.
    private mutating func descend(to first: Int, _ tree: CallTree, _ names: CallNames) {
        var place = Int32(first)
        while place >= 0, states[Int(place)] == .unknown {
            states[Int(place)] = .underway
            path.append(place)
            place = parents[Int(place)]
        }
        if place >= 0, states[Int(place)] == .underway {
            for member in path[(path.lastIndex(of: place) ?? 0)...] { parents[Int(member)] = Self.none }
        }
        while let last = path.popLast() {
            let (span, parent) = (tree.spans[Int(last)], Int(parents[Int(last)]))
            isMirrored[Int(last)] = span.site.traits.isMirror || parent >= 0 && isMirrored[parent]
            if span.isCallee {
                entries[Int(last)] = last
            } else if parent >= 0, entries[parent] >= 0, names.isSameService(span.site, tree.spans[parent].site) {
                entries[Int(last)] = entries[parent]
            }
            states[Int(last)] = .known
        }
    }

    private mutating func tellParent(_ place: Int, _ tree: CallTree, _ names: CallNames) {
        let (span, parent) = (tree.spans[place], Int(parents[place]))
        if span.isCallee { hasAnswer[parent] = true }
        if span.kind == .server, firstServers[parent] < 0 || isFirst(span, tree.spans[Int(firstServers[parent])]) {
            firstServers[parent] = Int32(place)
        }
        if span.isCaller, !span.site.traits.isMirror, innerCallers[parent] < 0, tree.spans[parent].isCaller,
            names.isSameService(span.site, tree.spans[parent].site)
        {
            innerCallers[parent] = Int32(place)
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
                    ? isAlias(short: first, a.namespace, long: second) : isAlias(short: second, b.namespace, long: first)
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
