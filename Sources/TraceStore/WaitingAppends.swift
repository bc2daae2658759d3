internal import Journal
internal import Threads
internal import TraceModel

/// Batches for which there is no room at the moment: sealing makes some within a second, and a sender that is answered
/// late loses nothing, where many that are refused never send again.
final class WaitingAppends: @unchecked Sendable {
    // Unchecked: guarded by `lock`.
    private let lock = PthreadLock()
    /// Held while batches leave, so that the first stays the first.
    private let leaving = PthreadLock()
    private var entries: [Entry] = []
    private var byteCount = 0
    private var isOpen = false

    typealias Completion = @Sendable (Result<Void, TraceStore.Refusal>) -> Void

    struct Entry {
        let batches: OfferedBatches
        let record: JournalRecord
        let completion: Completion
        /// Seconds of the monotonic clock.
        let since: Double
    }

    /// From now on somebody calls `admit` and `expire`; before, no batch may wait.
    func open() { lock.withLock { isOpen = true } }

    /// Refuses what waits, and takes no more.
    func close() {
        for entry in takeAll(where: { _ in true }, isLast: true) { entry.completion(.failure(.overloaded)) }
    }

    var isEmpty: Bool { lock.withLock { entries.isEmpty } }

    /// Has a batch wait. False if it cannot: `byteCountMax` bytes wait already.
    func add(_ entry: Entry, byteCountMax: Int) -> Bool {
        lock.withLock {
            guard isOpen, byteCount + entry.batches.byteCount <= byteCountMax || entries.isEmpty else { return false }
            byteCount += entry.batches.byteCount
            entries.append(entry)
            return true
        }
    }

    /// Gives the batches to `append`, which tells whether there was room, the first to come first.
    func admit(_ append: (Entry) -> Bool) {
        leaving.withLock {
            while let entry = lock.withLock({ entries.first }), append(entry) {
                lock.withLock {
                    byteCount -= entry.batches.byteCount
                    entries.removeFirst()
                }
            }
        }
    }

    /// Refuses what has waited for longer than `seconds`.
    func expire(after seconds: Double, now: Double) {
        for entry in takeAll(where: { now - $0.since >= seconds }, isLast: false) {
            entry.completion(.failure(.overloaded))
        }
    }

    private func takeAll(where isDue: (Entry) -> Bool, isLast: Bool) -> [Entry] {
        leaving.withLock {
            lock.withLock {
                if isLast { isOpen = false }
                let due = Array(entries.prefix { isDue($0) })
                entries.removeFirst(due.count)
                byteCount -= due.reduce(0) { $0 + $1.batches.byteCount }
                return due
            }
        }
    }
}
