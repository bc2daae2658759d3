internal import Bytes
internal import Compression
internal import FileSystem
internal import Glibc

/// The records of one part in the order in which they were appended, past whatever cannot be read.
///
/// Reads a piece of the file at a time; memory is bounded by the largest record.
final class PartReader {
    private static let windowByteCount = 1 << 20

    private let fileSystem: any FileSystem
    private let file: FileDescriptor
    private var window = ColumnBuffer<UInt8>(capacity: PartReader.windowByteCount)
    private var windowOffset = 0
    private var unpacked = ColumnBuffer<UInt8>()
    /// Nil as long as the header could not tell it and no frame was found.
    private var salt: UInt32?

    let byteCount: Int
    private(set) var headerReading = PartHeader.Reading.damaged
    /// True if the device failed to read some bytes; they count as damaged.
    private(set) var isUnreadableInPlaces = false

    init(path: String, fileSystem: any FileSystem) throws(FileSystemError) {
        self.fileSystem = fileSystem
        file = try fileSystem.open(path, .read)
        do {
            byteCount = try fileSystem.byteCount(of: file)
        } catch {
            fileSystem.close(file)
            throw error
        }
        headerReading = PartHeader.read(bytes(at: 0, count: JournalFormat.partHeaderByteCount))
        if case .valid(let header) = headerReading { salt = header.salt }
    }

    deinit { fileSystem.close(file) }

    /// What was read: records, their bytes unpacked, and the places without records, the last of which may reach to
    /// the end of the file.
    struct Summary {
        var recordCount = 0
        var byteCount = 0
        var damages: [Range<Int>] = []
    }

    func readRecords(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows -> Summary {
        var summary = Summary()
        var offset = JournalFormat.partHeaderByteCount
        var damageStart: Int?
        if case .valid = headerReading {} else { damageStart = 0 }
        if byteCount < offset { offset = byteCount }
        while offset < byteCount {
            guard let header = frameHeader(at: offset) else {
                damageStart = damageStart ?? offset
                offset = nextMarker(from: offset + 1)
                continue
            }
            let end = min(offset + header.frameByteCount, byteCount)
            if let record = unpack(header, at: offset) {
                if let start = damageStart { summary.damages.append(start..<offset) }
                damageStart = nil
                salt = header.salt
                try body(record)
                summary.recordCount += 1
                summary.byteCount += record.count
            } else {
                damageStart = damageStart ?? offset
            }
            offset = end
        }
        if let start = damageStart, start < byteCount { summary.damages.append(start..<byteCount) }
        return summary
    }

    private func frameHeader(at offset: Int) -> FrameHeader? {
        FrameHeader.read(bytes(at: offset, count: JournalFormat.frameHeaderByteCount), at: offset, salt: salt)
    }

    /// The record's bytes, valid until the next call; nil if they are not what was written.
    private func unpack(_ header: FrameHeader, at offset: Int) -> UnsafeRawBufferPointer? {
        guard header.flags & ~JournalFormat.knownFlags == 0,
            header.unpackedByteCount <= JournalRecord.byteCountMax,
            header.storedByteCount <= header.unpackedByteCount,
            header.isPacked || header.storedByteCount == header.unpackedByteCount
        else { return nil }
        let payload = bytes(at: offset + JournalFormat.frameHeaderByteCount, count: header.storedByteCount)
        guard payload.count == header.storedByteCount, CRC32C.checksum(payload) == header.payloadChecksum else {
            return nil
        }
        if !header.isPacked { return payload }
        unpacked.removeAll(keepingCapacityUpTo: max(header.unpackedByteCount, Self.windowByteCount))
        unpacked.append(repeating: 0, count: header.unpackedByteCount)
        let target = UnsafeMutableRawBufferPointer(start: unpacked.start, count: unpacked.count)
        return LZ4.unpack(payload, into: target) ? UnsafeRawBufferPointer(target) : nil
    }

    /// The first place from `offset` on where a frame's marker stands, or the end of the file.
    private func nextMarker(from offset: Int) -> Int {
        let first = Int32(JournalFormat.frameMarker[0])
        var start = offset
        while start + JournalFormat.frameHeaderByteCount <= byteCount {
            // What is left of the window, if it can hold a header, or else a new one: no byte is read twice but the
            // last ones, as a marker may lie across the border.
            let left = windowOffset + window.count - start
            let isEnough = start >= windowOffset && left >= JournalFormat.frameHeaderByteCount
            let piece = bytes(at: start, count: isEnough ? left : Self.windowByteCount)
            guard let base = piece.baseAddress else { break }
            var position = 0
            while position + JournalFormat.frameMarker.count <= piece.count,
                let found = memchr(base + position, first, piece.count - position)
            {
                position = UnsafeRawPointer(found) - base
                if piece[position...].starts(with: JournalFormat.frameMarker) { return start + position }
                position += 1
            }
            start += piece.count - JournalFormat.frameMarker.count + 1
        }
        return byteCount
    }

    /// `count` bytes from `offset` on, fewer at the end of the file; valid until the next call.
    private func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
        let wanted = max(0, min(count, byteCount - offset))
        if offset < windowOffset || offset + wanted > windowOffset + window.count {
            let piece = min(max(wanted, Self.windowByteCount), max(0, byteCount - offset))
            window.removeAll(keepingCapacityUpTo: max(piece, Self.windowByteCount))
            window.append(repeating: 0, count: piece)
            windowOffset = offset
            fill(UnsafeMutableRawBufferPointer(start: window.start, count: piece), from: offset)
        }
        let start = offset - windowOffset
        return UnsafeRawBufferPointer(rebasing: window.bytes[start..<start + wanted])
    }

    /// Reads what can be read; pages that the device refuses stay zero, and their checksums tell.
    private func fill(_ target: UnsafeMutableRawBufferPointer, from offset: Int) {
        if (try? fileSystem.readAll(into: target, from: file, at: offset)) != nil { return }
        var start = 0
        while start < target.count {
            let page = (offset + start) / 4096
            let end = min((page + 1) * 4096 - offset, target.count)
            let piece = UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
            do {
                _ = try fileSystem.readAll(into: piece, from: file, at: offset + start)
            } catch {
                piece.initializeMemory(as: UInt8.self, repeating: 0)
                isUnreadableInPlaces = true
            }
            start = end
        }
    }
}
