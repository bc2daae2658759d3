internal import Topology
internal import TraceModel

/// The spans of a trace, or of a part of it, under their parents, with times that can be reckoned with.
///
/// Spans go by their place: the number of the row among those of the trace. Who is whose parent is what
/// `TraceOutline.parentPlaces` says.
struct TimedTree {
    let gathered: GatheredSpans
    private let firstRow: Int
    private let outline: TraceOutline

    /// By place; -1: none.
    private(set) var parents: [Int32]
    /// Places, those of parents before those of their children. Of a part of a trace only that part.
    private(set) var order: [Int32] = []
    /// Places of those without a parent.
    private(set) var roots: [Int32] = []
    /// The children of each place in turn, by start.
    private var children: [Int32] = []
    private var firstChildren: [Int32] = []

    /// Nanoseconds after the earliest start; no end is before its start. A span without a start has no length, and
    /// lies where its parent begins.
    private(set) var starts: [Int64]
    private(set) var ends: [Int64]
    /// Nobody waits for it: a copy of a request, or what receives a message.
    private(set) var isDetached: [Bool]

    /// Nanoseconds since 1970 of the earliest start; nil if no span has one.
    private(set) var origin: Int64?

    /// - Parameter root: the place of the span at the top; nil: the whole trace.
    init(_ gathered: GatheredSpans, rows: Range<Int>, root: Int? = nil) {
        self.gathered = gathered
        firstRow = rows.lowerBound
        var outline = TraceOutline(TraceID(high: 0, low: 0))
        outline.reserveCapacity(rows.count)
        for row in rows { outline.append(gathered.span(row)) }
        self.outline = outline
        parents = outline.parentPlaces()
        starts = Array(repeating: 0, count: rows.count)
        ends = starts
        isDetached = Array(repeating: false, count: rows.count)
        if let root { parents[root] = -1 }
        let whole = outline.drawingOrder(parents)
        if let root {
            var isIncluded = [Bool](repeating: false, count: rows.count)
            isIncluded[root] = true
            for place in whole where parents[Int(place)] >= 0 && isIncluded[Int(parents[Int(place)])] {
                isIncluded[Int(place)] = true
            }
            order = whole.filter { isIncluded[Int($0)] }
        } else {
            order = whole
        }
        roots = order.filter { parents[Int($0)] < 0 }
        setTimes()
        setChildren()
    }

    var count: Int { parents.count }

    func row(_ place: Int32) -> Int { firstRow + Int(place) }
    func span(_ place: Int32) -> SpanView { gathered.span(row(place)) }
    func site(_ place: Int32) -> CallSite { gathered.site(row(place)) }
    func kind(_ place: Int32) -> SpanKind { outline.traits(Int(place)).kind }

    /// As its sender said; nil if it did not, 0 if it ended before it began.
    func duration(_ place: Int32) -> Int64? {
        let duration = outline.durations[Int(place)]
        return duration == SpanBatch.absentTime ? nil : max(0, duration)
    }

    func hasStart(_ place: Int32) -> Bool { outline.starts[Int(place)] != SpanBatch.absentTime }

    func children(_ place: Int32) -> ArraySlice<Int32> {
        children[Int(firstChildren[Int(place)])..<Int(firstChildren[Int(place) + 1])]
    }

    /// The first place with a span ID; of a client and a server that share it, the client's.
    static func place(of spanID: SpanID, _ gathered: GatheredSpans, rows: Range<Int>) -> Int? {
        let found = rows.filter { gathered.span($0).spanID == spanID }
        let first = found.first { !gathered.span($0).traits.isShared } ?? found.first
        return first.map { $0 - rows.lowerBound }
    }

    // MARK: Times

    /// Clocks of two machines differ: what served a request is moved, with all below it, to the middle of the time that
    /// its client waited, where it would fit in but does not lie within.
    private mutating func setTimes() {
        for place in order where hasStart(place) { origin = min(origin ?? .max, outline.starts[Int(place)]) }
        guard let origin else { return }
        var shifts = [Int64](repeating: 0, count: count)
        for place in order {
            let (own, parent) = (Int(place), Int(parents[Int(place)]))
            if parent >= 0 {
                shifts[own] = shifts[parent]
                let isConsumer = kind(place) == .consumer && kind(Int32(parent)) == .producer
                isDetached[own] = isConsumer || site(place).traits.isMirror
            }
            guard hasStart(place) else {
                starts[own] = parent >= 0 ? starts[parent] : 0
                ends[own] = starts[own]
                continue
            }
            let length = duration(place) ?? 0
            var start = outline.starts[own].subtractingClamped(origin).addingClamped(shifts[own])
            if parent >= 0, kind(Int32(parent)) == .client, kind(place) == .server, hasStart(Int32(parent)) {
                let waited = ends[parent].subtractingClamped(starts[parent])
                if length <= waited, start < starts[parent] || start.addingClamped(length) > ends[parent] {
                    let middle = starts[parent].addingClamped((waited - length) / 2)
                    shifts[own] = shifts[own].addingClamped(middle.subtractingClamped(start))
                    start = middle
                }
            }
            starts[own] = start
            ends[own] = start.addingClamped(length)
        }
    }

    private mutating func setChildren() {
        firstChildren = [Int32](repeating: 0, count: count + 1)
        for place in order where parents[Int(place)] >= 0 { firstChildren[Int(parents[Int(place)]) + 1] += 1 }
        for place in 0..<count { firstChildren[place + 1] += firstChildren[place] }
        children = [Int32](repeating: 0, count: Int(firstChildren[count]))
        var next = firstChildren
        for place in order where parents[Int(place)] >= 0 {
            let parent = Int(parents[Int(place)])
            children[Int(next[parent])] = place
            next[parent] += 1
        }
        for place in 0..<count {
            let range = Int(firstChildren[place])..<Int(firstChildren[place + 1])
            guard range.count > 1 else { continue }
            children[range].sort { (starts[Int($0)], $0) < (starts[Int($1)], $1) }
        }
    }
}
