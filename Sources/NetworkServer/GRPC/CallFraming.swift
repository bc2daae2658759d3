/// How a gRPC message stands in the body of its request: behind a byte that says whether it is packed, and four for
/// its length.
/// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
enum CallFraming {
    enum Reading {
        case plain
        case packed
        case refused(HTTPError)
    }

    static let prefixByteCount = 5

    /// Looks at the body of a call that brings one message.
    static func read(_ storage: RequestStorage, messageEncoding: Range<Int>?) -> Reading {
        let body = storage.body
        guard body.count >= prefixByteCount else {
            return .refused(HTTPError(.badRequest, "The call brings no message"))
        }
        let byteCount = body[1..<prefixByteCount].reduce(0) { $0 << 8 | Int($1) }
        guard byteCount == body.count - prefixByteCount else {
            return .refused(HTTPError(.badRequest, "The call does not bring one whole message"))
        }
        guard body[0] & 1 == 1 else { return .plain }
        // An empty message is nothing to unpack, whatever it claims.
        guard byteCount > 0 else { return .plain }
        guard let messageEncoding else {
            return .refused(HTTPError(.badRequest, "The message is packed, but grpc-encoding does not say how"))
        }
        let coding = storage.text(messageEncoding).lowercased()
        guard coding == "gzip" || coding == "deflate" else {
            return .refused(HTTPError(.notImplemented, "Messages packed with \(coding) cannot be read: use gzip"))
        }
        return .packed
    }

    /// What `grpc-timeout` says: up to eight digits and a unit. At most a year; nil if it is no time.
    static func timeout(_ text: String) -> Duration? {
        let digits = text.utf8.dropLast()
        guard (1...8).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
            let number = Int64(text.dropLast())
        else { return nil }
        let timeout: Duration? =
            switch text.last {
            case "H": .seconds(number * 3600)
            case "M": .seconds(number * 60)
            case "S": .seconds(number)
            case "m": .milliseconds(number)
            case "u": .microseconds(number)
            case "n": .nanoseconds(number)
            default: nil
            }
        return timeout.map { min($0, .seconds(365 * 86_400)) }
    }

    /// What stands before a message of `byteCount` bytes.
    static func prefix(_ byteCount: Int, isPacked: Bool) -> [UInt8] {
        precondition(byteCount <= UInt32.max, "a message's length has 32 bits")
        return [isPacked ? 1 : 0] + (0..<4).map { UInt8(truncatingIfNeeded: byteCount >> (24 - 8 * $0)) }
    }

    /// `message` behind its prefix, not packed.
    static func framed(_ message: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(prefixByteCount + message.count)
        body += prefix(message.count, isPacked: false)
        body += message
        return body
    }
}
