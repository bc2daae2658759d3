internal import Bytes

/// What the value directory is asked for: an attribute's value, or a fact about its key.
enum ValueFingerprint {
    private static let presenceSeed: UInt64 = 0x6b65_7973
    private static let otherTypeSeed: UInt64 = 0x7479_7065

    static func key(_ key: UnsafeRawBufferPointer) -> UInt64 { ByteHash.hash(key) }

    /// A text that an attribute of a span has.
    /// - Parameter key: as `key` gives it.
    @inline(__always)
    static func value(_ value: UnsafeRawBufferPointer, key: UInt64) -> UInt64 { ByteHash.hash(value, seed: key) }

    /// Spans have an attribute with the key, or an event with this name.
    static func presence(_ key: UnsafeRawBufferPointer) -> UInt64 { ByteHash.hash(key, seed: presenceSeed) }

    /// Spans have an attribute with the key whose value is no text.
    static func otherType(_ key: UnsafeRawBufferPointer) -> UInt64 { ByteHash.hash(key, seed: otherTypeSeed) }
}
