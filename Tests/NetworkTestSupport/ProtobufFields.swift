/// One field of a protobuf message, for tests that look into answers.
public enum ProtobufField: Equatable {
    case number(UInt64)
    case bytes([UInt8])

    public var text: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The fields of `message` in their order; nil if it is no message of numbers and bytes.
    public static func all(in message: [UInt8]) -> [(number: Int, field: ProtobufField)]? {
        var rest = message[...]
        var fields: [(number: Int, field: ProtobufField)] = []
        while !rest.isEmpty {
            guard let key = varint(&rest), let number = Int(exactly: key >> 3) else { return nil }
            switch key & 7 {
            case 0:
                guard let value = varint(&rest) else { return nil }
                fields.append((number, .number(value)))
            case 2:
                guard let count = varint(&rest).flatMap({ Int(exactly: $0) }), count <= rest.count else { return nil }
                fields.append((number, .bytes(Array(rest.prefix(count)))))
                rest = rest.dropFirst(count)
            default:
                return nil
            }
        }
        return fields
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}

/// `google.rpc.Status`, with the delay of the `google.rpc.RetryInfo` among its details.
public struct StatusMessage: Equatable {
    public var code: UInt64 = 0
    public var message = ""
    public var retryDelaySeconds: UInt64?

    public init?(_ bytes: [UInt8]) {
        guard let fields = ProtobufField.all(in: bytes) else { return nil }
        for (number, field) in fields {
            switch (number, field) {
            case (1, .number(let value)): code = value
            case (2, .bytes(let text)): message = String(decoding: text, as: UTF8.self)
            case (3, .bytes(let detail)):
                guard let parts = ProtobufField.all(in: detail), parts.count == 2,
                    parts[0].field.text == "type.googleapis.com/google.rpc.RetryInfo",
                    case .bytes(let retryInfo) = parts[1].field,
                    case .bytes(let duration)? = ProtobufField.all(in: retryInfo)?.first?.field,
                    case .number(let seconds)? = ProtobufField.all(in: duration)?.first?.field
                else { return nil }
                retryDelaySeconds = seconds
            default: return nil
            }
        }
    }
}
