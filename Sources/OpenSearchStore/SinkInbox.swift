internal import Threads
internal import TraceModel

/// Spans on their way to the index, from their arrival to their answer.
final class SinkInbox: Sendable {
    /// Spans that were handed over together.
    struct Entry: Sendable {
        let number: Int
        let batch: SpanBatch
        let byteCount: Int
    }

    private struct Waiting {
        let completion: OpenSearchSink.Completion
        let spanCount: Int
        let byteCount: Int
        /// When an answer is due at the latest.
        let due: ContinuousClock.Instant
        /// Nobody waits any more, but its documents are still under way.
        var isAnswered = false
    }

    private struct State {
        var entries: [Entry] = []
        /// When the first of the entries came.
        var since = ContinuousClock.now
        var byteCount = 0
        var waiting: [Int: Waiting] = [:]
        var lastNumber = 0
        var isStopped = false
        var statistics = OpenSearchSink.Statistics()
    }

    private let options: OpenSearchSink.Options
    private let condition = ThreadCondition()
    /// Guarded by the condition.
    private nonisolated(unsafe) var state = State()

    /// What a span makes as a document beside the bytes that it has in its batch, about.
    private static let documentByteCount = 1_000

    init(_ options: OpenSearchSink.Options) { self.options = options }

    func add(_ batch: SpanBatch, _ completion: @escaping OpenSearchSink.Completion) {
        let byteCount = batch.byteCount + batch.spanCount * Self.documentByteCount
        var refusal: String?
        condition.signal {
            guard !state.isStopped else {
                refusal = "spans are taken no more"
                return
            }
            let waitingByteCount = state.statistics.waitingByteCount
            // One that is larger than all the room there is has to be taken once there is nothing else.
            guard waitingByteCount == 0 || waitingByteCount + byteCount <= options.waitingByteCountMax else {
                refusal = "more spans arrive than OpenSearch takes"
                return
            }
            if state.entries.isEmpty { state.since = .now }
            state.lastNumber += 1
            state.entries.append(Entry(number: state.lastNumber, batch: batch, byteCount: byteCount))
            state.byteCount += byteCount
            state.statistics.waitingByteCount += byteCount
            state.statistics.waitingSpanCount += batch.spanCount
            state.waiting[state.lastNumber] = Waiting(
                completion: completion, spanCount: batch.spanCount, byteCount: byteCount,
                due: .now + options.answerTimeout)
        }
        if let refusal { completion(.overloaded(refusal)) }
    }

    var statistics: OpenSearchSink.Statistics {
        condition.wait(seconds: 0) { state.statistics } ?? OpenSearchSink.Statistics()
    }

    func stop() { condition.signal { state.isStopped = true } }

    private enum Step {
        case send([Entry])
        case end
    }

    /// What is to be sent together; waits for it, and answers meanwhile those who have waited too long. Nil once there
    /// is nothing and nothing more comes.
    func next() -> [Entry]? {
        while true {
            let step = condition.wait(seconds: waitSeconds) { () -> Step? in
                if state.entries.isEmpty { return state.isStopped ? .end : nil }
                let isFull = state.byteCount >= options.gatherByteCount
                guard isFull || state.isStopped || ContinuousClock.now - state.since >= options.gatherTime else {
                    return nil
                }
                defer {
                    state.entries = []
                    state.byteCount = 0
                }
                return .send(state.entries)
            }
            expire()
            switch step {
            case .send(let entries): return entries
            case .end: return nil
            case nil: continue
            }
        }
    }

    /// Waits, and answers meanwhile those who have waited too long.
    /// - Returns: false once nothing more comes.
    func wait(until isReady: () -> Bool) -> Bool {
        while !isReady() {
            if condition.wait(seconds: 0.02, until: { state.isStopped ? true : nil }) == true { return false }
            expire()
        }
        return true
    }

    /// Until something may have to be done.
    private var waitSeconds: Double {
        condition.wait(seconds: 0) { () -> Double? in
            guard !state.entries.isEmpty else { return 1 }
            let left = options.gatherTime - (ContinuousClock.now - state.since)
            return max(0.001, left / .seconds(1))
        } ?? 1
    }

    // MARK: Answers

    /// Refuses what has waited too long.
    private func expire() {
        var late: [OpenSearchSink.Completion] = []
        condition.signal {
            let now = ContinuousClock.now
            for (number, waiting) in state.waiting where !waiting.isAnswered && waiting.due <= now {
                state.waiting[number]?.isAnswered = true
                late.append(waiting.completion)
            }
        }
        for completion in late { completion(.overloaded("OpenSearch did not take the spans in time")) }
    }

    /// Answers for spans whose documents are no longer under way.
    func finish(_ numbers: [Int], isKept: Bool, rejectedCount: Int) {
        var completions: [OpenSearchSink.Completion] = []
        condition.signal {
            state.statistics.rejectedDocumentCount += rejectedCount
            for number in numbers {
                guard let waiting = state.waiting.removeValue(forKey: number) else { continue }
                state.statistics.waitingByteCount -= waiting.byteCount
                state.statistics.waitingSpanCount -= waiting.spanCount
                if isKept { state.statistics.keptSpanCount += waiting.spanCount }
                if !waiting.isAnswered { completions.append(waiting.completion) }
            }
        }
        for completion in completions { completion(isKept ? .kept : .overloaded("skein is stopping")) }
    }
}
