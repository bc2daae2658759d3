/// LEB128 numbers and the zigzag mapping of signed ones.
public enum Varint {
    public static let byteCountMax = 10

    @inlinable
    public static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    }

    @inlinable
    public static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Bytes that `value` takes: 1 to 10.
    @inlinable
    public static func byteCount(_ value: UInt64) -> Int {
        (max(1, 64 - value.leadingZeroBitCount) + 6) / 7
    }
}
