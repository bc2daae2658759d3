internal import Bytes
internal import NIOCore

extension HTTPRouter {
    /// Answers the standard health check for each of `services` and for the whole server: asked once, or watched.
    /// `isServing` is called on event loops: must be quick, and must not block.
    /// Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
    public mutating func onHealthCheck(services: [String], isServing: @escaping @Sendable () -> Bool) {
        onCall("/grpc.health.v1.Health/Check") { request, responder in
            guard let name = HealthCheck.serviceName(request.body.bytes) else {
                responder.fail(HealthCheck.malformed)
                return
            }
            guard name.isEmpty || services.contains(name) else {
                responder.fail(GRPCStatus(.notFound, "unknown service"))
                return
            }
            responder.succeed(HealthCheck.answer(isServing() ? .serving : .notServing))
        }
        addCall(
            "/grpc.health.v1.Health/Watch", { _ in },
            .conversation { HealthWatch(services: services, isServing: isServing) })
    }
}

private enum HealthCheck {
    enum State: Int {
        case serving = 1
        case notServing
        case serviceUnknown
    }

    static let malformed = GRPCStatus(.invalidArgument, "The message is no HealthCheckRequest")

    /// The service that a request asks about, empty for the whole server; nil if it is no request.
    static func serviceName(_ message: [UInt8]) -> String? {
        message.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var name = ""
            while !reader.isAtEnd {
                guard let (number, value) = try? reader.readField() else { return nil }
                if number == 1 { name = value.text ?? name }
            }
            return name
        }
    }

    static func answer(_ state: State) -> [UInt8] {
        var response = ByteWriter()
        response.write(field: 1, number: state.rawValue)
        return response.bytes
    }
}

/// Tells one client the state of a service, and again each time that it has changed.
private final class HealthWatch: ConversationHandler, @unchecked Sendable {
    private let services: [String]
    private let isServing: @Sendable () -> Bool
    private var name: String?
    private var toldState: HealthCheck.State?
    private var nextLook: Scheduled<Void>?

    private static let interval = TimeAmount.seconds(1)

    init(services: [String], isServing: @escaping @Sendable () -> Bool) {
        self.services = services
        self.isServing = isServing
    }

    var mayRest: Bool { name != nil }

    func messageArrived(_ message: [UInt8], on conversation: CallConversation) {
        guard name == nil, let name = HealthCheck.serviceName(message) else {
            conversation.end(HealthCheck.malformed)
            return
        }
        self.name = name
        look(conversation, name)
    }

    /// Looks at the state; only as often as the client reads is it told.
    private func look(_ conversation: CallConversation, _ name: String) {
        nextLook = conversation.stream.loop.eventLoop.scheduleTask(in: Self.interval) { self.look(conversation, name) }
        guard !conversation.isAnswerUnderWay else { return }
        let isKnown = name.isEmpty || services.contains(name)
        let state: HealthCheck.State = isKnown ? (isServing() ? .serving : .notServing) : .serviceUnknown
        guard state != toldState else { return }
        toldState = state
        conversation.send(HealthCheck.answer(state))
    }

    func inputEnded(on conversation: CallConversation) {
        if name == nil { conversation.end(HealthCheck.malformed) }
    }

    func ended() {
        nextLook?.cancel()
        nextLook = nil
    }
}
