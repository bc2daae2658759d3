import FileSystem
import Glibc
import Journal
import Synchronization
import TestSupport
import Testing

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) } }
}

struct ReplayedRecord: Equatable, Sendable {
    var part: UInt64
    var bytes: [UInt8]
}

/// Records as a journal hands them out on opening, with what it reports.
struct Replayed {
    var records: [ReplayedRecord] = []
    var recovery: JournalRecovery

    init(_ directory: String, _ fileSystem: any FileSystem = LocalFileSystem()) throws {
        var records: [ReplayedRecord] = []
        let journal = try Journal(directory: directory, fileSystem: fileSystem) { part, bytes in
            records.append(ReplayedRecord(part: part, bytes: Array(bytes)))
        }
        journal.close()
        self.records = records
        recovery = journal.recovery
    }

    var payloads: [[UInt8]] { records.map(\.bytes) }
}

func packed(_ bytes: [UInt8]) throws -> JournalRecord { try bytes.withUnsafeBytes { try JournalRecord.pack($0) } }

extension Journal {
    func append(_ bytes: [UInt8]) async throws -> JournalPosition {
        let record = try packed(bytes)
        let outcome = await withCheckedContinuation { continuation in
            append(record) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Appends all at once, and waits for the answers.
    func append(all records: [[UInt8]]) async throws -> [Result<JournalPosition, JournalError>] {
        let packedRecords = try records.map(packed)
        let outcomes = Mutex([Result<JournalPosition, JournalError>?](repeating: nil, count: records.count))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let missing = Atomic(records.count)
            let shared = Shared(missing)
            for (index, record) in packedRecords.enumerated() {
                append(record) { outcome in
                    outcomes.withLock { $0[index] = outcome }
                    if shared.decrement() == 0 { continuation.resume() }
                }
            }
        }
        return outcomes.withLock { $0.compactMap { $0 } }
    }

    static func open(
        _ directory: String, _ options: JournalOptions = JournalOptions(syncMode: .never),
        _ fileSystem: any FileSystem = LocalFileSystem(), observer: JournalObserver = JournalObserver()
    ) throws -> Journal {
        try Journal(directory: directory, options: options, fileSystem: fileSystem, observer: observer) { _, _ in }
    }
}

final class Shared: Sendable {
    private let value: Atomic<Int>
    init(_ value: consuming Atomic<Int>) { self.value = value }
    func decrement() -> Int { value.subtract(1, ordering: .acquiringAndReleasing).newValue }
}

/// Text like that of spans: long, and full of repetition.
func spanLikeBytes(_ count: Int, number: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(number))
    var bytes: [UInt8] = []
    while bytes.count < count {
        let id = String(generator.next(), radix: 16)
        bytes += Array(
            #"{"traceId":"\#(id)","name":"reviews.default.svc.cluster.local:9080/*","kind":"CLIENT","#.utf8)
        bytes += Array(
            #""tags":{"component":"proxy","http.method":"GET","http.status_code":"200","node_id":"sidecar~10.1.2.3"}},"#
                .utf8)
    }
    return Array(bytes.prefix(count))
}

/// Waits, within reason, for what another thread will do.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<20_000 {
        if condition() { return true }
        usleep(500)
    }
    return false
}
