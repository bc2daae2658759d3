internal import TraceModel

/// Which span of a trace called which.
///
/// Of two spans that share an ID (Zipkin), the server's half is the child of the client's, and what was called under
/// that ID stands below the server's half. A span whose parent is not there stands at the top, and of spans that are
/// each other's parents one does.
struct SpanForest {
    /// Places of the spans with one ID.
    struct Halves {
        var client = SpanForest.none
        var server = SpanForest.none
    }

    static let none = -1

    /// For each place the place of the parent, or `none`.
    private(set) var parents: [Int]
    /// Places of parents before those of their children.
    private(set) var order: [Int] = []
    private(set) var childCounts: [Int]
    /// A span has a parent's ID, but the parent is not there.
    private(set) var isOrphan: [Bool]
    /// Equal for spans with the same parent, there or not; `none` for roots.
    private(set) var families: [Int]
    /// Numbers of a walk through the trees, from 1: where a span begins and where it ends.
    private(set) var lefts: [Int]
    private(set) var rights: [Int]

    init(_ spans: [SpanView]) {
        let count = spans.count
        parents = Array(repeating: Self.none, count: count)
        childCounts = Array(repeating: 0, count: count)
        isOrphan = Array(repeating: false, count: count)
        families = Array(repeating: Self.none, count: count)
        lefts = Array(repeating: 0, count: count)
        rights = Array(repeating: 0, count: count)
        findParents(spans)
        cutCycles()
        findFamilies(spans)
        walk()
    }

    /// Below the other half of its own ID, if there is one.
    private static func isServerSide(_ span: SpanView) -> Bool {
        span.traits.isShared || span.traits.kind == .server || span.traits.kind == .consumer
    }

    private mutating func findParents(_ spans: [SpanView]) {
        var halves: [UInt64: Halves] = Dictionary(minimumCapacity: spans.count)
        for (place, span) in spans.enumerated() {
            if Self.isServerSide(span) {
                if halves[span.spanID.value, default: Halves()].server == Self.none {
                    halves[span.spanID.value, default: Halves()].server = place
                }
            } else if halves[span.spanID.value, default: Halves()].client == Self.none {
                halves[span.spanID.value, default: Halves()].client = place
            }
        }
        for (place, span) in spans.enumerated() {
            if Self.isServerSide(span), let own = halves[span.spanID.value], own.client != Self.none {
                parents[place] = own.client
                continue
            }
            guard let parentID = span.parentID, parentID != span.spanID else { continue }
            guard let parent = halves[parentID.value] else {
                isOrphan[place] = true
                continue
            }
            parents[place] = parent.server != Self.none ? parent.server : parent.client
        }
    }

    private mutating func cutCycles() {
        // 0 not seen, otherwise the number of the walk that saw it.
        var walks = [Int](repeating: 0, count: parents.count)
        for start in parents.indices where walks[start] == 0 {
            var place = start
            while place != Self.none, walks[place] == 0 {
                walks[place] = start + 1
                let parent = parents[place]
                if parent != Self.none, walks[parent] == start + 1 {
                    parents[place] = Self.none
                    isOrphan[place] = true
                    break
                }
                place = parent
            }
        }
    }

    private mutating func findFamilies(_ spans: [SpanView]) {
        var missing: [UInt64: Int] = [:]
        for place in parents.indices {
            if parents[place] != Self.none {
                families[place] = parents[place]
                childCounts[parents[place]] += 1
            } else if isOrphan[place], let parentID = spans[place].parentID {
                families[place] = missing[parentID.value, default: parents.count + missing.count]
                missing[parentID.value] = families[place]
            }
        }
    }

    private mutating func walk() {
        // The children of each place in turn.
        var firsts = [Int](repeating: 0, count: parents.count + 1)
        for place in parents.indices { firsts[place + 1] = firsts[place] + childCounts[place] }
        var children = [Int](repeating: 0, count: firsts[parents.count])
        var next = firsts
        for place in parents.indices where parents[place] != Self.none {
            children[next[parents[place]]] = place
            next[parents[place]] += 1
        }
        var number = 0
        var path: [Int] = []
        // Where the children not yet walked start.
        next = firsts
        for top in parents.indices where parents[top] == Self.none {
            path.append(top)
            while let place = path.last {
                if lefts[place] == 0 {
                    number += 1
                    lefts[place] = number
                    order.append(place)
                }
                if next[place] < firsts[place + 1] {
                    path.append(children[next[place]])
                    next[place] += 1
                } else {
                    number += 1
                    rights[place] = number
                    path.removeLast()
                }
            }
        }
    }
}
