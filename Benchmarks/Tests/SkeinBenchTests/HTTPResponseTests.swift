import Testing

@testable import skein_bench

@Suite struct HTTPResponseTests {
    private static let answers = """
        HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n\
        HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n\
        5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n\
        HTTP/1.1 503 no\r\nRetry-After: 2\r\ncontent-length: 4\r\n\r\nwait
        """

    @Test(arguments: [1, 2, 7, 1_000])
    func `answers are complete however their bytes are cut`(size: Int) throws {
        var parser = HTTPResponseParser()
        var answers: [HTTPResponse] = []
        var rest = Array(Self.answers.utf8)[...]
        while !rest.isEmpty {
            Array(rest.prefix(size)).withUnsafeBytes { parser.append($0) }
            rest = rest.dropFirst(size)
            while let answer = try parser.next() { answers.append(answer) }
        }
        #expect(answers.map(\.status) == [202, 200, 503])
        #expect(answers.map { String(decoding: $0.body, as: UTF8.self) } == ["", "hello world", "wait"])
        #expect(answers.map(\.closes) == [false, true, false])
        #expect(answers[2].headers["retry-after"] == "2")
    }

    @Test(arguments: [
        "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `what is no answer is an error`(text: String) {
        var parser = HTTPResponseParser()
        Array(text.utf8).withUnsafeBytes { parser.append($0) }
        #expect(throws: BenchError.self) { try parser.next() }
    }
}
