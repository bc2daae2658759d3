import FoundationEssentials
import Ingestion
import TestSupport
import Testing

@testable import skein

@Suite struct SpanPostsTests {
    @Test func `lists, lines and single spans each become posts`() {
        #expect(posts(#"[{"a":1},{"b":"],["}]"#) == [.init(#"[{"a":1},{"b":"],["}]"#, 2)])
        #expect(posts("[{}]\n[{},{}]\n\n[]\n") == [.init("[{}]", 1), .init("[{},{}]", 2), .init("[]", 0)])
        #expect(posts("{\"a\":\"\\\"}\"}\n{}\n") == [.init("[{\"a\":\"\\\"}\"}]", 1), .init("[{}]", 1)])
        #expect(posts("[[{}],[{},{}]]") == [.init("[{}]", 1), .init("[{},{}]", 2)])
        #expect(posts("") == [])
        #expect(posts("hello") == nil)
    }

    @Test func `a list that is too long is sent in parts`() {
        let text = "[" + (0..<10).map { #"{"id":\#($0)}"# }.joined(separator: ", ") + "]"
        let parts = posts(text, byteCountMax: 30)
        #expect(parts?.map(\.spanCount) == [3, 3, 3, 1])
        #expect(parts?.first.map { String(decoding: $0.body, as: UTF8.self) } == #"[{"id":0},{"id":1},{"id":2}]"#)
    }

    @Test func `any bytes are cut without a trap`() {
        var generator = SeededGenerator(seed: 7)
        let letters = Array(#"[]{}",:\ 1a"#.utf8) + [0, 255, 10]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                letters.randomElement(using: &generator)!
            }
            _ = SpanPosts.posts(text[...], byteCountMax: 8)
            _ = TimeShift.shifted(text, byMicroseconds: 5)
            _ = TimeShift.latestEnd(text)
        }
    }

    @Test func `a packed file is unpacked`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.gz"
        try Data(try Gzip.packed(Array("[{}]\n[{}]\n".utf8))).write(to: URL(filePath: path))
        #expect(try SpanPosts.read(path).map(\.spanCount) == [1, 1])
        #expect(throws: CommandFailure.self) { try SpanPosts.read(folder.path + "/missing") }
        try Data([0x1f, 0x8b, 1, 2]).write(to: URL(filePath: path))
        #expect(throws: CommandFailure.self) { try SpanPosts.read(path) }
    }

    @Test func `times of spans and annotations move, and nothing else`() {
        let text = """
            [{"timestamp" : 1000,"duration":50,"tags":{"timestamp":"1000","duration":"9"},"annotations":[{"timestamp":1010,
            "value":"timestamp"},{"value":"1","timestamp":1020}],"name":"\\"timestamp\\":1"},{"duration":7,"timestamp":"2000"},
            {"timestamp":0},{"timestamp":null},{"localEndpoint":{"timestamp":5}}]
            """
        #expect(TimeShift.latestEnd(Array(text.utf8)) == 2007)
        let expected = text.replacing(" : 1000", with: " : 501000").replacing(":1010", with: ":501010")
            .replacing(":1020", with: ":501020").replacing("\"2000\"", with: "\"502000\"")
        #expect(
            String(decoding: TimeShift.shifted(Array(text.utf8), byMicroseconds: 500_000), as: UTF8.self) == expected)
        #expect(TimeShift.latestEnd([]) == nil)
    }

    @Test(arguments: SpanProtocol.postable)
    func `the format of a file is found, and its spans are counted`(format: SpanProtocol) throws {
        let samples = Repository.path + "/Tests/Fuzzing/Corpus/" + format.rawValue
        let names = try FileManager.default.contentsOfDirectory(atPath: samples)
        for name in ["every-field", "two-spans", "both-sides"] {
            guard let file = names.first(where: { $0.hasPrefix(name + ".") }) else { continue }
            let posts = try SpanPosts.read(samples + "/" + file)
            #expect(posts.map(\.format) == [format], "\(file)")
            #expect(posts.allSatisfy { $0.spanCount > 0 }, "\(file)")
        }
    }

    @Test func `a file of another format than the one named is refused`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x"
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        #expect(throws: CommandFailure.self) { try SpanPosts.read(path) }
        #expect(throws: CommandFailure.self) { try SpanPosts.read(path, format: .jaegerThrift) }
        try Data("{\"resourceSpans\":[]}\n{}".utf8).write(to: URL(filePath: path))
        let posts = try SpanPosts.read(path, format: .otlpJSON)
        #expect(posts.map(\.spanCount) == [0, 0])
    }

    @Test func `all posts move by one length, so that the last span ends now`() {
        let posts = [SpanPost(#"[{"timestamp":1000,"duration":50}]"#, 1), SpanPost(#"[{"timestamp":900}]"#, 1)]
        let moved = SendCommand.moved(posts, toMicroseconds: 5050)
        #expect(moved == [SpanPost(#"[{"timestamp":5000,"duration":50}]"#, 1), SpanPost(#"[{"timestamp":4900}]"#, 1)])
    }

    private func posts(_ text: String, byteCountMax: Int = 1 << 20) -> [SpanPost]? {
        SpanPosts.posts(Array(text.utf8)[...], byteCountMax: byteCountMax)
    }
}

extension SpanPost {
    fileprivate init(_ text: String, _ spanCount: Int) { self.init(body: Array(text.utf8), spanCount: spanCount) }
}
