internal import TraceModel

/// The spans of one trace, each once, and which called which.
///
/// Built as Zipkin builds it. Parts of one span become one. A server that shares its client's ID is the client's child.
/// Of several spans without a parent the one with the least ID is the root; they and all whose parent is not there are
/// children of the root. What goes round in a circle belongs to no tree.
struct CallTree {
    /// By ID; those that share one behind the one that they share it with.
    private(set) var spans: [CallSpan] = []
    private(set) var hasChildren: [Bool] = []
    /// For each span the place of the one that it says is its parent; -1 if that is not there.
    private(set) var namedParents: [Int32] = []
    /// For each span the place of the nearest span above it that is one side of a call.
    private var ancestors: [Int32] = []
    private var parents: [Int32] = []
    private var path: [Int32] = []

    static let none: Int32 = -1
    private static let unreachable: Int32 = -2
    private static let unknown: Int32 = -3
    private static let underway: Int32 = -4

    /// Whether the span hangs together with the top of the tree.
    func isReachable(_ place: Int) -> Bool { ancestors[place] != Self.unreachable }

    func remoteAncestor(_ place: Int) -> CallSpan? { ancestors[place] < 0 ? nil : spans[Int(ancestors[place])] }

    /// - Parameter parts: of one trace, sorted by `CallOrder`.
    mutating func build(
        _ parts: UnsafeBufferPointer<CallRecord>, _ sites: UnsafeBufferPointer<CallSite>, _ names: CallNames
    ) {
        if !merge(parts, sites, names) { sortByKey(names) }
        findParents(names)
        findAncestors()
    }

    // MARK: Spans

    /// - Returns: false if the spans are not in the order of their keys, each once.
    private mutating func merge(
        _ parts: UnsafeBufferPointer<CallRecord>, _ sites: UnsafeBufferPointer<CallSite>, _ names: CallNames
    ) -> Bool {
        spans.removeAll(keepingCapacity: true)
        var isInOrder = true
        var place = 0
        while place < parts.count {
            var span = CallSpan(parts[place], sites[Int(parts[place].site)])
            place += 1
            while place < parts.count, parts[place].spanID == span.spanID {
                let site = sites[Int(parts[place].site)]
                guard span.isPart(parts[place], site) else { break }
                span.complete(from: parts[place], site)
                place += 1
            }
            if let previous = spans.last, previous.spanID == span.spanID {
                // Not every server says that the ID is its client's.
                if previous.kind == .client && span.kind == .server { span.site.traits.isShared = true }
                // Nor does every client hand on its parent's ID.
                if span.isShared && span.parentID == 0 { span.record.parentID = previous.parentID }
                if !previous.key.isBefore(span.key, names) { isInOrder = false }
            }
            spans.append(span)
        }
        return isInOrder
    }

    /// Of spans with the same key only the last is left.
    private mutating func sortByKey(_ names: CallNames) {
        let order = spans.indices.sorted { a, b in
            let (first, second) = (spans[a].key, spans[b].key)
            return first != second ? first.isBefore(second, names) : a < b
        }
        var sorted: [CallSpan] = []
        sorted.reserveCapacity(spans.count)
        for place in order {
            if let last = sorted.last, last.key == spans[place].key { sorted.removeLast() }
            sorted.append(spans[place])
        }
        spans = sorted
    }

    // MARK: Tree

    private mutating func findParents(_ names: CallNames) {
        let root = spans.firstIndex { !$0.isShared && $0.parentID == 0 }.map { Int32($0) } ?? Self.none
        let hasShared = spans.contains { $0.isShared }
        parents.removeAll(keepingCapacity: true)
        namedParents.removeAll(keepingCapacity: true)
        hasChildren.removeAll(keepingCapacity: true)
        hasChildren.append(contentsOf: repeatElement(false, count: spans.count))
        for place in spans.indices {
            let parent = parent(ofSpan: place, hasShared: hasShared, names)
            namedParents.append(parent != Self.none || !hasShared ? parent : sharingParent(ofSpan: place, names))
            guard place != root else {
                parents.append(Self.none)
                continue
            }
            parents.append(parent == Self.none ? root : parent)
            if parents[place] >= 0 { hasChildren[Int(parents[place])] = true }
        }
    }

    private func parent(ofSpan place: Int, hasShared: Bool, _ names: CallNames) -> Int32 {
        let span = spans[place]
        if span.isShared { return self.place(of: span.spanID, names) }
        guard span.parentID != 0 else { return Self.none }
        if hasShared {
            let server = server(sharing: span.parentID, span.serviceName, names)
            if server != Self.none { return server }
        }
        return self.place(of: span.parentID, names)
    }

    /// Where one half of a shared span has not come: what the other one says.
    private func sharingParent(ofSpan place: Int, _ names: CallNames) -> Int32 {
        let span = spans[place]
        guard span.parentID != 0 else { return Self.none }
        if span.isShared {
            let server = server(sharing: span.parentID, span.serviceName, names)
            if server != Self.none { return server }
            let parent = self.place(of: span.parentID, names)
            if parent != Self.none { return parent }
        }
        let key = CallSpan.Key(spanID: span.parentID, isShared: true, serviceName: 0, address: 0)
        let first = firstPlace(notBefore: key, names)
        return first < spans.count && spans[first].spanID == span.parentID ? Int32(first) : Self.none
    }

    /// The span that has the ID for itself, or had it first.
    private func place(of spanID: UInt64, _ names: CallNames) -> Int32 {
        let key = CallSpan.Key(spanID: spanID, isShared: false, serviceName: 0, address: 0)
        let place = firstPlace(notBefore: key, names)
        return place < spans.count && spans[place].spanID == spanID && !spans[place].isShared ? Int32(place) : Self.none
    }

    private func server(sharing spanID: UInt64, _ serviceName: UInt32, _ names: CallNames) -> Int32 {
        let key = CallSpan.Key(spanID: spanID, isShared: true, serviceName: serviceName, address: 0)
        let place = firstPlace(notBefore: key, names)
        guard place < spans.count else { return Self.none }
        let found = spans[place]
        let isIt = found.isShared && found.spanID == spanID && found.serviceName == serviceName
        return isIt ? Int32(place) : Self.none
    }

    private func firstPlace(notBefore key: CallSpan.Key, _ names: CallNames) -> Int {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            let spanID = spans[middle].record.spanID
            let isBefore = spanID != key.spanID ? spanID < key.spanID : spans[middle].key.isBefore(key, names)
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Takes each step upwards once, however deep the tree is.
    private mutating func findAncestors() {
        ancestors.removeAll(keepingCapacity: true)
        ancestors.append(contentsOf: repeatElement(Self.unknown, count: spans.count))
        for first in spans.indices {
            path.removeAll(keepingCapacity: true)
            var place = Int32(first)
            while place >= 0, ancestors[Int(place)] == Self.unknown {
                ancestors[Int(place)] = Self.underway
                path.append(place)
                place = parents[Int(place)]
            }
            let isCircle = place >= 0 && ancestors[Int(place)] == Self.underway
            while let last = path.popLast() {
                let parent = parents[Int(last)]
                if isCircle {
                    ancestors[Int(last)] = Self.unreachable
                } else if parent < 0 {
                    ancestors[Int(last)] = Self.none
                } else if ancestors[Int(parent)] == Self.unreachable {
                    ancestors[Int(last)] = Self.unreachable
                } else {
                    ancestors[Int(last)] = spans[Int(parent)].isRemote ? parent : ancestors[Int(parent)]
                }
            }
        }
    }
}
