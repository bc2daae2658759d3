import Bytes
import Glibc

/// A file of spans, read piece by piece.
final class SpanFileInput {
    /// One message of the file.
    struct Piece {
        /// The file and the place within it, for people.
        let place: String
        let bytes: ArraySlice<UInt8>
    }

    private let name: String
    private let descriptor: Int32
    /// Of the whole file; 0 if that is not known.
    let byteCount: Int
    /// Bytes that were read of the file so far.
    private(set) var readByteCount = 0
    private let messageByteCountMax: Int

    private var buffer: [UInt8] = []
    /// The first byte of the buffer that was not handed out yet.
    private var start = 0
    private var isAtEnd = false
    private var pieceCount = 0
    private var isPlain: Bool?

    private static let chunkByteCount = 1 << 20
    /// The tag of `resource_spans`, with which a message begins that has no length before it. As a length it would be
    /// ten bytes, which no message with a span has.
    private static let resourceSpansTag: UInt8 = 0x0a

    /// - Parameter path: `-` for standard input.
    init(_ path: String, messageByteCountMax: Int = SpanFileFormat.readByteCountMax) throws {
        name = path == "-" ? "standard input" : path
        self.messageByteCountMax = messageByteCountMax
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        let isKnown = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        byteCount = isKnown ? Int(status.st_size) : 0
        guard descriptor >= 0 else { throw unreadable() }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The form that the first bytes tell of.
    func detectFormat() throws -> SpanFileFormat {
        // A message of 123 bytes begins with the same byte as an object does, and then with a tag.
        try fill(2)
        let isObject = rest.first == UInt8(ascii: "{") && rest.dropFirst().first != Self.resourceSpansTag
        return isObject || rest.isEmpty ? .jsonl : .otlp
    }

    /// nil at the end. The bytes are to be let go before the next call.
    func next(_ format: SpanFileFormat) throws -> Piece? {
        switch format {
        case .jsonl: try nextLine()
        case .otlp: try nextMessage()
        }
    }

    // MARK: Pieces

    private func nextLine() throws -> Piece? {
        while true {
            var searched = 0
            var end: Int?
            while true {
                end = rest.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n"))
                searched = rest.count
                if end != nil || isAtEnd { break }
                guard searched <= messageByteCountMax else { throw tooLong("line \(pieceCount + 1)") }
                try fill(searched + 1)
            }
            if end == nil && rest.isEmpty { return nil }
            pieceCount += 1
            let line = buffer[start..<(end ?? buffer.count)]
            start = end.map { $0 + 1 } ?? buffer.count
            guard line.contains(where: { !JSONSlices.isBlank($0) }) else { continue }
            return Piece(place: "\(name): line \(pieceCount)", bytes: line)
        }
    }

    private func nextMessage() throws -> Piece? {
        try fill(1 + Varint.byteCountMax)
        guard let first = rest.first else { return nil }
        let isPlain = self.isPlain ?? (first == Self.resourceSpansTag)
        self.isPlain = isPlain
        pieceCount += 1
        let what = isPlain ? "resource_spans \(pieceCount)" : "message \(pieceCount)"
        var headerByteCount = 0
        if isPlain {
            guard first == Self.resourceSpansTag else {
                throw CommandFailure("\(name): \(what): this is no TracesData message")
            }
            headerByteCount = 1
        }
        guard let count = Self.varint(rest.dropFirst(headerByteCount)) else {
            throw CommandFailure("\(name): \(what): its length cannot be read")
        }
        guard count <= UInt64(messageByteCountMax) else { throw tooLong(what) }
        headerByteCount += rest.dropFirst(headerByteCount).prefix { $0 >= 0x80 }.count + 1
        try fill(headerByteCount + Int(count))
        guard rest.count >= headerByteCount + Int(count) else {
            throw CommandFailure("\(name): \(what): it ends early")
        }
        // A part of a plain message is a message too, with its tag and length.
        let message = rest.prefix(headerByteCount + Int(count))
        start += message.count
        return Piece(place: "\(name): \(what)", bytes: isPlain ? message : message.dropFirst(headerByteCount))
    }

    /// nil if the bytes end before the number does, or it is too large.
    private static func varint(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try? reader.readVarint()
        }
    }

    private func tooLong(_ what: String) -> CommandFailure {
        CommandFailure("\(name): \(what): it is longer than \(messageByteCountMax) bytes")
    }

    // MARK: Bytes

    private var rest: ArraySlice<UInt8> { buffer[start...] }

    /// Has so many bytes at hand, or all that are left.
    private func fill(_ count: Int) throws {
        if buffer.count - start >= count || isAtEnd { return }
        buffer.removeSubrange(..<start)
        start = 0
        while buffer.count < count {
            let old = buffer.count
            let wanted = Self.chunkByteCount
            buffer.append(contentsOf: repeatElement(0, count: wanted))
            let got = buffer.withUnsafeMutableBytes { raw in
                while true {
                    let got = Glibc.read(descriptor, raw.baseAddress.map { $0 + old }, wanted)
                    if got >= 0 || errno != EINTR { return got }
                }
            }
            buffer.removeLast(wanted - max(0, got))
            guard got >= 0 else { throw unreadable() }
            readByteCount += got
            if got == 0 {
                isAtEnd = true
                return
            }
        }
    }

    private func unreadable() -> CommandFailure {
        CommandFailure("\(name) cannot be read: \(String(cString: strerror(errno)))")
    }
}
