import Foundation

/// Takes one answer of HTTP/1.1 as it comes, and gives its body away piece by piece: of a long answer nothing is kept.
struct HTTPBodyReader {
    private enum Place {
        case head
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd(Int)
        case trailer
        case done
    }

    private var place = Place.head
    /// Of the head, or of a line that is not whole.
    private var line: [UInt8] = []
    private(set) var status = 0
    private(set) var headers: [String: String] = [:]

    init() {}

    private static let lineByteCountMax = 64 << 10

    var isDone: Bool {
        if case .done = place { true } else { false }
    }

    /// The server closes the connection after this answer.
    var closes: Bool { headers["connection"]?.lowercased() == "close" }

    /// Takes the next bytes; nothing may come after the answer.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        var rest = bytes
        while !rest.isEmpty {
            switch place {
            case .head:
                guard try fillLine(&rest, until: [13, 10, 13, 10]) else { return }
                try readHead()
            case .length(let count):
                let left = count - give(&rest, count, body)
                place = left == 0 ? .done : .length(left)
            case .chunkSize:
                guard try fillLine(&rest, until: [13, 10]) else { return }
                let digits = String(decoding: line.dropLast(2), as: UTF8.self).prefix { $0 != ";" }
                guard let size = Int(digits.trimmingCharacters(in: .whitespaces), radix: 16), size >= 0 else {
                    throw BenchError("a chunk without a size")
                }
                line.removeAll(keepingCapacity: true)
                place = size == 0 ? .trailer : .chunk(size)
            case .chunk(let count):
                let left = count - give(&rest, count, body)
                place = left == 0 ? .chunkEnd(2) : .chunk(left)
            case .chunkEnd(let count):
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
                place = count == 1 ? .chunkSize : .chunkEnd(count - 1)
            case .trailer:
                guard try fillLine(&rest, until: [13, 10]) else { return }
                if line.count == 2 { place = .done }
                line.removeAll(keepingCapacity: true)
            case .done: throw BenchError("bytes after the end of an answer")
            }
        }
    }

    /// How many bytes it gave.
    private func give(
        _ rest: inout UnsafeRawBufferPointer, _ countMax: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Int {
        let count = min(rest.count, countMax)
        body(UnsafeRawBufferPointer(rebasing: rest[..<count]))
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return count
    }

    /// Moves bytes into the line up to its end; false while that has not come.
    private mutating func fillLine(_ rest: inout UnsafeRawBufferPointer, until end: [UInt8]) throws -> Bool {
        var count = 0
        for byte in rest {
            line.append(byte)
            count += 1
            guard line.count <= Self.lineByteCountMax else { throw BenchError("an answer's head is too long") }
            if byte == 10, line.suffix(end.count).elementsEqual(end) {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                return true
            }
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return false
    }

    private mutating func readHead() throws {
        let lines = String(decoding: line.dropLast(4), as: UTF8.self).components(separatedBy: "\r\n")
        line.removeAll(keepingCapacity: true)
        let first = lines[0].split(separator: " ")
        guard first.count >= 2, first[0].hasPrefix("HTTP/1."), let status = Int(first[1]) else {
            throw BenchError("not an HTTP answer: \(lines[0])")
        }
        self.status = status
        for field in lines.dropFirst() {
            guard let colon = field.firstIndex(of: ":") else { continue }
            headers[field[..<colon].lowercased()] =
                field[field.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            place = .chunkSize
        } else if let length = headers["content-length"].flatMap({ Int($0) }), length >= 0 {
            place = length == 0 ? .done : .length(length)
        } else if status == 204 || status == 304 {
            place = .done
        } else {
            throw BenchError("an answer \(status) without a length")
        }
    }
}
