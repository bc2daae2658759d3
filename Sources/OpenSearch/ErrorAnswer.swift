internal import WireFormats

/// What a cluster says went wrong.
struct ErrorAnswer {
    private(set) var type = ""
    private(set) var reason = ""

    /// Longer reasons are cut: documents may be quoted in them.
    private static let reasonByteCountMax = 500

    init() {}

    /// Of an answer's body: `{"error":{"type":...,"reason":...},...}` or `{"error":"text",...}`; else empty.
    init(body: [UInt8]) {
        body.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            do throws(DecodeError) {
                guard try scanner.take(UInt8(ascii: "{")) else { return }
                var isFirst = true
                while let key = try scanner.nextKey(isFirst: &isFirst) {
                    guard key.equals("error") else {
                        try scanner.skipValue()
                        continue
                    }
                    try read(&scanner)
                    return
                }
            } catch {
                // What is no JSON says nothing that we understand.
            }
        }
    }

    /// Of an error that stands where the scanner is.
    init(_ scanner: inout JSONScanner) throws(DecodeError) { try read(&scanner) }

    /// `type: reason`, as far as there is.
    var text: String { [type, reason].filter { !$0.isEmpty }.joined(separator: ": ") }

    private mutating func read(_ scanner: inout JSONScanner) throws(DecodeError) {
        guard try scanner.take(UInt8(ascii: "{")) else {
            guard try scanner.peek() == UInt8(ascii: "\"") else { return try scanner.skipValue() }
            reason = Self.text(try scanner.readString())
            return
        }
        var cause = ErrorAnswer()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if key.equals("type"), try scanner.peek() == UInt8(ascii: "\"") {
                type = Self.text(try scanner.readString())
            } else if key.equals("reason"), try scanner.peek() == UInt8(ascii: "\"") {
                reason = Self.text(try scanner.readString())
            } else if key.equals("caused_by"), try scanner.peek() == UInt8(ascii: "{") {
                // One level is enough: the rest of the chain is passed over.
                cause = try Self.cause(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
        if !cause.reason.isEmpty, !reason.contains(cause.reason) { reason += " (\(cause.reason))" }
    }

    private static func cause(_ scanner: inout JSONScanner) throws(DecodeError) -> ErrorAnswer {
        var cause = ErrorAnswer()
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if key.equals("reason"), try scanner.peek() == UInt8(ascii: "\"") {
                cause.reason = text(try scanner.readString())
            } else {
                try scanner.skipValue()
            }
        }
        return cause
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count > reasonByteCountMax else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes[..<reasonByteCountMax], as: UTF8.self) + "..."
    }
}
