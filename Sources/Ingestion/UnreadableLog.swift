internal import Logging
internal import Synchronization
internal import Threads

/// Puts in the log who sends what cannot be read, and why: of each protocol a line in ten seconds at most, with the
/// number of bodies since the last.
final class UnreadableLog: Sendable {
    private struct Entry {
        var loggedAt: UInt64  // nanoseconds of the monotonic clock
        var countSince = 0
    }

    private let logger: Logger
    private let entries = Mutex<[SpanProtocol: Entry]>([:])
    private static let interval: UInt64 = 10_000_000_000

    init(_ logger: Logger) { self.logger = logger }

    func note(_ spanProtocol: SpanProtocol, sender: String?, reason: String, byteCount: Int) {
        let now = SystemClock.monotonicNanoseconds()
        let count: Int? = entries.withLock { entries in
            guard var entry = entries[spanProtocol], now - entry.loggedAt < Self.interval else {
                let count = (entries[spanProtocol]?.countSince ?? 0) + 1
                entries[spanProtocol] = Entry(loggedAt: now)
                return count
            }
            entry.countSince += 1
            entries[spanProtocol] = entry
            return nil
        }
        guard let count else { return }
        logger.warning(
            "spans cannot be read",
            metadata: [
                "protocol": "\(spanProtocol.rawValue)", "sender": "\(sender ?? "unknown")", "reason": "\(reason)",
                "bytes": "\(byteCount)", "bodies": "\(count)",
            ])
    }
}
