internal import TraceModel

/// The spans of a trace under their parents, whatever the senders made of it.
///
/// A parent that never came stands as a place of its own. Spans that share one ID (a client's and a server's half, or
/// duplicates) stay apart; a cycle is opened at its earliest span.
struct TraceForest {
    enum Item: Equatable {
        case span(Int)
        case missing(SpanID)
    }

    struct Row: Equatable {
        var item: Item
        /// 0 for a root.
        var depth: Int
        /// For each depth up to `depth`, the last ones at least: whether another sibling follows there.
        var hasNext: [Bool]
        /// The parent of the span leads back to it.
        var isCycle = false
    }

    private(set) var rows: [Row] = []
    private(set) var missing: [SpanID] = []

    private let spans: [SpanView]
    private let linedDepthMax: Int
    private var children: [[Int]]
    private var parents: [Int?]
    private var isCycleStart: [Bool]

    /// - Parameter linedDepthMax: deeper rows tell the lines of the last so many depths only, so that memory does not
    ///   grow with the square of the depth.
    init(_ spans: [SpanView], linedDepthMax: Int) {
        self.spans = spans
        self.linedDepthMax = linedDepthMax
        children = Array(repeating: [], count: spans.count)
        isCycleStart = Array(repeating: false, count: spans.count)
        parents = Array(repeating: nil, count: spans.count)
        findParents()
        let known = Set(spans.map(\.spanID))

        var roots: [(order: Int64, items: [Int], missing: SpanID?)] = []
        var orphans: [SpanID: [Int]] = [:]
        for index in byStart(Array(spans.indices)) {
            if let parent = parents[index] {
                children[parent].append(index)
            } else if let parentID = spans[index].parentID, !known.contains(parentID) {
                if orphans[parentID] == nil { missing.append(parentID) }
                orphans[parentID, default: []].append(index)
            } else {
                roots.append((order(index), [index], nil))
            }
        }
        for parentID in missing {
            let items = orphans[parentID] ?? []
            roots.append((items.map(order).min() ?? .max, items, parentID))
        }
        // Real roots first, then what has lost its parent.
        let ordered = roots.enumerated().sorted { a, b in
            let left = (a.element.missing == nil ? 0 : 1, a.element.order, a.offset)
            return left < (b.element.missing == nil ? 0 : 1, b.element.order, b.offset)
        }
        for (_, root) in ordered {
            if let parentID = root.missing {
                rows.append(Row(item: .missing(parentID), depth: 0, hasNext: []))
                appendRows(root.items, depth: 1)
            } else {
                appendRows(root.items, depth: 0)
            }
        }
    }

    /// As for every drawing of a trace, which goes by the places in the order of the starts.
    private mutating func findParents() {
        let places = byStart(Array(spans.indices))
        var outline = TraceOutline(TraceID(high: 0, low: 0))
        for index in places { outline.append(spans[index]) }
        var cuts: [Int] = []
        let parentPlaces = outline.parentPlaces { cuts.append($0) }
        for (place, parent) in parentPlaces.enumerated() where parent >= 0 {
            parents[places[place]] = places[Int(parent)]
        }
        for place in cuts { isCycleStart[places[place]] = true }
    }

    private func order(_ index: Int) -> Int64 { spans[index].start ?? .max }

    private func byStart(_ indices: [Int]) -> [Int] { indices.sorted { (order($0), $0) < (order($1), $1) } }

    /// Walks without recursion: a chain of spans may be as deep as the trace is large.
    private mutating func appendRows(_ items: [Int], depth: Int) {
        struct Visit {
            let index: Int
            let depth: Int
            let hasNext: [Bool]
        }
        var stack: [Visit] = []
        func push(_ items: [Int], depth: Int, below: [Bool]) {
            for (place, index) in items.enumerated().reversed() {
                var lines = below
                if depth > 0 { lines.append(place < items.count - 1) }
                if lines.count > linedDepthMax { lines.removeFirst() }
                stack.append(Visit(index: index, depth: depth, hasNext: lines))
            }
        }
        push(items, depth: depth, below: [])
        while let visit = stack.popLast() {
            rows.append(
                Row(
                    item: .span(visit.index), depth: visit.depth, hasNext: visit.hasNext,
                    isCycle: isCycleStart[visit.index]))
            push(children[visit.index], depth: visit.depth + 1, below: visit.hasNext)
        }
    }
}
