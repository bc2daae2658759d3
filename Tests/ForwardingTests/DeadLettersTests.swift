import FileSystem
import FoundationEssentials
import TestSupport
import Testing

@testable import Forwarding

@Suite struct DeadLettersTests {
    private func letter(_ id: String, reason: String = "why", source: String = "{\"a\":1}") throws -> DeadLetter {
        let line = """
            {"time":"2026-11-21T10:42:00Z","status":400,"type":"t","reason":"\(reason)",\
            "action":{"index":{"_index":"i","_id":"\(id)"}},"source":\(source)}
            """
        return try #require(DeadLetter(line: Array(line.utf8)))
    }

    private func ids(_ letters: DeadLetters) throws -> [String] {
        var ids: [String] = []
        try letters.forEach { letter in
            ids.append(letter.target?.id ?? "")
            return true
        }
        return ids
    }

    @Test func `a letter comes back from its line as it was`() throws {
        let letter = try letter("x", reason: "a \\\"b\\\", \\\"source\\\":{", source: "{\"s\":\",\\\"source\\\":\"}")
        #expect(letter.reason == "a \"b\", \"source\":{")
        #expect(String(decoding: letter.source, as: UTF8.self) == "{\"s\":\",\\\"source\\\":\"}")
        #expect(DeadLetter(line: letter.line.dropLast()) == letter)
    }

    @Test func `each document is kept once, also after opening again`() throws {
        let folder = try TemporaryFolder()
        var letters = try DeadLetters(folder: folder.path + "/l", byteCountMax: 1 << 20)
        try letters.append([letter("1"), letter("2"), letter("1")])
        letters = try DeadLetters(folder: folder.path + "/l", byteCountMax: 1 << 20)
        try letters.append([letter("2"), letter("3")])
        #expect(letters.count == 3)
        #expect(try ids(letters) == ["1", "2", "3"])
    }

    @Test func `beyond the limit nothing is kept and nothing lost`() throws {
        let folder = try TemporaryFolder()
        let letters = try DeadLetters(folder: folder.path + "/l", byteCountMax: 300)
        try letters.append([letter("1")])
        let error = #expect(throws: ForwardingError.self) { try letters.append([letter("2"), letter("3")]) }
        #expect(error?.code == .deadLettersFull)
        #expect(try ids(letters) == ["1"])
        #expect(try letters.retry { _ in [] } == (1, 0))
        try letters.append([letter("2"), letter("3")])
        #expect(try ids(letters) == ["2", "3"])
    }

    @Test func `a line that a crash cut short goes with the next`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/l"
        try DeadLetters(folder: path, byteCountMax: 1 << 20).append([letter("1")])
        let file = path + "/00000001.ndjson"
        try Data(try Data(contentsOf: URL(filePath: file)) + Data("{\"time\":\"20".utf8)).write(to: URL(filePath: file))
        let letters = try DeadLetters(folder: path, byteCountMax: 1 << 20)
        #expect(try ids(letters) == ["1"])
        try letters.append([letter("2")])
        #expect(try ids(DeadLetters(folder: path, byteCountMax: 1 << 20)) == ["1", "2"])
    }

    @Test func `what is refused again stays with its new reason, and a failure changes nothing`() throws {
        struct Failure: Error {}
        let folder = try TemporaryFolder()
        let path = folder.path + "/l"
        let letters = try DeadLetters(folder: path, byteCountMax: 1 << 20)
        try letters.append([letter("1"), letter("2"), letter("3")])
        #expect(throws: Failure.self) { _ = try letters.retry { _ in throw Failure() } }
        #expect(letters.count == 3)
        #expect(try letters.retry { _ in [try letter("2", reason: "new")] } == (2, 1))
        #expect(letters.count == 1)
        try DeadLetters(folder: path, byteCountMax: 1 << 20).forEach { letter in
            #expect(letter.reason == "new" && letter.target?.id == "2")
            return true
        }
        // Delivered once, it may be refused another time.
        try letters.append([letter("1")])
        #expect(try ids(letters) == ["2", "1"])
    }

    @Test func `lines that are no letters are passed over and kept`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/l"
        try DeadLetters(folder: path, byteCountMax: 1 << 20).append([letter("1")])
        let file = URL(filePath: path + "/00000001.ndjson")
        for junk in ["nonsense\n", "{}\n", "{\"time\":1,\"action\":x,\"source\":{}}\n"] {
            try Data(try Data(contentsOf: file) + Data(junk.utf8)).write(to: file)
        }
        let letters = try DeadLetters(folder: path, byteCountMax: 1 << 20)
        #expect(try letters.forEach { _ in true } == 3)
        #expect(try letters.retry { _ in [] } == (1, 0))
        #expect(try String(contentsOf: file, encoding: .utf8).hasPrefix("nonsense\n"))
    }
}
