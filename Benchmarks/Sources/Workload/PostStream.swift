/// One post as it goes over the wire.
public struct Post: Sendable {
    /// The proxy's worker or the process that sends it.
    public let sender: Int
    public let spanCount: Int
}

/// The posts of a workload, made on demand: each sender batches its own spans in the order in which they end.
///
/// Not thread-safe. Two streams of the same traces give the same posts. What it holds does not grow with the number of
/// traces.
public final class PostStream {
    private let workload: Workload
    private let spansPerPost: Int
    private let workerCount: Int
    private let separator: UInt8?
    private let assembler: PostAssembler
    private var buffers: [PostBuffer]
    private var calendar = SpanCalendar()
    private var plan: [SpanRecord] = []
    /// Traces up to this one have begun to be given.
    public private(set) var nextTrace: Int
    private var traceEnd: Int
    private var tally = WorkloadTally()
    /// Senders with a full buffer or one that waited for long.
    private var ready: [Int] = []
    private var readyPosition = 0
    private var nextAgeCheck: Int64 = .min

    /// Spans wait no longer than this for their post to fill, in microseconds of simulated time; Envoy's default.
    private static let ageMax: Int64 = 5_000_000

    init(_ workload: Workload, traces: Range<Int>) {
        self.workload = workload
        nextTrace = traces.lowerBound
        traceEnd = traces.upperBound
        spansPerPost = workload.configuration.spansPerPost
        workerCount = workload.model.workerCount
        separator = workload.configuration.format.separator
        assembler = PostAssembler(workload.model, workload.configuration.format)
        buffers = (0..<workload.model.senderCount).map { _ in PostBuffer(capacity: 32_768) }
        plan.reserveCapacity(64)
    }

    /// What the traces hold of which spans have been given so far.
    public var summary: WorkloadSummary { tally.summary(workload) }

    /// Puts the next post's body in `body`, replacing what is there; nil when all spans have been given.
    public func next(into body: inout [UInt8]) -> Post? {
        while true {
            while readyPosition < ready.count {
                let sender = ready[readyPosition]
                readyPosition += 1
                if buffers[sender].spanCount > 0 { return take(sender, into: &body) }
            }
            ready.removeAll(keepingCapacity: true)
            readyPosition = 0
            if !advance() {
                ready = buffers.indices.filter { buffers[$0].spanCount > 0 }
                if ready.isEmpty { return nil }
            }
        }
    }

    /// Begins no more traces: what follows are the rest of the spans of those that have begun.
    public func finish() {
        traceEnd = nextTrace
        calendar.advance(to: .max)
    }

    /// Reports spans until a post is ready; false when there are no more spans.
    private func advance() -> Bool {
        while ready.isEmpty {
            if let span = calendar.next() {
                report(span)
            } else if nextTrace < traceEnd {
                plan.removeAll(keepingCapacity: true)
                calendar.begin(at: workload.start(ofTrace: nextTrace))
                workload.plan(trace: nextTrace, into: &plan)
                tally.add(plan)
                nextTrace += 1
                // Children first, for a span is reported when it ends and both may end in the same slot of time.
                for span in plan.reversed() { calendar.add(span) }
                let now = nextTrace < traceEnd ? workload.start(ofTrace: nextTrace) : .max
                calendar.advance(to: now)
                if now != .max { flushAged(at: now) }
            } else {
                return false
            }
        }
        return true
    }

    private func report(_ span: SpanRecord) {
        let sender = Int(span.pod) &* workerCount &+ Int(span.worker)
        let buffer = buffers[sender]
        buffer.reserve(Workload.spanByteCountMax)
        var cursor = ByteCursor(buffer.base + buffer.byteCount)
        if buffer.spanCount == 0 { buffer.oldest = span.end }
        if buffer.spanCount > 0, let separator { cursor.byte(separator) }
        if let scope = assembler.scope(ofType: span.type) {
            buffer.places.append((cursor.position - buffer.base, scope))
        }
        workload.model.write(span, to: &cursor)
        buffer.byteCount = cursor.position - buffer.base
        buffer.spanCount += 1
        if buffer.spanCount == spansPerPost { ready.append(sender) }
    }

    private func flushAged(at now: Int64) {
        guard now >= nextAgeCheck else { return }
        nextAgeCheck = now + Self.ageMax / 50
        for (sender, buffer) in buffers.enumerated()
        where buffer.spanCount > 0 && buffer.oldest < now - Self.ageMax {
            ready.append(sender)
        }
    }

    private func take(_ sender: Int, into body: inout [UInt8]) -> Post {
        let buffer = buffers[sender]
        let post = Post(sender: sender, spanCount: buffer.spanCount)
        body.removeAll(keepingCapacity: true)
        assembler.assemble(buffer, pod: sender / workerCount, into: &body)
        buffer.byteCount = 0
        buffer.places.removeAll(keepingCapacity: true)
        buffer.spanCount = 0
        return post
    }
}

/// Spans waiting for their end, in slots of one millisecond; within a slot, first in, first out.
private struct SpanCalendar {
    private struct Node {
        var span: SpanRecord
        var next: Int32
    }

    private static let slotCount = 1 << 15
    private var heads = [Int32](repeating: -1, count: slotCount)
    private var tails = [Int32](repeating: -1, count: slotCount)
    private var nodes: [Node] = []
    private var free: Int32 = -1
    private var waiting = 0
    /// The slot that `next` empties, and the one before which everything may be given.
    private var current: Int64 = 0
    private var limit: Int64 = 0

    /// Says that no span to come ends before `time`, in microseconds.
    mutating func begin(at time: Int64) {
        if waiting == 0 { current = max(current, time / 1_000) }
    }

    mutating func add(_ span: SpanRecord) {
        let time = span.end / 1_000
        precondition(time >= current && time - current < Int64(Self.slotCount), "a span ends within the calendar")
        let slot = Int(truncatingIfNeeded: time) & (Self.slotCount - 1)
        let node: Int32
        if free >= 0 {
            node = free
            free = nodes[Int(node)].next
            nodes[Int(node)] = Node(span: span, next: -1)
        } else {
            node = Int32(nodes.count)
            nodes.append(Node(span: span, next: -1))
        }
        if heads[slot] < 0 { heads[slot] = node } else { nodes[Int(tails[slot])].next = node }
        tails[slot] = node
        waiting += 1
    }

    /// Lets `next` give every span that ended before `time`.
    mutating func advance(to time: Int64) {
        limit = time / 1_000
    }

    mutating func next() -> SpanRecord? {
        while current < limit && waiting > 0 {
            let slot = Int(truncatingIfNeeded: current) & (Self.slotCount - 1)
            let node = heads[slot]
            if node < 0 {
                current += 1
                continue
            }
            heads[slot] = nodes[Int(node)].next
            nodes[Int(node)].next = free
            free = node
            waiting -= 1
            return nodes[Int(node)].span
        }
        return nil
    }
}
