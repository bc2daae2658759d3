internal import Bytes
internal import Compression
internal import Glibc

/// Bytes made ready for the journal: packed, and with their checksum.
///
/// Never changes, so it may be appended from any thread.
public final class JournalRecord: @unchecked Sendable {
    /// Largest size of a record before packing: 64 MiB.
    public static let byteCountMax = 64 << 20

    /// What goes to the file behind the frame's header. Never written to once the record is made.
    let payload: UnsafeRawBufferPointer
    let unpackedByteCount: Int
    let isPacked: Bool
    let payloadChecksum: UInt32

    /// Bytes that the record takes in a part.
    public var frameByteCount: Int { JournalFormat.frameHeaderByteCount + payload.count }

    /// Packs `bytes` on the caller's thread, without any lock; they are not needed afterwards.
    public static func pack(_ bytes: UnsafeRawBufferPointer) throws(JournalError) -> JournalRecord {
        guard bytes.count <= byteCountMax else {
            throw JournalError(
                code: .recordTooLarge, message: "journal: a record of \(bytes.count) bytes is over \(byteCountMax)")
        }
        return JournalRecord(packing: bytes)
    }

    private init(packing bytes: UnsafeRawBufferPointer) {
        // Packed into room for the worst case, which is then given back: no scratch memory, no copy.
        let room = LZ4.packedByteCountMax(bytes.count)
        guard let memory = malloc(room) else { preconditionFailure("the system gives memory") }
        var count = LZ4.pack(bytes, into: UnsafeMutableRawBufferPointer(start: memory, count: room), level: .fast)
        isPacked = count < bytes.count
        if !isPacked {
            count = bytes.count
            if let start = bytes.baseAddress { memcpy(memory, start, count) }
        }
        payload = UnsafeRawBufferPointer(start: realloc(memory, max(count, 1)) ?? memory, count: count)
        unpackedByteCount = bytes.count
        payloadChecksum = CRC32C.checksum(payload)
    }

    deinit { free(UnsafeMutableRawPointer(mutating: payload.baseAddress)) }

    func frameHeader(salt: UInt32) -> FrameHeader {
        FrameHeader(
            salt: salt, storedByteCount: payload.count, unpackedByteCount: unpackedByteCount,
            flags: isPacked ? JournalFormat.packedFlag : 0, payloadChecksum: payloadChecksum)
    }
}
