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
        var byID: [SpanID: [Int]] = [:]
        for (index, span) in spans.enumerated() { byID[span.spanID, default: []].append(index) }
        parents = spans.indices.map { Self.parent(of: $0, spans, byID) }
        openCycles()

        var roots: [(order: Int64, items: [Int], missing: SpanID?)] = []
        var orphans: [SpanID: [Int]] = [:]
        for index in byStart(Array(spans.indices)) {
            if let parent = parents[index] {
                children[parent].append(index)
            } else if let parentID = spans[index].parentID, byID[parentID] == nil {
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

    /// The span that `index` is a child of: its other half if it is the server's half of a shared ID; else, among
    /// spans with the parent's ID, the one of the same service, or the server's half.
    private static func parent(of index: Int, _ spans: [SpanView], _ byID: [SpanID: [Int]]) -> Int? {
        let span = spans[index]
        if span.traits.isShared || span.traits.kind == .server {
            let twin = byID[span.spanID]?.first {
                $0 != index && spans[$0].traits.kind == .client && !spans[$0].traits.isShared
            }
            if let twin, span.parentID == spans[twin].parentID || span.traits.isShared { return twin }
        }
        guard let parentID = span.parentID, let candidates = byID[parentID]?.filter({ $0 != index }) else { return nil }
        func isServer(_ index: Int) -> Bool { spans[index].traits.isShared || spans[index].traits.kind == .server }
        return candidates.first { spans[$0].serviceName.elementsEqual(span.serviceName) && isServer($0) }
            ?? candidates.first { spans[$0].serviceName.elementsEqual(span.serviceName) }
            ?? candidates.first(where: isServer) ?? candidates.first
    }

    private mutating func openCycles() {
        var state = [UInt8](repeating: 0, count: spans.count)  // 0 not seen, 1 on the way, 2 leads to a root
        for first in spans.indices where state[first] == 0 {
            var way: [Int] = []
            var at: Int? = first
            while let index = at, state[index] == 0 {
                state[index] = 1
                way.append(index)
                at = parents[index]
            }
            if let meeting = at, state[meeting] == 1, let start = way.firstIndex(of: meeting) {
                let cycle = way[start...]
                if let earliest = cycle.min(by: { (order($0), $0) < (order($1), $1) }) {
                    parents[earliest] = nil
                    isCycleStart[earliest] = true
                }
            }
            for index in way { state[index] = 2 }
        }
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
