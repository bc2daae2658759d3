internal import CShim

/// CRC-32C (Castagnoli polynomial; RFC 3720, appendix B.4), the checksum of every block and record on disk.
public enum CRC32C {
    /// Checksum of `bytes`, continuing from `seed`: 0 to start, or the checksum of what went before.
    public static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        skein_crc32c(seed, bytes.baseAddress, bytes.count)
    }

    public static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0, seed: seed) }
    }
}
