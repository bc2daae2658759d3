internal import SegmentStore
internal import TraceModel

/// Traces that were hit, the one that starts last first. One that was popped does not come again.
struct CandidateQueue {
    private let combination: SpanFilter.Combination
    /// A binary heap by start.
    private var heap: [(start: Int64, traceID: TraceID)] = []
    /// Spansets that each trace has so far; of traces in the heap and of those done all bits.
    private var masks: [TraceID: UInt64] = [:]

    /// Traces at most, those done included; with more, a query takes too much memory.
    static let countMax = 4_000_000

    init(_ combination: SpanFilter.Combination) { self.combination = combination }

    /// Traces that came so far.
    var count: Int { masks.count }

    mutating func add(_ hit: ScanHit) {
        let known = masks[hit.traceID] ?? 0
        if known == .max { return }
        let mask = known | hit.mask
        if combination.holds(mask) {
            masks[hit.traceID] = .max
            push((hit.start, hit.traceID))
        } else {
            masks[hit.traceID] = mask
        }
    }

    mutating func popLatest(notBefore bound: Int64) -> (start: Int64, traceID: TraceID)? {
        guard let first = heap.first, first.start >= bound else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return first
    }

    private mutating func push(_ element: (start: Int64, traceID: TraceID)) {
        heap.append(element)
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2].start < heap[child].start {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].start > heap[largest].start { largest = child }
            }
            if largest == parent { return }
            heap.swapAt(parent, largest)
            parent = largest
        }
    }
}
