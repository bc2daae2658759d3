internal import Bytes

/// A `.proto` file as reflection tells of it, described in Swift: the few that belong to the server itself.
/// Source: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
struct FileDescription {
    enum FieldType {
        case text, bytes, int32
        case message(String)
        case enumeration(String)
    }

    struct Field {
        let name: String
        let number: Int
        let type: FieldType
        var isRepeated = false
        var isInOneof = false
    }

    struct Message {
        let name: String
        let fields: [Field]
        var oneof: String?
        var enumerations: [(name: String, values: [String])] = []
    }

    struct Method {
        let name: String
        let request: String
        let response: String
        var isClientStreaming = false
        var isServerStreaming = false
    }

    let name: String
    let package: String
    let messages: [Message]
    let service: (name: String, methods: [Method])

    /// As a `FileDescriptorProto`.
    var protobuf: [UInt8] {
        var file = ByteWriter()
        file.write(field: 1, name)
        file.write(field: 2, package)
        for message in messages { file.write(field: 4, encoded(message)) }
        var encodedService = ByteWriter()
        encodedService.write(field: 1, service.name)
        for method in service.methods { encodedService.write(field: 2, encoded(method)) }
        file.write(field: 6, encodedService.bytes)
        file.write(field: 12, "proto3")
        return file.bytes
    }

    private func fullName(_ name: String) -> String { ".\(package).\(name)" }

    private func encoded(_ message: Message) -> [UInt8] {
        var encodedMessage = ByteWriter()
        encodedMessage.write(field: 1, message.name)
        for field in message.fields { encodedMessage.write(field: 2, encoded(field)) }
        for (name, values) in message.enumerations {
            var enumeration = ByteWriter()
            enumeration.write(field: 1, name)
            for (number, value) in values.enumerated() {
                var encodedValue = ByteWriter()
                encodedValue.write(field: 1, value)
                encodedValue.write(field: 2, number: number)
                enumeration.write(field: 2, encodedValue.bytes)
            }
            encodedMessage.write(field: 4, enumeration.bytes)
        }
        if let oneof = message.oneof {
            var encodedOneof = ByteWriter()
            encodedOneof.write(field: 1, oneof)
            encodedMessage.write(field: 8, encodedOneof.bytes)
        }
        return encodedMessage.bytes
    }

    private func encoded(_ field: Field) -> [UInt8] {
        let (type, typeName): (Int, String?) =
            switch field.type {
            case .int32: (5, nil)
            case .text: (9, nil)
            case .message(let name): (11, fullName(name))
            case .bytes: (12, nil)
            case .enumeration(let name): (14, fullName(name))
            }
        var encodedField = ByteWriter()
        encodedField.write(field: 1, field.name)
        encodedField.write(field: 3, number: field.number)
        encodedField.write(field: 4, number: field.isRepeated ? 3 : 1)
        encodedField.write(field: 5, number: type)
        if let typeName { encodedField.write(field: 6, typeName) }
        if field.isInOneof { encodedField.write(field: 9, number: 0) }
        return encodedField.bytes
    }

    private func encoded(_ method: Method) -> [UInt8] {
        var encodedMethod = ByteWriter()
        encodedMethod.write(field: 1, method.name)
        encodedMethod.write(field: 2, fullName(method.request))
        encodedMethod.write(field: 3, fullName(method.response))
        if method.isClientStreaming { encodedMethod.write(field: 5, number: 1) }
        if method.isServerStreaming { encodedMethod.write(field: 6, number: 1) }
        return encodedMethod.bytes
    }
}

extension FileDescription {
    static let health = FileDescription(
        name: "grpc/health/v1/health.proto", package: "grpc.health.v1",
        messages: [
            Message(name: "HealthCheckRequest", fields: [Field(name: "service", number: 1, type: .text)]),
            Message(
                name: "HealthCheckResponse",
                fields: [
                    Field(name: "status", number: 1, type: .enumeration("HealthCheckResponse.ServingStatus"))
                ],
                enumerations: [("ServingStatus", ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"])]),
        ],
        service: (
            "Health",
            [
                Method(name: "Check", request: "HealthCheckRequest", response: "HealthCheckResponse"),
                Method(
                    name: "Watch", request: "HealthCheckRequest", response: "HealthCheckResponse",
                    isServerStreaming: true),
            ]
        ))

    /// `version` is `v1` or `v1alpha`, which are alike.
    static func reflection(_ version: String) -> FileDescription {
        FileDescription(
            name: "grpc/reflection/\(version)/reflection.proto", package: "grpc.reflection.\(version)",
            messages: reflectionMessages,
            service: (
                "ServerReflection",
                [
                    Method(
                        name: "ServerReflectionInfo", request: "ServerReflectionRequest",
                        response: "ServerReflectionResponse", isClientStreaming: true, isServerStreaming: true)
                ]
            ))
    }

    private static let reflectionMessages = [
        Message(
            name: "ServerReflectionRequest",
            fields: [
                Field(name: "host", number: 1, type: .text),
                Field(name: "file_by_filename", number: 3, type: .text, isInOneof: true),
                Field(name: "file_containing_symbol", number: 4, type: .text, isInOneof: true),
                Field(
                    name: "file_containing_extension", number: 5, type: .message("ExtensionRequest"), isInOneof: true),
                Field(name: "all_extension_numbers_of_type", number: 6, type: .text, isInOneof: true),
                Field(name: "list_services", number: 7, type: .text, isInOneof: true),
            ], oneof: "message_request"),
        Message(
            name: "ExtensionRequest",
            fields: [
                Field(name: "containing_type", number: 1, type: .text),
                Field(name: "extension_number", number: 2, type: .int32),
            ]),
        Message(
            name: "ServerReflectionResponse",
            fields: [
                Field(name: "valid_host", number: 1, type: .text),
                Field(name: "original_request", number: 2, type: .message("ServerReflectionRequest")),
                Field(
                    name: "file_descriptor_response", number: 4, type: .message("FileDescriptorResponse"),
                    isInOneof: true),
                Field(
                    name: "all_extension_numbers_response", number: 5, type: .message("ExtensionNumberResponse"),
                    isInOneof: true),
                Field(
                    name: "list_services_response", number: 6, type: .message("ListServiceResponse"), isInOneof: true),
                Field(name: "error_response", number: 7, type: .message("ErrorResponse"), isInOneof: true),
            ], oneof: "message_response"),
        Message(
            name: "FileDescriptorResponse",
            fields: [Field(name: "file_descriptor_proto", number: 1, type: .bytes, isRepeated: true)]),
        Message(
            name: "ExtensionNumberResponse",
            fields: [
                Field(name: "base_type_name", number: 1, type: .text),
                Field(name: "extension_number", number: 2, type: .int32, isRepeated: true),
            ]),
        Message(
            name: "ListServiceResponse",
            fields: [Field(name: "service", number: 1, type: .message("ServiceResponse"), isRepeated: true)]),
        Message(name: "ServiceResponse", fields: [Field(name: "name", number: 1, type: .text)]),
        Message(
            name: "ErrorResponse",
            fields: [
                Field(name: "error_code", number: 1, type: .int32),
                Field(name: "error_message", number: 2, type: .text),
            ]),
    ]
}
