internal import Bytes

extension HTTPRouter {
    /// Tells clients, such as grpcurl, which services there are and how their messages look: `services` by their full
    /// names, the health check that `onHealthCheck` answers, and reflection itself.
    ///
    /// `descriptorSet` is a serialized `google.protobuf.FileDescriptorSet` in which every file stands that another one
    /// imports. Answers versions `v1` and `v1alpha` of the protocol.
    /// Source: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
    public mutating func onReflection(descriptorSet: [UInt8], services: [String]) {
        var index = DescriptorIndex()
        do {
            try index.add(descriptorSet: descriptorSet)
        } catch {
            preconditionFailure("the descriptor set can be read: \(error)")
        }
        var services = Set(services)
        for description in [.health, .reflection("v1"), .reflection("v1alpha")] as [FileDescription] {
            index.add(description)
            services.insert("\(description.package).\(description.service.name)")
        }
        let reflection = Reflection(index: index, services: services.sorted())
        for version in ["v1", "v1alpha"] {
            addCall(
                "/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo", { _ in },
                .conversation { ReflectionConversation(reflection) })
        }
    }
}

/// Answers the requests of reflection.
struct Reflection: Sendable {
    let index: DescriptorIndex
    let services: [String]

    private enum Question {
        case fileNamed(String)
        case fileWithSymbol(String)
        case fileWithExtension(Int, of: String)
        case extensionNumbers(String)
        case services
        case unknown
    }

    /// The `ServerReflectionResponse` to a `ServerReflectionRequest`.
    func answer(_ request: [UInt8]) throws(GRPCStatus) -> [UInt8] {
        var host = ""
        var question = Question.unknown
        let outcome = request.withUnsafeBytes { bytes in
            Result { () throws(ByteReaderError) in try Self.read(bytes, &host, &question) }
        }
        guard case .success = outcome else {
            throw GRPCStatus(.invalidArgument, "The message is no ServerReflectionRequest")
        }
        var response = ByteWriter()
        response.write(field: 1, host)
        response.write(field: 2, request)
        switch question {
        case .fileNamed(let name): Self.write(index.files(named: name), name, to: &response)
        case .fileWithSymbol(let symbol): Self.write(index.files(withSymbol: symbol), symbol, to: &response)
        case .fileWithExtension(let number, let message):
            Self.write(index.files(withExtension: number, of: message), "\(message) \(number)", to: &response)
        case .extensionNumbers(let message): write(extensionNumbersOf: message, to: &response)
        case .services:
            var list = ByteWriter()
            for service in services {
                var name = ByteWriter()
                name.write(field: 1, service)
                list.write(field: 1, name.bytes)
            }
            response.write(field: 6, list.bytes)
        // A kind of question that a later version of the protocol may have.
        case .unknown: Self.write(error: .unimplemented, "The request asks nothing that is known here", to: &response)
        }
        return response.bytes
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ host: inout String, _ question: inout Question
    ) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let (number, value) = try reader.readField()
            switch (number, value.text) {
            case (1, let text?): host = text
            case (3, let text?): question = .fileNamed(text)
            case (4, let text?): question = .fileWithSymbol(text)
            case (5, _):
                guard case .bytes(let bytes) = value else { break }
                var message = ""
                var extensionNumber = 0
                var reader = ByteReader(bytes)
                while !reader.isAtEnd {
                    let (number, value) = try reader.readField()
                    if number == 1 { message = value.text ?? message }
                    if number == 2 { extensionNumber = value.signed ?? extensionNumber }
                }
                question = .fileWithExtension(extensionNumber, of: message)
            case (6, let text?): question = .extensionNumbers(text)
            case (7, _?): question = .services
            default: break
            }
        }
    }

    private static func write(_ files: [[UInt8]]?, _ asked: String, to response: inout ByteWriter) {
        guard let files else {
            write(error: .notFound, "not found: \(asked)", to: &response)
            return
        }
        var list = ByteWriter()
        for file in files { list.write(field: 1, file) }
        response.write(field: 4, list.bytes)
    }

    private func write(extensionNumbersOf message: String, to response: inout ByteWriter) {
        guard let numbers = index.extensionNumbers(of: message) else {
            Self.write(error: .notFound, "not found: \(message)", to: &response)
            return
        }
        var packed = ByteWriter()
        for number in numbers { packed.writeVarint(UInt64(bitPattern: Int64(number))) }
        var list = ByteWriter()
        list.write(field: 1, message)
        if !numbers.isEmpty { list.write(field: 2, packed.bytes) }
        response.write(field: 5, list.bytes)
    }

    private static func write(error code: GRPCStatus.Code, _ message: String, to response: inout ByteWriter) {
        var error = ByteWriter()
        error.write(field: 1, number: code.rawValue)
        error.write(field: 2, message)
        response.write(field: 7, error.bytes)
    }
}

/// Answers one client's questions until it has no more.
private final class ReflectionConversation: ConversationHandler {
    private let reflection: Reflection

    init(_ reflection: Reflection) { self.reflection = reflection }

    var mayRest: Bool { false }

    func messageArrived(_ message: [UInt8], on conversation: CallConversation) {
        do throws(GRPCStatus) {
            conversation.send(try reflection.answer(message))
        } catch {
            conversation.end(error)
        }
    }

    func inputEnded(on conversation: CallConversation) {
        conversation.end(nil)
    }

    func ended() {}
}
