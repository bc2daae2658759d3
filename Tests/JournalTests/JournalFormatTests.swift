import FileSystem
import TestSupport
import Testing

@testable import Journal

@Suite struct JournalFormatTests {
    /// The part that the specification shows.
    private func examplePart() async throws -> [UInt8] {
        let files = FaultInjectingFileSystem()
        let journal = try Journal(
            directory: "/j", options: JournalOptions(syncMode: .never), fileSystem: files, observer: JournalObserver(),
            makeSalt: { 0x1122_3344 }, now: { 1_700_000_000_000_000_000 }, replay: { _, _ in })
        _ = try await journal.append(Array("skein".utf8))
        _ = try await journal.append([UInt8](repeating: UInt8(ascii: "a"), count: 64))
        journal.close()
        return try #require(files.contents(of: "/j/00000001.journal"))
    }

    private func hexDump(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let row = bytes[start..<min(start + 16, bytes.count)]
            let text = row.map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
            let hex = row.map { hexDigits(Int($0), 2) }.joined(separator: " ")
            let gap = String(repeating: " ", count: 47 - hex.count)
            return "\(hexDigits(start, 4))  \(hex)\(gap)  \(text)\n"
        }.joined()
    }

    private func hexDigits(_ value: Int, _ count: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    @Test func `the specification's hex dump is what is written`() async throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let files = LocalFileSystem()
        let file = try files.open("/\(root)/storage/journal-format.md", .read)
        defer { files.close(file) }
        var bytes = [UInt8](repeating: 0, count: try files.byteCount(of: file))
        _ = try bytes.withUnsafeMutableBytes { try files.readAll(into: $0, from: file, at: 0) }
        let text = String(decoding: bytes, as: UTF8.self)
        let dump = hexDump(try await examplePart())
        #expect(text.contains("```hexdump\n\(dump)```\n"), "expected:\n\(dump)")
    }

    @Test func `a part header comes back as it was, and a changed one is damaged`() throws {
        let header = PartHeader(salt: 0xdead_beef, number: 1 << 40, created: .max)
        var bytes = header.encode()
        #expect(bytes.count == JournalFormat.partHeaderByteCount)
        #expect(bytes.withUnsafeBytes { PartHeader.read($0) } == .valid(header))
        for index in bytes.indices {
            bytes[index] ^= 0x10
            #expect(bytes.withUnsafeBytes { PartHeader.read($0) } == .damaged)
            bytes[index] ^= 0x10
        }
    }

    @Test func `a frame header belongs to its part and its place`() {
        let header = FrameHeader(
            salt: 5, storedByteCount: 10, unpackedByteCount: 20, flags: 1, payloadChecksum: 0x0102_0304)
        var bytes = [UInt8](repeating: 0, count: JournalFormat.frameHeaderByteCount)
        bytes.withUnsafeMutableBytes { header.encode(at: 4000, into: $0) }
        bytes.withUnsafeBytes { raw in
            #expect(FrameHeader.read(raw, at: 4000, salt: 5) == header)
            #expect(FrameHeader.read(raw, at: 4000, salt: nil) == header)
            #expect(FrameHeader.read(raw, at: 4001, salt: 5) == nil)
            #expect(FrameHeader.read(raw, at: 4000, salt: 6) == nil)
            #expect(FrameHeader.read(UnsafeRawBufferPointer(rebasing: raw[..<27]), at: 4000, salt: 5) == nil)
        }
    }
}
