import Testing

@testable import skein_bench

@Suite struct HTTPBodyReaderTests {
    /// What a reader makes of an answer that comes in pieces of so many bytes.
    private func read(_ text: String, pieces size: Int) throws -> (reader: HTTPBodyReader, body: String) {
        let bytes = Array(text.utf8)
        var (reader, body) = (HTTPBodyReader(), [UInt8]())
        try bytes.withUnsafeBytes { memory in
            for start in stride(from: 0, to: memory.count, by: size) {
                let piece = UnsafeRawBufferPointer(rebasing: memory[start..<min(start + size, memory.count)])
                try reader.take(piece) { body += $0 }
            }
        }
        return (reader, String(decoding: body, as: UTF8.self))
    }

    @Test(arguments: [1, 2, 3, 7, 1_000])
    func `an answer is read however it is cut`(size: Int) throws {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nt: u\r\n\r\n"
        let first = try read(chunked, pieces: size)
        #expect(first.body == "hello, world" && first.reader.isDone && first.reader.status == 200)
        let length = "HTTP/1.1 503 Busy\r\nretry-after: 2\r\nConnection: close\r\ncontent-length: 4\r\n\r\nwait"
        let second = try read(length, pieces: size)
        #expect(second.body == "wait" && second.reader.isDone && second.reader.closes)
        #expect(second.reader.status == 503 && second.reader.headers["retry-after"] == "2")
    }

    @Test func `an answer cut short is not done`() throws {
        let cut = try read("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", pieces: 9)
        #expect(cut.body == "hell" && !cut.reader.isDone)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
    ])
    func `what is no answer is refused`(text: String) {
        #expect(throws: BenchError.self) { try read(text, pieces: 1_000) }
    }
}
