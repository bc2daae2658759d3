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
        let refuse: HTTPRefusalWriter = { error, _ in
            let status = GRPCStatus(error)
            refused(status)
            return HTTPResponse(status)
        }
        add(
            .post, method, "Cannot unpack the message", refuse, isCall: true,
            .eventLoop { request, _, responder in handler(request, GRPCResponder(responder: responder)) })
    }

    /// Answers the standard health check for each of `services` and for the whole server.
    /// Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
    public mutating func onHealthCheck(services: [String], isServing: @escaping @Sendable () -> Bool) {
        onCall("/grpc.health.v1.Health/Check") { request, responder in
            // HealthCheckRequest has the service's name as its only field.
            let message = request.body.bytes
            let name = message.count > 2 ? String(decoding: message[2...], as: UTF8.self) : ""
            guard name.isEmpty || services.contains(name) else {
                responder.fail(GRPCStatus(.notFound, "unknown service"))
                return
            }
            responder.succeed([1 << 3, isServing() ? 1 : 2])
        }
    }
}

extension HTTPResponse {
    private static let callHeaders = [
        (name: "content-type", value: "application/grpc"),
        (name: "grpc-accept-encoding", value: "identity,deflate,gzip"),
    ]

    /// The answer of a call that succeeded.
    init(callAnswer message: [UInt8]) {
        self.init(status: .ok, headers: Self.callHeaders, body: CallFraming.framed(message))
        trailers = [("grpc-status", "0")]
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
