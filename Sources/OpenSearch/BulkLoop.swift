internal import Logging
internal import Threads
internal import WireFormats

/// What a `BulkSender` does: the queue decides, this sends, waits and reports.
final class BulkLoop: @unchecked Sendable {
    /// Sends a body, as it is or as it was packed; the completion must not block.
    typealias Transport =
        @Sendable (
            _ body: BulkBody, _ packed: [UInt8]?,
            _ completion: @escaping @Sendable (Result<BulkOutcome, OpenSearchError>) -> Void
        ) -> Void

    private struct Core {
        var queue: BulkQueue
        var completions: [Int: BulkSender.Completion] = [:]
        /// Ended requests that the thread has not looked at yet.
        var ended: [(piece: BulkQueue.Piece, result: Result<BulkOutcome, OpenSearchError>)] = []
        /// Submissions that are done, and whose completions are being called.
        var reportingCount = 0
        var problem: BulkProblem?
        var isStopped = false
    }

    /// Guards `core`, and is signalled with each of its changes.
    private let condition = ThreadCondition()
    private var core: Core
    private let pack: @Sendable (BulkBody) -> [UInt8]?
    private let transport: Transport
    private let chance: @Sendable () -> Double
    private let logger: Logger

    init(
        options: BulkOptions, logger: Logger, chance: @escaping @Sendable () -> Double,
        pack: @escaping @Sendable (BulkBody) -> [UInt8]?, transport: @escaping Transport
    ) {
        core = Core(queue: BulkQueue(options))
        self.pack = pack
        self.transport = transport
        self.chance = chance
        self.logger = logger
    }

    func submit(_ body: BulkBody, _ completion: @escaping BulkSender.Completion) {
        var isTaken = false
        if body.documentCount > 0 {
            condition.signal {
                guard !core.isStopped else { return }
                core.completions[core.queue.submit(body)] = completion
                isTaken = true
            }
        }
        guard isTaken else {
            var report = BulkReport()
            report.isComplete = body.documentCount == 0
            return completion(report)
        }
        sendWhatCanBe()
    }

    var hasRoom: Bool { locked { $0.queue.hasRoom } }

    func waitForRoom() -> Bool {
        while true {
            let isGoing: Bool? = condition.wait(seconds: 3600) {
                if core.isStopped { return false }
                return core.queue.hasRoom ? true : nil
            }
            if let isGoing { return isGoing }
        }
    }

    func waitUntilIdle(timeout: Duration) -> Bool {
        let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
        let isIdle: Bool? = condition.wait(seconds: seconds) {
            if core.isStopped { return false }
            return core.completions.isEmpty && core.reportingCount == 0 ? true : nil
        }
        return isIdle ?? false
    }

    var state: BulkSenderState {
        locked { core in
            var state = core.queue.currentState
            state.problem = core.problem
            return state
        }
    }

    func stop() { condition.signal { core.isStopped = true } }

    // MARK: The thread

    private enum Wish {
        case stop, go, recompute
    }

    /// Sends again and reports, until it is stopped.
    func run() {
        while true {
            let due = locked { $0.queue.nextDue }
            let now = SystemClock.monotonicNanoseconds()
            let seconds = due.map { $0 > now ? Double($0 - now) / 1e9 : 0 } ?? 3600
            let wish: Wish? = condition.wait(seconds: seconds) {
                if core.isStopped { return .stop }
                if !core.ended.isEmpty || core.queue.canSend(now: SystemClock.monotonicNanoseconds()) { return .go }
                return core.queue.nextDue != due ? .recompute : nil
            }
            if wish == .stop { break }
            let reports = takeEnded()
            sendWhatCanBe()
            guard !reports.isEmpty else { continue }
            for (completion, report) in reports { completion(report) }
            condition.signal { core.reportingCount = 0 }
        }
        var left: [(BulkSender.Completion, BulkReport)] = []
        condition.signal {
            left = core.queue.stop().compactMap { number, report in core.completions[number].map { ($0, report) } }
            core.completions = [:]
        }
        for (completion, report) in left { completion(report) }
    }

    /// Has the queue learn what came of the requests that ended.
    /// - Returns: the submissions that are done with them.
    private func takeEnded() -> [(BulkSender.Completion, BulkReport)] {
        var reports: [(BulkSender.Completion, BulkReport)] = []
        condition.signal {
            let ended = core.ended
            core.ended = []
            for (piece, result) in ended {
                if !Self.isOfContent(result) { note(result) }
                let report = core.queue.finished(
                    piece, result, now: SystemClock.monotonicNanoseconds(), chance: chance())
                if let report, let completion = core.completions.removeValue(forKey: piece.submission) {
                    reports.append((completion, report))
                }
            }
            core.reportingCount = reports.count
        }
        return reports
    }

    private func sendWhatCanBe() {
        while true {
            var next: BulkQueue.Piece?
            condition.signal {
                if !core.isStopped { next = core.queue.next(now: SystemClock.monotonicNanoseconds()) }
            }
            guard var piece = next else { return }
            if piece.packed == nil { piece.packed = pack(piece.body) }
            let sent = piece
            transport(sent.body, sent.packed) { [self] result in
                condition.signal { if !core.isStopped { core.ended.append((sent, result)) } }
            }
        }
    }

    /// A verdict on what was sent: the cluster is well.
    private static func isOfContent(_ result: Result<BulkOutcome, OpenSearchError>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return error.isOfContent
    }

    /// Keeps in words what is wrong, and logs it when that begins, changes or ends. Called under the lock.
    private func note(_ result: Result<BulkOutcome, OpenSearchError>) {
        let trouble: (summary: String, detail: String)? =
            switch result {
            case .failure(let error): (error.summary, error.message)
            case .success(let outcome): outcome.trouble
            }
        guard let trouble else {
            if let problem = core.problem { logger.info("OpenSearch takes documents again; before: \(problem)") }
            core.problem = nil
            return
        }
        if core.problem?.summary == trouble.summary {
            core.problem?.detail = trouble.detail
        } else {
            core.problem = BulkProblem(
                summary: trouble.summary, detail: trouble.detail, since: SystemClock.nanosecondsSince1970())
            logger.warning("documents wait: \(trouble.detail)")
        }
    }

    private func locked<Value>(_ body: (borrowing Core) -> Value) -> Value {
        var value: Value?
        condition.signal { value = body(core) }
        guard let value else { preconditionFailure("the body was called") }
        return value
    }
}

extension BulkOutcome {
    /// What keeps documents of an answered request from the index for now; nil if nothing does.
    fileprivate var trouble: (summary: String, detail: String)? {
        for problem in problems {
            if case .again(let status, let reason) = problem.verdict {
                let summary = "OpenSearch puts documents off with \(status)"
                return (summary, reason.isEmpty ? summary : "\(summary): \(reason)")
            }
        }
        return nil
    }
}
