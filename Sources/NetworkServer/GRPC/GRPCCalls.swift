/// Answers one call of a unary method.
public struct GRPCResponder: Sendable {
    let responder: HTTPResponder

    /// Ends the call with a message. To be called once, as with `fail`, from any thread.
    public func succeed(_ message: [UInt8]) {
        responder.respond(HTTPResponse(callAnswer: message))
    }

    public func fail(_ status: GRPCStatus) {
        responder.respond(HTTPResponse(status))
    }
}

extension HTTPRouter {
    /// Routes the unary method `/package.Service/Method` to `handler`, called on the event loop with the message as the
    /// request's body, unpacked: must never block. `refused` is told of calls that the server itself ends.
    public mutating func onCall(
        _ method: String, refused: @escaping @Sendable (GRPCStatus) -> Void = { _ in },
        _ handler: @escaping @Sendable (HTTPRequest, GRPCResponder) -> Void
    ) {
        addCall(
            method, refused,
            .request(.eventLoop { request, _, responder in handler(request, GRPCResponder(responder: responder)) }))
    }

    /// Routes a unary method to `handler`, called on a worker thread: may block. What it returns is the answer's
    /// message. A thrown `GRPCStatus` ends the call, an `HTTPError` as the status that says the same; `HTTPClientGone`
    /// ends it without a word, and any other error is logged and told as INTERNAL.
    public mutating func onWorkerCall(
        _ method: String, refused: @escaping @Sendable (GRPCStatus) -> Void = { _ in },
        _ handler: @escaping @Sendable (HTTPRequest) throws -> [UInt8]
    ) {
        addCall(method, refused, .workerCall(handler))
    }

    /// Routes a method that answers one message with any number of them to `handler`, called on a worker thread: may
    /// block. The call ends when it returns; errors thrown, before or after messages, as for `onWorkerCall`.
    public mutating func onStreamingCall(
        _ method: String, refused: @escaping @Sendable (GRPCStatus) -> Void = { _ in },
        _ handler: @escaping @Sendable (HTTPRequest, inout GRPCMessageWriter) throws -> Void
    ) {
        addCall(method, refused, .streamingCall(handler))
    }

    mutating func addCall(
        _ method: String, _ refused: @escaping @Sendable (GRPCStatus) -> Void, _ handler: RouteHandler
    ) {
        let refuse: HTTPRefusalWriter = { error, _ in
            let status = GRPCStatus(error)
            refused(status)
            return HTTPResponse(status)
        }
        add(.post, method, "Cannot unpack the message", refuse, isCall: true, handler)
    }
}

extension HTTPResponse {
    private static let callHeaders = [
        (name: "content-type", value: "application/grpc"),
        (name: "grpc-accept-encoding", value: "identity,deflate,gzip"),
    ]

    static let callSuccess = [(name: "grpc-status", value: "0")]

    /// The answer of a call that succeeded.
    init(callAnswer message: [UInt8]) {
        self.init(status: .ok, headers: Self.callHeaders, body: CallFraming.framed(message))
        trailers = Self.callSuccess
    }

    /// How the answer of a call begins that writes its messages one by one.
    static func callHead(packs: Bool) -> HTTPResponse {
        HTTPResponse(status: .ok, headers: callHeaders + (packs ? [("grpc-encoding", "gzip")] : []))
    }

    /// The answer of a call that failed.
    init(_ status: GRPCStatus) {
        self.init(status: .ok, headers: Self.callHeaders)
        trailers = [
            ("grpc-status", String(status.code.rawValue)), ("grpc-message", Self.percentEncoded(status.message)),
        ]
        if status.retryDelaySeconds != nil {
            let details = unpaddedBase64(status.protobuf[...])
            trailers.append(("grpc-status-details-bin", String(decoding: details, as: UTF8.self)))
        }
    }

    /// Bytes outside of printable ASCII, and the percent sign, as `%41`.
    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if byte >= 0x20 && byte < 0x7f && byte != ASCII.percent {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return encoded
    }
}
