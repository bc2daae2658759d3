/// Pieces of protobuf's wire format.
enum ProtobufPieces {
    private enum WireType: Int {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
    }

    /// A string, bytes or message.
    static func field(
        _ number: Int, _ content: [Piece], _ length: LengthForm = .varint1
    ) -> [Piece] {
        let key = key(number, .lengthDelimited)
        if let constant = Piece.constant(content) { return [.bytes(key + varint(constant.count) + constant)] }
        return [.bytes(key), .open(length)] + content + [.close]
    }

    static func field(_ number: Int, _ text: String) -> [Piece] { field(number, [.text(text)]) }

    /// A number that is the same for every span.
    static func field(_ number: Int, constant: Int) -> [Piece] {
        [.bytes(key(number, .varint) + varint(constant))]
    }

    static func varint(_ number: Int, _ slot: Slot) -> [Piece] {
        [.bytes(key(number, .varint)), .slot(slot, .varint)]
    }

    static func fixed64(_ number: Int, _ slot: Slot, _ form: SlotForm = .littleEndian64) -> [Piece] {
        [.bytes(key(number, .fixed64)), .slot(slot, form)]
    }

    /// A field that is bytes already.
    static func field(_ number: Int, bytes: [UInt8]) -> [UInt8] {
        key(number, .lengthDelimited) + varint(bytes.count) + bytes
    }

    /// What stands before so many bytes of a field's content.
    static func head(_ number: Int, byteCount: Int) -> [UInt8] {
        key(number, .lengthDelimited) + varint(byteCount)
    }

    private static func key(_ number: Int, _ type: WireType) -> [UInt8] { varint(number << 3 | type.rawValue) }

    private static func varint(_ value: Int) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), value)
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
