internal import Bytes
internal import TraceModel

/// A number made of the parts of a network address, whatever their order; 0 stands for none.
enum CallAddress {
    /// Where a span ran.
    static func of(_ span: SpanView) -> UInt32 {
        var address: UInt32 = 0
        span.forEachValue { column, value in
            switch (column.field, value) {
            case (.localIPv4, .bytes(let bytes)), (.localIPv6, .bytes(let bytes)):
                add(ByteHash.hash(bytes), to: &address)
            case (.localPort, .int(let port)):
                add(UInt64(bitPattern: port), to: &address)
            default: break
            }
        }
        return address
    }

    private static func add(_ part: UInt64, to address: inout UInt32) {
        let mixed = ByteHash.fold(part ^ ByteHash.seed, 0x9e37_79b9_7f4a_7c15)
        address ^= max(1, UInt32(truncatingIfNeeded: mixed))
    }
}
