import Foundation

/// When to try again, as `google.rpc.Status` says it in its details.
enum RetryInfo {
    private static let typeName = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)

    /// The delay of a status in base64; nil if it has none.
    static func seconds(_ text: String?) -> Double? {
        guard var text else { return nil }
        // Senders may leave the padding out.
        while text.utf8.count % 4 != 0 { text += "=" }
        guard let status = Data(base64Encoded: text) else { return nil }
        for detail in fields(3, of: Array(status)) {
            guard fields(1, of: detail).contains(typeName), let info = fields(2, of: detail).first else { continue }
            let delay = fields(1, of: info).first ?? []
            return Double(number(1, of: delay)) + Double(number(2, of: delay)) / 1e9
        }
        return nil
    }

    private static func fields(_ number: Int, of message: [UInt8]) -> [[UInt8]] {
        all(message).filter { $0.number == number }.compactMap(\.bytes)
    }

    private static func number(_ number: Int, of message: [UInt8]) -> Int64 {
        all(message).last { $0.number == number }.map { Int64(bitPattern: $0.value) } ?? 0
    }

    /// The fields of a message up to the first that makes no sense.
    private static func all(_ message: [UInt8]) -> [(number: Int, value: UInt64, bytes: [UInt8]?)] {
        var rest = message[...]
        var result: [(number: Int, value: UInt64, bytes: [UInt8]?)] = []
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 127) << shift
                if byte < 128 { return value }
            }
            return nil
        }
        while let key = varint() {
            guard key & 5 == 0, let value = varint() else { return result }
            if key & 7 == 2 {
                guard let count = Int(exactly: value), count <= rest.count else { return result }
                result.append((Int(key >> 3), 0, Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            } else {
                result.append((Int(key >> 3), value, nil))
            }
        }
        return result
    }
}
