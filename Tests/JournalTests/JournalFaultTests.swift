import Dispatch
import FileSystem
import Journal
import Synchronization
import TestSupport
import Testing

@Suite struct JournalFaultTests {
    @Test func `short writes lose nothing`() async throws {
        let files = FaultInjectingFileSystem()
        files.setWriteByteCountMax(17)
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        let records = (0..<20).map { spanLikeBytes(400, number: $0) }
        for outcome in try await journal.append(all: records) { _ = try outcome.get() }
        journal.close()
        #expect(try Replayed("/j", files).payloads == records)
    }

    @Test(arguments: [JournalSyncMode.always, .interval(milliseconds: 1), .never])
    func `a full disk refuses, and takes again when there is room, without a restart`(mode: JournalSyncMode)
        async throws
    {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: mode, partByteCountMax: 900), files)
        files.setCapacity(3000)
        var generator = SeededGenerator(seed: 4)
        var kept: [[UInt8]] = []
        var refused = 0
        for _ in 0..<40 {
            let record = generator.bytes(200)
            do {
                _ = try await journal.append(record)
                kept.append(record)
            } catch let error as JournalError {
                #expect(error.code == .diskFull)
                refused += 1
            }
        }
        #expect(kept.count >= 10 && refused >= 25)
        #expect(journal.statistics.failedRecordCount == refused)
        files.clearFaults()
        for _ in 0..<10 {
            kept.append(generator.bytes(200))
            _ = try await journal.append(kept[kept.count - 1])
        }
        journal.close()
        let replayed = try Replayed("/j", files)
        let isEqual = replayed.payloads == kept
        #expect(isEqual && replayed.recovery.damages.isEmpty && replayed.recovery.cutByteCount == 0)
    }

    @Test func `removing parts makes room on a full disk`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        files.setCapacity(1000)
        var generator = SeededGenerator(seed: 6)
        while (try? await journal.append(generator.bytes(100))) != nil {}
        let full = journal.rotate()
        await #expect(throws: JournalError.self) { try await journal.append(generator.bytes(500)) }
        try journal.removeParts(through: full)
        let position = try await journal.append([1, 2, 3])
        #expect(position.partNumber == full + 1)
        journal.close()
        #expect(try Replayed("/j", files).payloads == [[1, 2, 3]])
    }

    @Test func `garbage that cannot be cut off is left behind in its part`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        _ = try await journal.append([1])
        var generator = SeededGenerator(seed: 6)
        files.setFault { operation, _ in operation == .truncate ? .inputOutput : nil }
        files.setCapacity(150)
        let error = await #expect(throws: JournalError.self) { try await journal.append(generator.bytes(300)) }
        #expect(error?.code == .diskFull)
        files.clearFaults()
        #expect(try await journal.append([2]).partNumber == 2)
        journal.close()
        let replayed = try Replayed("/j", files)
        #expect(replayed.payloads == [[1], [2]])
        #expect(replayed.recovery.damages.map(\.partNumber) == [1])
    }

    @Test func `a failed sync fails who waits for it, and the journal goes on in another part`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        _ = try await journal.append([1])
        files.setFault { operation, _ in operation == .sync ? .inputOutput : nil }
        let error = await #expect(throws: JournalError.self) { try await journal.append([2]) }
        #expect(error?.code == .failed)
        files.clearFaults()
        #expect(try await journal.append([3]).partNumber == 2)
        // The second was to make sure that what is refused is gone.
        #expect(journal.statistics.failedSyncCount == 2)
        journal.close()
        #expect(try Replayed("/j", files).payloads == [[1], [3]])
        var generator = SeededGenerator(seed: 1)
        #expect(try Replayed("/j", files.afterPowerCut(using: &generator)).payloads == [[1], [3]])
    }

    @Test func `a failed sync in the background is reported, and the journal goes on in another part`() async throws {
        let files = FaultInjectingFileSystem()
        let reported = Mutex(0)
        let observer = JournalObserver(failed: { _ in reported.withLock { $0 += 1 } })
        let journal = try Journal.open(
            "/j", JournalOptions(syncMode: .interval(milliseconds: 1)), files, observer: observer)
        files.setFault { operation, _ in operation == .sync ? .inputOutput : nil }
        #expect(try await journal.append([1]).partNumber == 1)
        #expect(eventually { reported.withLock { $0 } == 1 })
        files.clearFaults()
        #expect(try await journal.append([2]).partNumber == 2)
        #expect(journal.rotate() == 2)
        journal.close()
        #expect(try Replayed("/j", files).payloads == [[1], [2]])
    }

    @Test func `what waits behind a failed sync keeps its side of a rotation`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        let release = DispatchSemaphore(value: 0)
        files.setFault { operation, _ in
            guard operation == .sync else { return nil }
            release.wait()
            return .inputOutput
        }
        let parts = Mutex<[UInt8: UInt64]>([:])
        let append: (UInt8) throws -> Void = { value in
            journal.append(try packed([value])) { outcome in
                parts.withLock { $0[value] = (try? outcome.get().partNumber) ?? 0 }
            }
        }
        try append(1)
        #expect(eventually { files.unsyncedByteCount() > 0 })
        try append(2)
        #expect(journal.rotate() == 1)
        try append(3)
        files.setFault { _, _ in nil }
        release.signal()
        journal.close()
        // The second was promised to the part that failed; the third is after it.
        #expect(parts.withLock { $0 } == [1: 0, 2: 0, 3: 2])
        #expect(try Replayed("/j", files).records == [ReplayedRecord(part: 2, bytes: [3])])
    }

    @Test(arguments: [JournalSyncMode.always, .interval(milliseconds: 1)], 1...20)
    func `what was refused does not come back after a power cut`(mode: JournalSyncMode, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: mode), files)
        _ = try await journal.append([1])
        let refused = generator.bytes(300)
        if mode == .always {
            let isFirst = Mutex(true)
            files.setFault { operation, _ in
                operation == .sync
                    && isFirst.withLock { first in
                        defer { first = false }; return first
                    } ? .other : nil
            }
        } else {
            files.setCapacity(files.usedByteCount() + 200)
        }
        await #expect(throws: JournalError.self) { try await journal.append(refused) }
        let disk = files.afterPowerCut(using: &generator)
        files.clearFaults()
        journal.close()
        let replayed = try Replayed("/j", disk)
        #expect(replayed.payloads == [[1]])
        #expect(replayed.recovery.cutByteCount == 0 && replayed.recovery.damages.isEmpty)
    }

    @Test(arguments: 1...20)
    func `what a killed process did not sync, the next start does`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let files = FaultInjectingFileSystem()
        let slow = JournalOptions(syncMode: .interval(milliseconds: 3_600_000))
        let journal = try Journal.open("/j", slow, files)
        let records = (0..<5).map { generator.bytes(50) + [UInt8($0)] }
        for outcome in try await journal.append(all: records) { _ = try outcome.get() }
        let left = files.afterKill()
        journal.close()
        let next = try Journal.open("/j", slow, left)
        let disk = left.afterPowerCut(using: &generator)
        next.close()
        #expect(try Replayed("/j", disk).payloads == records)
    }

    @Test func `a part that was removed gives its room back at once`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<3 {
            _ = try await journal.append(generator.bytes(5000))
            let part = journal.rotate()
            _ = try await journal.append([1])
            try journal.removeParts(through: part)
            #expect(files.usedByteCount() < 500)
        }
        journal.close()
    }

    @Test func `a part that cannot be created refuses its records only until it can`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        _ = try await journal.append([1])
        #expect(journal.rotate() == 1)
        files.setFault { operation, _ in operation == .syncDirectory ? .inputOutput : nil }
        await #expect(throws: JournalError.self) { try await journal.append([2]) }
        files.setFault { operation, _ in operation == .open ? .tooManyOpenFiles : nil }
        await #expect(throws: JournalError.self) { try await journal.append([3]) }
        files.clearFaults()
        #expect(try await journal.append([4]).partNumber == 2)
        journal.close()
        #expect(try Replayed("/j", files).payloads == [[1], [4]])
    }

    @Test(arguments: 1...40)
    func `with every write synced, a power cut takes nothing acknowledged`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always, partByteCountMax: 600), files)
        let acknowledged = Mutex<Set<[UInt8]>>([])
        let stop = Int.random(in: 0...150, using: &generator)
        var all: Set<[UInt8]> = []
        for index in 0..<200 {
            let count = Int.random(in: 0...150, using: &generator)
            let record = generator.bytes(count) + [UInt8(index)]
            all.insert(record)
            journal.append(try packed(record)) { outcome in
                if case .success = outcome { _ = acknowledged.withLock { $0.insert(record) } }
            }
            if index % 7 == 0 { #expect(eventually { !acknowledged.withLock { $0 }.isEmpty }) }
            if index == stop { break }
        }
        let before = acknowledged.withLock { $0 }
        let disk = files.afterPowerCut(using: &generator)
        journal.close()
        let found = try Replayed("/j", disk).payloads
        #expect(before.subtracting(found).isEmpty, "seed \(seed)")
        #expect(Set(found).count == found.count && all.isSuperset(of: found), "seed \(seed)")
    }

    @Test(arguments: [JournalSyncMode.interval(milliseconds: 2), .never], 1...20)
    func `without, it takes only what was not synced, and invents nothing`(mode: JournalSyncMode, seed: UInt64)
        async throws
    {
        var generator = SeededGenerator(seed: seed)
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: mode, partByteCountMax: 600), files)
        let first = (0..<30).map { index in generator.bytes(80) + [UInt8(index)] }
        let second = (30..<60).map { index in generator.bytes(80) + [UInt8(index)] }
        for outcome in try await journal.append(all: first) { _ = try outcome.get() }
        if mode != .never { #expect(eventually { journal.statistics.syncCount > 0 && files.unsyncedByteCount() == 0 }) }
        for outcome in try await journal.append(all: second) { _ = try outcome.get() }
        let disk = files.afterPowerCut(using: &generator)
        journal.close()
        let found = try Replayed("/j", disk).payloads
        if mode != .never { #expect(Set(first).isSubset(of: found), "seed \(seed)") }
        #expect(Set(found).count == found.count && Set(first + second).isSuperset(of: found), "seed \(seed)")
        #expect(try Replayed("/j", files).payloads.count == 60)
    }
}
