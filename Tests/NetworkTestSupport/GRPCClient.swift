/// How a gRPC call ended.
public struct CallOutcome {
    public let answer: HTTP2Client.Answer

    public init(answer: HTTP2Client.Answer) { self.answer = answer }

    /// `grpc-status`; nil where the answer has none.
    public var code: Int? { answer.trailer("grpc-status").flatMap { Int($0) } }
    /// `grpc-message`, as sent.
    public var rawMessage: String? { answer.trailer("grpc-message") }
    /// Nothing but trailers came.
    public var isTrailersOnly: Bool { answer.headerFrameCount == 1 && answer.trailers == nil && answer.body.isEmpty }

    /// The only message of the answer, out of its frame; nil where the body is not one plain message.
    public var message: [UInt8]? {
        let body = answer.body
        guard body.count >= 5, body[0] == 0, body[1..<5].reduce(0, { $0 << 8 | Int($1) }) == body.count - 5 else {
            return nil
        }
        return Array(body[5...])
    }

    /// The messages that have come whole, unpacked where they were packed; nil where the body holds something else.
    public var messages: [[UInt8]]? {
        var rest = answer.body[...]
        var messages: [[UInt8]] = []
        while rest.count >= 5 {
            let isPacked = rest[rest.startIndex]
            let byteCount = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 5 + byteCount else { break }
            let message = Array(rest.dropFirst(5).prefix(byteCount))
            rest = rest.dropFirst(5 + byteCount)
            guard isPacked < 2, let plain = isPacked == 1 ? try? gunzip(message) : message else { return nil }
            messages.append(plain)
        }
        return messages
    }

    /// `grpc-status-details-bin`, taken out of base64.
    public var details: [UInt8]? {
        guard let text = answer.trailer("grpc-status-details-bin") else { return nil }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var bits = 0
        var bitCount = 0
        for digit in text.utf8 where digit != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = (bits << 6 | value) & 0xffff
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        return bytes
    }
}

extension HTTP2Client {
    public static let callFields = [("content-type", "application/grpc"), ("te", "trailers")]

    /// A message in its frame, as a call's body brings it.
    public static func framed(_ message: [UInt8], isPacked: Bool = false) -> [UInt8] {
        [isPacked ? 1 : 0] + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) } + message
    }

    /// Begins a call with one message, and does not wait for anything.
    /// - Returns: the number of its stream.
    public func beginCall(
        _ method: String, _ message: [UInt8], _ fields: [(String, String)] = [], ends: Bool = true
    ) throws -> Int {
        let stream = try sendHead("POST", method, Self.callFields + fields)
        try sendBody(Self.framed(message), on: stream, ends: ends)
        return stream
    }

    /// Reads until `count` messages of a call have come, or it has ended.
    public func messages(_ count: Int, on stream: Int) throws -> [[UInt8]] {
        while true {
            guard let answer = answers[stream] else { throw RawClient.Failure(message: "no stream \(stream)") }
            let messages = CallOutcome(answer: answer).messages ?? []
            if messages.count >= count || answer.isEnded { return messages }
            guard try readFrame() != nil else { throw RawClient.Failure(message: "ended before its messages") }
        }
    }

    /// How a call ended.
    public func outcome(on stream: Int) throws -> CallOutcome {
        CallOutcome(answer: try answer(on: stream))
    }

    /// Calls a method with one message.
    public func call(_ method: String, _ message: [UInt8], _ fields: [(String, String)] = []) throws -> CallOutcome {
        try call(method, body: Self.framed(message), fields)
    }

    /// Calls a method with a body that may be anything; nil: the call ends with its head.
    public func call(_ method: String, body: [UInt8]?, _ fields: [(String, String)] = []) throws -> CallOutcome {
        CallOutcome(answer: try exchange("POST", method, Self.callFields + fields, body))
    }
}
