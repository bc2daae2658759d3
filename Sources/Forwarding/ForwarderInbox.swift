internal import OpenSearch
internal import Threads

/// What a forwarder's thread is told by others, and what it tells of itself.
final class ForwarderInbox: @unchecked Sendable {
    // Unchecked: everything below is guarded by `condition`.
    private let condition = ThreadCondition()
    private var reports: [(number: Int, report: BulkReport)] = []
    private var retries: [Retry] = []
    private var isAwake = false
    private var isStopping = false
    private var isLast = false
    private var status: ForwarderStatus

    /// Somebody waits for dead letters to be sent again.
    final class Retry: @unchecked Sendable {
        // Unchecked: guarded by the inbox' condition.
        fileprivate(set) var result: Result<DeadLetterOutcome, ForwardingError>?
    }

    init(name: String) { status = ForwarderStatus(name: name) }

    // MARK: From others

    func wake() { condition.signal { isAwake = true } }

    func stop() { condition.signal { isStopping = true } }

    /// No report comes any more.
    func end() { condition.signal { isLast = true } }

    func deliver(_ number: Int, _ report: BulkReport) { condition.signal { reports.append((number, report)) } }

    /// Waits for the thread to send the dead letters again.
    func retry(seconds: Double) throws(ForwardingError) -> DeadLetterOutcome {
        let retry = Retry()
        condition.signal { retries.append(retry) }
        let result: Result<DeadLetterOutcome, ForwardingError>? = condition.wait(seconds: seconds) {
            retry.result ?? (isStopping ? .failure(ForwardingError(.stopped, "skein is stopping")) : nil)
        }
        guard let result else {
            throw ForwardingError(.unusable, "the dead letters are not done within \(seconds) s; it goes on")
        }
        return try result.get()
    }

    var currentStatus: ForwarderStatus { locked { status } }

    // MARK: From the thread

    var isToStop: Bool { locked { isStopping } }

    func change(_ body: (inout ForwarderStatus) -> Void) { condition.signal { body(&status) } }

    /// The report that came first; waits for one as long as is said, or until the forwarder is to stop.
    /// - Parameter isAtRest: something else that is to be done ends the waiting too.
    func nextReport(waiting seconds: Double, isAtRest: Bool = false) -> (number: Int, report: BulkReport)? {
        let next: (number: Int, report: BulkReport)?? = condition.wait(seconds: seconds) {
            if !reports.isEmpty { return .some(reports.removeFirst()) }
            if isAtRest && (isAwake || !retries.isEmpty) {
                isAwake = false
                return .some(nil)
            }
            return seconds == 0 || isStopping ? .some(nil) : nil
        }
        return next ?? nil
    }

    /// The report that came first, waiting as long as any may come; for when the forwarder is to stop.
    func lastReport() -> (number: Int, report: BulkReport)? {
        let next: (number: Int, report: BulkReport)?? = condition.wait(seconds: Self.endSeconds) {
            if !reports.isEmpty { return .some(reports.removeFirst()) }
            return isLast ? .some(nil) : nil
        }
        return next ?? nil
    }

    /// More than the sender takes to stop.
    private static let endSeconds = 10.0

    func nextRetry() -> Retry? {
        var retry: Retry?
        condition.signal { if !retries.isEmpty { retry = retries.removeFirst() } }
        return retry
    }

    func finish(_ retry: Retry, _ result: Result<DeadLetterOutcome, ForwardingError>) {
        condition.signal { retry.result = result }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        var value: Value?
        condition.signal { value = body() }
        guard let value else { preconditionFailure("the body was called") }
        return value
    }
}
