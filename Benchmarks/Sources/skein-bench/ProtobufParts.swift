/// Messages of protobuf, as far as requests and counts need them.
enum ProtobufParts {
    static func append(varint value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A field that is a number.
    static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        append(varint: number << 3, to: &bytes)
        append(varint: value, to: &bytes)
        return bytes
    }

    /// A field that is a text, bytes, or a message.
    static func field(_ number: UInt64, _ content: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        append(varint: number << 3 | 2, to: &bytes)
        append(varint: UInt64(content.count), to: &bytes)
        return bytes + content
    }

    /// A field that is a `Timestamp`.
    static func field(_ number: UInt64, microseconds: Int64) -> [UInt8] {
        let seconds = field(1, UInt64(microseconds / 1_000_000))
        return field(number, seconds + field(2, UInt64(microseconds % 1_000_000 * 1_000)))
    }

    /// Gives every content at a path of fields, from the outermost in; false if the bytes are not a message.
    static func forEach(
        _ path: ArraySlice<UInt64>, in message: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void
    ) -> Bool {
        guard let wanted = path.first else {
            body(message)
            return true
        }
        var rest = message
        while !rest.isEmpty {
            guard let key = varint(&rest) else { return false }
            switch key & 7 {
            case 0:
                guard varint(&rest) != nil else { return false }
            case 1, 5:
                let count = key & 7 == 1 ? 8 : 4
                guard rest.count >= count else { return false }
                rest = rest.dropFirst(count)
            case 2:
                guard let count = varint(&rest), count <= UInt64(rest.count) else { return false }
                let content = rest.prefix(Int(count))
                rest = rest.dropFirst(Int(count))
                if key >> 3 == wanted, !forEach(path.dropFirst(), in: content, body) { return false }
            default: return false
            }
        }
        return true
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift: UInt64 in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        return nil
    }
}
