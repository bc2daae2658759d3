internal import FoundationEssentials
internal import Logging
internal import OpenSearch
internal import Threads
internal import WireFormats

extension ForwarderWork {
    /// Seconds between two attempts to keep what was refused.
    private static let keepInterval = 1.0

    /// Keeps what the cluster refused; waits as long as there is no room for it.
    /// - Returns: false if it is not kept because the forwarder is to stop.
    func keep(_ rejections: [BulkReport.Rejection]) -> Bool {
        guard !rejections.isEmpty else { return true }
        let now = Double(SystemClock.nanosecondsSince1970()) / 1e9
        let refused = rejections.map { DeadLetter($0, time: now) }
        var isWaiting = false
        while true {
            do throws(ForwardingError) {
                try letters.append(refused)
                if let first = refused.first {
                    logger.warning(
                        "the cluster refused documents",
                        metadata: ["documents": "\(refused.count)", "reason": "\(first.type): \(first.reason)"])
                }
                inbox.change { status in
                    status.rejectedCount += refused.count
                    if isWaiting { status.problem = nil }
                }
                tellLetters()
                return true
            } catch {
                if !isWaiting { logger.error("refused documents cannot be kept", metadata: ["reason": "\(error)"]) }
                isWaiting = true
                inbox.change { $0.problem = error.message }
            }
            if inbox.isToStop { return false }
            if let retry = inbox.nextRetry() { retryLetters(retry) } else { waitAside(seconds: Self.keepInterval) }
        }
    }

    func tellLetters() {
        let (count, byteCount) = (letters.count, letters.byteCount)
        inbox.change { status in
            status.deadLetterCount = count
            status.deadLetterByteCount = byteCount
        }
    }

    /// Sends the dead letters again for somebody who waits.
    func retryLetters(_ retry: ForwarderInbox.Retry) {
        let result: Result<DeadLetterOutcome, ForwardingError>
        do {
            let outcome = try letters.retry { old in
                try DeadLetterBody.refused(old, byteCountMax: options.bulkByteCountMax) { try sendAside($0) }
            }
            result = .success(
                DeadLetterOutcome(deliveredCount: outcome.deliveredCount, refusedCount: outcome.refusedCount))
        } catch {
            result = .failure(error as? ForwardingError ?? ForwardingError(.unusable, "\(error)"))
        }
        tellLetters()
        inbox.finish(retry, result)
        let reports = deferred
        deferred = []
        for next in reports { take(next) }
    }

    /// Sends a body and waits for its report, while others are put aside.
    private func sendAside(_ body: BulkBody) throws(ForwardingError) -> BulkReport {
        let number = submit(body)
        while true {
            if let next = inbox.nextReport(waiting: 1) {
                guard next.number == number else {
                    deferred.append(next)
                    continue
                }
                if next.report.isComplete { return next.report }
            }
            if inbox.isToStop { throw ForwardingError(.stopped, "skein is stopping") }
        }
    }

    private func waitAside(seconds: Double) {
        let end = SystemClock.monotonicNanoseconds() + UInt64(seconds * 1e9)
        while !inbox.isToStop, SystemClock.monotonicNanoseconds() < end {
            if let next = inbox.nextReport(waiting: 0.1) { deferred.append(next) }
        }
    }
}

/// Dead letters as bodies of bulk requests.
enum DeadLetterBody {
    /// Sends letters again.
    /// - Returns: those that are refused again, with the new reasons.
    static func refused(
        _ letters: [DeadLetter], byteCountMax: Int, _ send: (BulkBody) throws -> BulkReport
    ) throws -> [DeadLetter] {
        var refused: [DeadLetter] = []
        var body = BulkBody()
        func flush() throws {
            guard !body.isEmpty else { return }
            body.finish()
            let now = Double(SystemClock.nanosecondsSince1970()) / 1e9
            refused += try send(body).rejections.map { DeadLetter($0, time: now) }
            body = BulkBody()
        }
        for letter in letters {
            guard let target = letter.target else { continue }
            if body.byteCount + letter.source.count > byteCountMax / 2 { try flush() }
            letter.source.withUnsafeBytes { body.append(index: target.index, id: target.id, source: $0) }
        }
        try flush()
        return refused
    }
}
