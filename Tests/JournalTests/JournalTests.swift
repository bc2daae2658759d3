import Dispatch
import FileSystem
import Journal
import Synchronization
import TestSupport
import Testing

@Suite struct JournalTests {
    @Test func `records of odd sizes come back as they were`() async throws {
        let directory = try TemporaryFolder()
        var generator = SeededGenerator(seed: 7)
        var records: [[UInt8]] = [0, 1, 2, 13, 27, 28, 29, 255, 4096, 65_535, 65_536, 70_000, (1 << 20) + 3].flatMap {
            [generator.bytes($0), spanLikeBytes($0, number: $0)]
        }
        records.append([UInt8](repeating: 9, count: JournalRecord.byteCountMax))
        let journal = try Journal.open(directory.path)
        for outcome in try await journal.append(all: records) { _ = try outcome.get() }
        journal.close()
        let replayed = try Replayed(directory.path)
        let isEqual = replayed.payloads == records
        #expect(isEqual)
        #expect(replayed.recovery.recordCount == records.count)
        #expect(replayed.recovery.byteCount == records.reduce(0) { $0 + $1.count })
        #expect(replayed.recovery.cutByteCount == 0 && replayed.recovery.damages.isEmpty)
    }

    @Test func `a record over 64 MiB is refused`() throws {
        let bytes = [UInt8](repeating: 0, count: JournalRecord.byteCountMax + 1)
        let error = #expect(throws: JournalError.self) { try packed(bytes) }
        #expect(error?.code == .recordTooLarge)
    }

    @Test func `incompressible bytes take no more room than themselves and a header`() throws {
        var generator = SeededGenerator(seed: 3)
        #expect(try packed(generator.bytes(5000)).frameByteCount == 5028)
        #expect(try packed(spanLikeBytes(5000, number: 1)).frameByteCount < 2500)
    }

    @Test(arguments: [JournalSyncMode.always, .interval(milliseconds: 1), .never])
    func `parts, positions and statistics add up`(mode: JournalSyncMode) async throws {
        let directory = try TemporaryFolder()
        let journal = try Journal.open(
            directory.path, JournalOptions(syncMode: mode, partByteCountMax: 4000, firstPartNumber: 5))
        let records = (0..<60).map { spanLikeBytes(700, number: $0) }
        let positions = try await journal.append(all: records).map { try $0.get() }
        #expect(positions == positions.sorted())
        #expect(positions.first == JournalPosition(partNumber: 5, offset: 40))
        #expect(Set(positions.map(\.partNumber)).count > 2)
        let statistics = journal.statistics
        #expect(statistics.appendedRecordCount == 60 && statistics.unpackedByteCount == 42_000)
        #expect(statistics.queuedRecordCount == 0 && statistics.queuedByteCount == 0)
        #expect(statistics.partNumber == positions.last?.partNumber)
        journal.close()
        #expect(journal.statistics.syncCount > 0)
        let replayed = try Replayed(directory.path)
        #expect(replayed.payloads == records && replayed.records.map(\.part) == positions.map(\.partNumber))
        let names = try LocalFileSystem().names(in: directory.path).sorted()
        #expect(names.first == "00000005.journal")
        for name in names {
            let file = try LocalFileSystem().open("\(directory.path)/\(name)", .read)
            #expect(try LocalFileSystem().byteCount(of: file) <= 4000)
            LocalFileSystem().close(file)
        }
    }

    @Test func `rotation without records changes nothing`() async throws {
        let directory = try TemporaryFolder()
        let journal = try Journal.open(directory.path)
        #expect(journal.rotate() == 0 && journal.rotate() == 0)
        _ = try await journal.append([1])
        #expect(journal.rotate() == 1 && journal.rotate() == 1)
        #expect(try await journal.append([2]).partNumber == 2)
        journal.close()
    }

    @Test func `each record is on its side of every rotation, whoever appends`() async throws {
        let directory = try TemporaryFolder()
        let journal = try Journal.open(
            directory.path, JournalOptions(syncMode: .interval(milliseconds: 1), partByteCountMax: 2500))
        // The store's lock: guards the last part rotated out, what was appended since, and between which rotations
        // each record lies.
        let gate = Mutex((rotated: UInt64(0), since: [UInt64](), bounds: [UInt64: ClosedRange<UInt64>]()))
        let answered = Mutex<[UInt64: UInt64]>([:])  // record -> its part
        let failures = Mutex<[String]>([])
        let group = DispatchGroup()
        for worker in UInt64(0)..<4 {
            DispatchQueue.global().async(group: group) {
                for index in UInt64(0)..<1500 {
                    let number = worker << 32 | index
                    guard let record = try? packed(withUnsafeBytes(of: number) { Array($0) }) else { return }
                    gate.withLock { state in
                        state.since.append(number)
                        journal.append(record) { outcome in
                            guard case .success(let position) = outcome else {
                                return failures.withLock { $0.append("\(outcome)") }
                            }
                            answered.withLock { $0[number] = position.partNumber }
                        }
                    }
                }
            }
        }
        let rotate: @Sendable () -> Void = {
            gate.withLock { state in
                let before = state.rotated
                state.rotated = journal.rotate()
                for number in state.since { state.bounds[number] = before + 1...state.rotated }
                state.since = []
            }
        }
        for _ in 0..<200 { rotate() }
        await withCheckedContinuation { continuation in group.notify(queue: .global()) { continuation.resume() } }
        rotate()
        journal.close()
        #expect(failures.withLock { $0 }.isEmpty)
        let bounds = gate.withLock { $0.bounds }
        let replayed = try Replayed(directory.path)
        var found: [UInt64: UInt64] = [:]
        for record in replayed.records {
            let number = record.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
            #expect(found.updateValue(record.part, forKey: number) == nil)
        }
        #expect(found == answered.withLock { $0 } && found.count == 6000)
        #expect(found.allSatisfy { bounds[$0.key]?.contains($0.value) == true })
    }

