import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Journal

@Suite struct JournalReplayTests {
    private static let path = "/j/00000001.journal"
    private static let records: [[UInt8]] = [
        Array("first".utf8), [], spanLikeBytes(300, number: 2), [7], SeededGenerator.randomBytes(90),
    ]

    /// A part with the records above, and where each of their frames starts, the file's end included.
    private func smallPart() async throws -> (bytes: [UInt8], starts: [Int]) {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .never), files)
        var starts = try await journal.append(all: Self.records).map { try $0.get().offset }
        journal.close()
        let bytes = try #require(files.contents(of: Self.path))
        starts.append(bytes.count)
        return (bytes, starts)
    }

    @Test func `a tail torn at any byte is cut, and what was before it is read`() async throws {
        let (bytes, starts) = try await smallPart()
        for count in 0...bytes.count {
            let files = FaultInjectingFileSystem()
            files.setContents(of: Self.path, Array(bytes.prefix(count)))
            let replayed = try Replayed("/j", files)
            let whole = starts.dropFirst().count { $0 <= count }
            #expect(replayed.payloads == Array(Self.records.prefix(whole)))
            let kept = count < 40 ? 0 : starts[whole]
            #expect(replayed.recovery.cutByteCount == count - kept && replayed.recovery.damages.isEmpty)
            #expect(replayed.recovery.removedPartCount == (whole == 0 ? 1 : 0))
            if whole > 0 { #expect(files.contents(of: Self.path)?.count == kept) }
            let again = try Replayed("/j", files)
            #expect(again.payloads == replayed.payloads && again.recovery.cutByteCount == 0)
        }
    }

    @Test func `any flipped byte is reported and costs no other record`() async throws {
        let (bytes, starts) = try await smallPart()
        for offset in bytes.indices {
            for mask in [UInt8(0x01), 0xff] {
                var damaged = bytes
                damaged[offset] ^= mask
                let files = FaultInjectingFileSystem()
                files.setContents(of: Self.path, damaged)
                let replayed = try Replayed("/j", files)
                var expected = Self.records
                let hit = starts.lastIndex { $0 <= offset }
                if let hit { expected.remove(at: hit) }
                #expect(replayed.payloads == expected, "byte \(offset)")
                if hit == Self.records.count - 1 {
                    #expect(replayed.recovery.cutByteCount == bytes.count - starts[Self.records.count - 1])
                } else {
                    let range = hit.map { starts[$0]..<starts[$0 + 1] } ?? 0..<40
                    let damage = JournalDamage(partNumber: 1, offset: range.lowerBound, byteCount: range.count)
                    #expect(replayed.recovery.damages == [damage], "byte \(offset)")
                }
            }
        }
    }

    @Test func `a damaged end of a part that is not the last stays as it is and is reported`() async throws {
        let (bytes, starts) = try await smallPart()
        let files = FaultInjectingFileSystem()
        files.setContents(of: Self.path, Array(bytes.dropLast(3)))
        _ = try await Journal.append(one: [1, 2, 3], "/j", files)
        let replayed = try Replayed("/j", files)
        #expect(replayed.records.last == ReplayedRecord(part: 2, bytes: [1, 2, 3]))
        // It was the last part when it was opened above, so it is torn once more.
        files.setContents(of: Self.path, Array(bytes.dropLast(3)))
        let again = try Replayed("/j", files)
        let last = starts[Self.records.count - 1]
        let damage = JournalDamage(partNumber: 1, offset: last, byteCount: bytes.count - 3 - last)
        #expect(again.recovery.damages == [damage] && again.recovery.cutByteCount == 0)
        #expect(again.payloads == Array(Self.records.dropLast()) + [[1, 2, 3]])
        #expect(files.contents(of: Self.path)?.count == bytes.count - 3)
    }

    @Test func `a newer version or an unknown feature is refused and nothing is touched`() async throws {
        let (bytes, _) = try await smallPart()
        for change in [8, 12] {
            var newer = bytes
            newer[change] = 2
            let checksum = CRC32C.checksum(Array(newer[..<36]))
            for index in 0..<4 { newer[36 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) }
            let files = FaultInjectingFileSystem()
            // The torn part before it must not be cut either.
            files.setContents(of: "/j/00000001.journal", Array(bytes.dropLast(1)))
            files.setContents(of: "/j/00000002.journal", newer)
            let error = #expect(throws: JournalError.self) { try Replayed("/j", files) }
            #expect(error?.code == .unsupportedFormat)
            #expect(files.contents(of: "/j/00000001.journal") == Array(bytes.dropLast(1)))
            #expect(files.contents(of: "/j/00000002.journal") == newer)
            #expect(try files.names(in: "/j").count == 2 && files.openFileCount() == 0)
        }
    }

    @Test func `frames of another part behind a torn tail are never taken for records`() async throws {
        let (old, starts) = try await smallPart()
        let (new, _) = try await smallPart()
        // A new file over an old one's blocks: two good frames, then what was there before, at the same places.
        let files = FaultInjectingFileSystem()
        files.setContents(of: Self.path, Array(new[..<starts[2]]) + Array(old[starts[2]...]))
        let replayed = try Replayed("/j", files)
        #expect(replayed.payloads == Array(Self.records.prefix(2)))
        #expect(replayed.recovery.cutByteCount == old.count - starts[2])
    }

    @Test func `a part inside a record is a record, even behind damage`() async throws {
        let (inner, _) = try await smallPart()
        let files = FaultInjectingFileSystem()
        var generator = SeededGenerator(seed: 1)
        // Not packable, so that the frames lie in the file as they are.
        let journal = try Journal.open("/j", JournalOptions(syncMode: .never), files)
        let outer = generator.bytes(500) + inner + generator.bytes(500)
        let positions = try await journal.append(all: [outer, [1]]).map { try $0.get() }
        journal.close()
        var bytes = try #require(files.contents(of: Self.path))
        bytes[positions[0].offset + 9] ^= 1
        files.setContents(of: Self.path, bytes)
        #expect(try Replayed("/j", files).payloads == [[1]])
    }

    @Test func `markers in endless number do not make the search slow`() async throws {
        let files = FaultInjectingFileSystem()
        let (bytes, _) = try await smallPart()
        let markers = (0..<600_000).flatMap { _ in JournalFormat.frameMarker }
        files.setContents(of: Self.path, bytes + markers)
        let replayed = try Replayed("/j", files)
        #expect(replayed.payloads == Self.records && replayed.recovery.cutByteCount == markers.count)
    }

    @Test func `a frame behind megabytes of damage is found`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .never), files)
        var generator = SeededGenerator(seed: 2)
        let big = generator.bytes((1 << 20) * 2 + 77)
        let records = [[1], big, [3], big, [5]]
        let positions = try await journal.append(all: records).map { try $0.get() }
        journal.close()
        var bytes = try #require(files.contents(of: Self.path))
        bytes[positions[1].offset] ^= 0xff  // header: what follows is searched
        bytes[positions[3].offset + 1000] ^= 0xff  // payload: its length is still known
        files.setContents(of: Self.path, bytes)
        let replayed = try Replayed("/j", files)
        #expect(replayed.payloads == [[1], [3], [5]])
        #expect(replayed.recovery.damages.map(\.byteCount) == [big.count + 28, big.count + 28])
    }

    @Test func `random bytes never trap and yield no record`() throws {
        var generator = SeededGenerator(seed: 11)
        for count in [1, 39, 40, 41, 67, 68, 69, 500, 5000] {
            let files = FaultInjectingFileSystem()
            files.setContents(of: Self.path, generator.bytes(count))
            files.setContents(of: "/j/00000002.journal", generator.bytes(count))
            let replayed = try Replayed("/j", files)
            #expect(replayed.records.isEmpty && replayed.recovery.cutByteCount == count)
            #expect(replayed.recovery.damages == [JournalDamage(partNumber: 1, offset: 0, byteCount: count)])
        }
    }

    @Test func `files that are no parts are left alone`() async throws {
        let files = FaultInjectingFileSystem()
        let names = ["notes.txt", "1.journal", "x.journal", "00000000.journal", "18446744073709551615.journal"]
        for name in names { files.setContents(of: "/j/\(name)", [1]) }
        #expect(try Replayed("/j", files).recovery.partCount == 0)
        for name in names { #expect(files.contents(of: "/j/\(name)") == [1]) }
    }

    @Test func `what the call-back throws comes out, and the parts stay`() async throws {
        struct Refusal: Error {}
        let files = FaultInjectingFileSystem()
        _ = try await Journal.append(one: [1], "/j", files)
        #expect(throws: Refusal.self) {
            try Journal(directory: "/j", fileSystem: files) { _, _ in throw Refusal() }
        }
        #expect(try Replayed("/j", files).payloads == [[1]])
    }

    @Test func `pages that the device cannot read cost their records only, and nothing is cut`() async throws {
        let files = FaultInjectingFileSystem()
        let journal = try Journal.open("/j", JournalOptions(syncMode: .never), files)
        var generator = SeededGenerator(seed: 8)
        let records = (0..<10).map { _ in generator.bytes(3000) }
        _ = try await journal.append(all: records)
        journal.close()
        let before = files.contents(of: Self.path)
        files.setUnreadable(Self.path, 12_288..<16_384)
        files.setUnreadable(Self.path, 24_576..<28_672)
        let replayed = try Replayed("/j", files)
        #expect(replayed.recovery.cutByteCount == 0 && replayed.recovery.damages.count == 2)
        let isExpected = replayed.payloads == Array(records[..<4]) + Array(records[6..<8])
        #expect(isExpected)
        #expect(files.contents(of: Self.path) == before)
    }
}

extension SeededGenerator {
    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 99)
        return generator.bytes(count)
    }
}

extension Journal {
    static func append(one record: [UInt8], _ directory: String, _ files: any FileSystem) async throws
        -> JournalPosition
    {
        let journal = try open(directory, JournalOptions(syncMode: .never), files)
        defer { journal.close() }
        return try await journal.append(record)
    }
}
