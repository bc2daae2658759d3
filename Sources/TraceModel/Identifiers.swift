internal import Bytes

/// The ID that all spans of a trace share: 128 bits, or 64 when `high` is 0.
public struct TraceID: Hashable, Comparable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 1 to 32 hex digits of either case, padded on the left with zeros; nil for anything else and for zero.
    public init?(hex: some StringProtocol) {
        guard (1...32).contains(hex.utf8.count) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in hex.utf8 {
            guard let digit = Hex.value(of: byte) else { return nil }
            high = (high << 4) | (low >> 60)
            low = (low << 4) | UInt64(digit)
        }
        guard high | low != 0 else { return nil }
        self.init(high: high, low: low)
    }

    /// Spreads the IDs evenly over 64 bits, whatever made them; segments hold parts of it.
    public var fingerprint: UInt64 {
        ByteHash.fold(low ^ 0x2d35_8dcc_aa6c_78a5, high ^ 0x8bb8_4b93_962e_acc9)
    }

    public static func < (a: TraceID, b: TraceID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

extension TraceID: CustomStringConvertible {
    /// 32 lower-case hex digits, or 16 when the high half is zero.
    public var description: String {
        high == 0 ? Hex.string(low) : Hex.string(high) + Hex.string(low)
    }
}

/// The ID of one span within its trace; 0 is none.
public struct SpanID: Hashable, Sendable, CustomStringConvertible {
    public var value: UInt64

    public init(_ value: UInt64) { self.value = value }

    /// 1 to 16 hex digits of either case; nil for anything else and for zero.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count <= 16, let padded = TraceID(hex: hex) else { return nil }
        self.init(padded.low)
    }

    /// 16 lower-case hex digits.
    public var description: String { Hex.string(value) }
}

/// Hexadecimal digits.
public enum Hex {
    static let digits: StaticString = "0123456789abcdef"

    @inline(__always)
    static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// The digit, 0 to 15, as a lower-case ASCII byte.
    @inline(__always)
    public static func digit(_ value: UInt8) -> UInt8 { digits.utf8Start[Int(value & 15)] }

    /// 16 lower-case digits.
    public static func string(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 { buffer[index] = digit(UInt8(truncatingIfNeeded: value >> (60 - 4 * UInt64(index)))) }
            return 16
        }
    }
}
