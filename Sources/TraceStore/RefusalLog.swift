internal import Journal
internal import Logging
internal import Synchronization
internal import Threads

/// Puts in the log that the journal cannot be written, at a bounded rate however many batches are refused for it.
final class RefusalLog: Sendable {
    private let logger: Logger
    /// Nanoseconds of the monotonic clock; 0: never.
    private let last = Atomic<UInt64>(0)
    private static let interval: UInt64 = 10_000_000_000

    init(_ logger: Logger) { self.logger = logger }

    func note(_ error: JournalError) {
        guard case .diskFull = TraceStore.Refusal(error) else { return }
        let now = SystemClock.monotonicNanoseconds()
        let last = last.load(ordering: .relaxed)
        guard last == 0 || now - last >= Self.interval,
            self.last.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        else { return }
        logger.error("the journal cannot be written; spans are refused", metadata: ["reason": "\(error)"])
    }
}
