internal import Bytes

/// Constants and headers of the journal's files, as in storage/journal-format.md.
enum JournalFormat {
    static let magic: StaticString = "SKEINJNL"
    static let version: UInt16 = 1
    static let partHeaderByteCount = 40
    static let frameHeaderByteCount = 28
    /// No UTF-8 text has these bytes, so they are rare in what is stored without packing.
    static let frameMarker: [UInt8] = [0xf5, 0x4a, 0x52, 0xfa]
    static let packedFlag: UInt32 = 1
    static let knownFlags: UInt32 = packedFlag
}

/// The first bytes of a part.
struct PartHeader: Equatable {
    /// Unlike that of any other part, so that no frame of another file is ever taken for one of this.
    var salt: UInt32
    var number: UInt64
    /// Nanoseconds since 1970.
    var created: UInt64

    enum Reading: Equatable {
        case valid(PartHeader)
        case damaged
        case unsupported(version: UInt16, features: UInt32)
    }

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: JournalFormat.partHeaderByteCount)
        writer.write(JournalFormat.magic)
        writer.write(JournalFormat.version)
        writer.write(UInt16(JournalFormat.partHeaderByteCount))
        writer.write(UInt32(0))
        writer.write(number)
        writer.write(created)
        writer.write(salt)
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard bytes.count >= JournalFormat.partHeaderByteCount,
            bytes.starts(with: UnsafeRawBufferPointer(start: JournalFormat.magic.utf8Start, count: 8)),
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<36])) == bytes.word(at: 36)
        else { return .damaged }
        let version = UInt16(truncatingIfNeeded: bytes.word(at: 8))
        let headerByteCount = bytes.word(at: 8) >> 16
        let features = bytes.word(at: 12)
        guard version == JournalFormat.version, features == 0,
            headerByteCount == UInt32(JournalFormat.partHeaderByteCount)
        else { return .unsupported(version: version, features: features) }
        return .valid(
            PartHeader(salt: bytes.word(at: 32), number: bytes.longWord(at: 16), created: bytes.longWord(at: 24)))
    }
}

/// What stands before each record.
struct FrameHeader: Equatable {
    var salt: UInt32
    var storedByteCount: Int
    var unpackedByteCount: Int
    var flags: UInt32
    var payloadChecksum: UInt32

    var frameByteCount: Int { JournalFormat.frameHeaderByteCount + storedByteCount }
    var isPacked: Bool { flags & JournalFormat.packedFlag != 0 }

    /// Writes the header for a frame that starts at `offset` of its part.
    func encode(at offset: Int, into target: UnsafeMutableRawBufferPointer) {
        target.copyBytes(from: JournalFormat.frameMarker)
        target.store(salt, at: 4)
        target.store(UInt32(storedByteCount), at: 8)
        target.store(UInt32(unpackedByteCount), at: 12)
        target.store(flags, at: 16)
        target.store(payloadChecksum, at: 20)
        target.store(Self.checksum(UnsafeRawBufferPointer(target), offset: offset), at: 24)
    }

    /// The header at the start of `bytes`, which start at `offset` of the part; nil if there is none. A nil `salt`
    /// accepts any.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int, salt: UInt32?) -> FrameHeader? {
        guard bytes.count >= JournalFormat.frameHeaderByteCount,
            bytes.starts(with: JournalFormat.frameMarker),
            checksum(bytes, offset: offset) == bytes.word(at: 24)
        else { return nil }
        let header = FrameHeader(
            salt: bytes.word(at: 4), storedByteCount: Int(bytes.word(at: 8)),
            unpackedByteCount: Int(bytes.word(at: 12)), flags: bytes.word(at: 16), payloadChecksum: bytes.word(at: 20))
        return salt == nil || salt == header.salt ? header : nil
    }

    /// The frame's place is part of what is checked: a frame copied elsewhere, even inside a record, is none.
    private static func checksum(_ bytes: UnsafeRawBufferPointer, offset: Int) -> UInt32 {
        let seed = withUnsafeBytes(of: UInt64(offset).littleEndian) { CRC32C.checksum($0) }
        return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<24]), seed: seed)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func word(at offset: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    fileprivate func longWord(at offset: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func store(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }
}