    @Test func `records queued before a rotation stay in its part while the disk is slow`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always), files)
        let release = DispatchSemaphore(value: 0)
        files.setFault { operation, _ in
            if operation == .sync { release.wait() }
            return nil
        }
        let parts = Mutex<[UInt8: UInt64]>([:])
        for value in UInt8(1)...9 {
            journal.append(try packed([value])) { outcome in
                if case .success(let position) = outcome { parts.withLock { $0[value] = position.partNumber } }
            }
            if value % 3 == 0 { #expect(journal.rotate() == UInt64(value / 3)) }
        }
        #expect(parts.withLock { $0 }.isEmpty)
        files.clearFaults()
        for _ in 0..<9 { release.signal() }
        journal.close()
        #expect(parts.withLock { $0 } == [1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 3, 8: 3, 9: 3])
    }

    @Test func `removed parts are gone and numbers go on after a restart`() async throws {
        let directory = try TemporaryFolder()
        var journal = try Journal.open(directory.path)
        for value in UInt8(1)...3 {
            _ = try await journal.append([value])
            #expect(journal.rotate() == UInt64(value))
        }
        try journal.removeParts(through: 2)
        _ = try await journal.append([4])
        journal.close()
        #expect(try Replayed(directory.path).payloads == [[3], [4]])
        // Everything removed: the next number is still one never used.
        journal = try Journal.open(directory.path)
        _ = try await journal.append([5])
        let last = journal.rotate()
        try journal.removeParts(through: last)
        journal.close()
        journal = try Journal.open(directory.path)
        #expect(journal.recovery.recordCount == 0)
        #expect(try await journal.append([6]).partNumber > last)
        journal.close()
    }

    @Test func `a full queue refuses, and takes again once it is written`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .always, queuedByteCountMax: 300), files)
        let release = DispatchSemaphore(value: 0)
        files.setFault { operation, _ in
            if operation == .sync { release.wait() }
            return nil
        }
        var generator = SeededGenerator(seed: 5)
        let outcomes = Mutex<[Result<JournalPosition, JournalError>]>([])
        for _ in 0..<10 {
            journal.append(try packed(generator.bytes(72))) { outcome in outcomes.withLock { $0.append(outcome) } }
        }
        let refused = outcomes.withLock { $0 }
        #expect(refused.count == 7)
        for outcome in refused {
            #expect(throws: JournalError.self) { try outcome.get() }
        }
        #expect(journal.statistics.overloadedRecordCount == 7 && journal.statistics.queuedByteCount == 300)
        files.clearFaults()
        for _ in 0..<10 { release.signal() }
        #expect(eventually { journal.statistics.queuedRecordCount == 0 })
        // One record is let in however large it is.
        _ = try await journal.append(generator.bytes(5000))
        journal.close()
    }

    @Test func `closing writes what is queued and refuses what comes later`() async throws {
        let directory = try TemporaryFolder()
        let journal = try Journal.open(directory.path, JournalOptions(syncMode: .interval(milliseconds: 60_000)))
        let count = Mutex(0)
        for index in 0..<500 {
            journal.append(try packed(spanLikeBytes(300, number: index))) { outcome in
                if case .success = outcome { count.withLock { $0 += 1 } }
            }
        }
        journal.close()
        journal.close()
        #expect(count.withLock { $0 } == 500)
        let error = await #expect(throws: JournalError.self) { try await journal.append([1]) }
        #expect(error?.code == .closed)
        #expect(try Replayed(directory.path).recovery.recordCount == 500)
    }

    @Test func `no file stays open`() async throws {
        let files = FaultInjectingFileSystem()
        for mode in [JournalSyncMode.always, .interval(milliseconds: 1), .never] {
            let journal = try Journal.open("/j", JournalOptions(syncMode: mode, partByteCountMax: 300), files)
            for index in 0..<40 { _ = try await journal.append(spanLikeBytes(200, number: index)) }
            journal.close()
            #expect(files.openFileCount() == 0)
        }
    }
}
