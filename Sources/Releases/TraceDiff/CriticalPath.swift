internal import TraceModel

/// What a request waited for: of each moment of it the one span that was its cause.
///
/// From a span's end backwards its last child that had ended by then is what it waited for, from the start of that
/// child on the last one that had ended before it, and so on; in between it worked itself. The same holds within each
/// of those children. As in Zhang et al.: "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures",
/// USENIX ATC 2022. As there, a child is cut where its parent ends, and one that ends a little after the next one
/// begins came before it: clocks are not that exact. What nobody waits for is not on the path.
struct CriticalPath {
    /// By place: nanoseconds of the path in the span itself, outside of its children on the path. The sum is the
    /// length of the path.
    private(set) var times: [Int64]
    /// By place: nanoseconds in which none of the children that it waits for was at work, on the path or not.
    private(set) var selfTimes: [Int64]
    /// The length of the span at the top, in nanoseconds.
    private(set) var length: Int64 = 0

    /// Of a child's length, the part by which it may reach into the next one: one in so many.
    private static let overlapPart: Int64 = 100

    /// - Parameter root: where the path ends; nil: there is none.
    init(_ tree: TimedTree, from root: Int32?) {
        times = Array(repeating: 0, count: tree.count)
        selfTimes = times
        for place in tree.order { selfTimes[Int(place)] = Self.selfTime(place, tree) }
        guard let root else { return }
        length = tree.ends[Int(root)].subtractingClamped(tree.starts[Int(root)])
        var waiting = [(place: root, from: tree.starts[Int(root)], to: tree.ends[Int(root)])]
        var children: [(place: Int32, from: Int64, to: Int64)] = []
        while let (place, from, to) = waiting.popLast() {
            children.removeAll(keepingCapacity: true)
            for child in tree.children(place) where !tree.isDetached[Int(child)] {
                let (start, end) = (max(from, tree.starts[Int(child)]), min(to, tree.ends[Int(child)]))
                if start < end { children.append((child, start, end)) }
            }
            // Of those that end together the one that began first held up longest.
            children.sort { a, b in (b.to, a.from, a.place) < (a.to, b.from, b.place) }
            var now = to
            for child in children where child.from < now {
                let overlap = child.to.subtractingClamped(now)
                guard overlap <= child.to.subtractingClamped(child.from) / Self.overlapPart else { continue }
                let end = min(child.to, now)
                add(now.subtractingClamped(end), to: place)
                waiting.append((child.place, child.from, end))
                now = child.from
            }
            add(now.subtractingClamped(from), to: place)
        }
    }

    private mutating func add(_ time: Int64, to place: Int32) {
        times[Int(place)] = times[Int(place)].addingClamped(time)
    }

    private static func selfTime(_ place: Int32, _ tree: TimedTree) -> Int64 {
        let (start, end) = (tree.starts[Int(place)], tree.ends[Int(place)])
        var own: Int64 = 0
        var covered = start
        // By start.
        for child in tree.children(place) where !tree.isDetached[Int(child)] {
            let begin = min(end, tree.starts[Int(child)])
            if begin > covered { own = own.addingClamped(begin.subtractingClamped(covered)) }
            covered = max(covered, min(end, tree.ends[Int(child)]))
        }
        return own.addingClamped(end.subtractingClamped(covered))
    }
}
