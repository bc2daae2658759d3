import Foundation

/// One answer of a server.
struct HTTPResponse {
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    /// The server closes the connection after this answer.
    var closes: Bool { headers["connection"]?.lowercased() == "close" }
}

/// Takes bytes as they come and gives answers as they are complete.
struct HTTPResponseParser {
    private var buffer: [UInt8] = []
    private var response: HTTPResponse?
    private var expected: Framing = .length(0)

    private enum Framing {
        case length(Int)
        case chunked
    }

    private static let headByteCountMax = 64 * 1_024

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: bytes)
    }

    /// The next complete answer; nil while bytes are missing.
    mutating func next() throws -> HTTPResponse? {
        if response == nil, try !readHead() { return nil }
        switch expected {
        case .length(let count):
            guard buffer.count >= count else { return nil }
            response?.body = Array(buffer[..<count])
            buffer.removeSubrange(..<count)
        case .chunked:
            guard let (body, end) = try dechunked() else { return nil }
            response?.body = body
            buffer.removeSubrange(..<end)
        }
        defer { response = nil }
        return response
    }

    private mutating func readHead() throws -> Bool {
        let separator: [UInt8] = [13, 10, 13, 10]
        guard let end = Self.find(separator, in: buffer, from: 0) else {
            guard buffer.count < Self.headByteCountMax else { throw BenchError("an answer's head is too long") }
            return false
        }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        buffer.removeSubrange(..<(end + 4))
        let first = lines[0].split(separator: " ")
        guard first.count >= 2, first[0].hasPrefix("HTTP/1."), let status = Int(first[1]) else {
            throw BenchError("not an HTTP answer: \(lines[0])")
        }
        var result = HTTPResponse()
        result.status = status
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            result.headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        if result.headers["transfer-encoding"]?.lowercased() == "chunked" {
            expected = .chunked
        } else if let length = result.headers["content-length"].flatMap({ Int($0) }), length >= 0 {
            expected = .length(length)
        } else if status == 204 || status == 304 {
            expected = .length(0)
        } else {
            throw BenchError("an answer \(status) without a length")
        }
        response = result
        return true
    }

    /// The body and the place after it, if all chunks are there.
    private func dechunked() throws -> (body: [UInt8], end: Int)? {
        var body: [UInt8] = []
        var position = 0
        while true {
            guard let lineEnd = Self.find([13, 10], in: buffer, from: position) else { return nil }
            let digits = String(decoding: buffer[position..<lineEnd], as: UTF8.self).split(separator: ";").first ?? ""
            guard let size = Int(digits.trimmingCharacters(in: .whitespaces), radix: 16), size >= 0 else {
                throw BenchError("a chunk without a size")
            }
            let start = lineEnd + 2
            guard buffer.count - start >= size + 2 else { return nil }
            body += buffer[start..<(start + size)]
            position = start + size + 2
            if size == 0 { return (body, position) }
        }
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= pattern.count, start <= bytes.count - pattern.count else { return nil }
        for position in start...(bytes.count - pattern.count)
        where bytes[position] == pattern[0] && bytes[position..<(position + pattern.count)].elementsEqual(pattern) {
            return position
        }
        return nil
    }
}
