internal import Bytes
internal import Compression

/// Where a segment's bytes come from: a file, or memory.
public protocol SegmentSource: Sendable {
    /// For messages.
    var name: String { get }
    var byteCount: Int { get }
    /// Fills `buffer` with the bytes from `offset` on.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SegmentError)
}

extension SegmentSource {
    /// The content of a section, checked and unpacked, followed by `padding` zero bytes.
    func section(_ reference: SectionReference, _ what: String, padding: Int = 0) throws(SegmentError) -> [UInt8] {
        let storedByteCount = Int(reference.storedByteCount)
        let byteCount = Int(reference.byteCount)
        guard storedByteCount <= byteCount, byteCount <= SegmentFormat.sectionByteCountMax,
            reference.offset <= UInt64(self.byteCount), storedByteCount <= self.byteCount - Int(reference.offset)
        else { throw corrupt(what, "its place is outside the file") }
        if storedByteCount == byteCount {
            let content = try read(count: byteCount, padding: padding, at: reference.offset)
            try check(content[..<byteCount], reference, what)
            return content
        }
        let stored = try read(count: storedByteCount, padding: 0, at: reference.offset)
        try check(stored[...], reference, what)
        // LZ4 packs to no less than a 255th: anything else was never written by it.
        guard storedByteCount * 255 >= byteCount else { throw corrupt(what, "it says it unpacks to too much") }
        var isGood = false
        let content = [UInt8](unsafeUninitializedCapacity: byteCount + padding) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            isGood = stored.withUnsafeBytes {
                LZ4.unpack($0, into: UnsafeMutableRawBufferPointer(rebasing: raw[..<byteCount]))
            }
            for index in byteCount..<byteCount + padding { buffer[index] = 0 }
            count = byteCount + padding
        }
        guard isGood else { throw corrupt(what, "it does not unpack to its size") }
        return content
    }

    /// What `decode` makes of a section's content.
    func decoded<Value>(
        _ content: [UInt8], _ what: String,
        _ decode: (UnsafeRawBufferPointer) throws(ByteReaderError) -> Value
    ) throws(SegmentError) -> Value {
        let outcome: Result<Value, ByteReaderError> = content.withUnsafeBytes { raw in
            do throws(ByteReaderError) { return .success(try decode(raw)) } catch { return .failure(error) }
        }
        switch outcome {
        case .success(let value): return value
        case .failure(let error): throw corrupt(what, error.description)
        }
    }

    func corrupt(_ what: String, _ why: String) -> SegmentError {
        SegmentError(.corrupt, "\(name): \(what) is damaged: \(why)")
    }

    private func check(
        _ stored: ArraySlice<UInt8>, _ reference: SectionReference, _ what: String
    ) throws(SegmentError) {
        let found = stored.withUnsafeBytes { CRC32C.checksum($0) }
        guard found == reference.checksum else {
            throw corrupt(what, "checksum \(reference.checksum) expected at byte \(reference.offset), \(found) found")
        }
    }

    private func read(count: Int, padding: Int, at offset: UInt64) throws(SegmentError) -> [UInt8] {
        var failure: SegmentError?
        let content = [UInt8](unsafeUninitializedCapacity: count + padding) { buffer, filled in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            do throws(SegmentError) {
                try read(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<count]), at: offset)
                for index in count..<count + padding { buffer[index] = 0 }
                filled = count + padding
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return content
    }
}

/// A segment in memory.
public struct SegmentInMemory: SegmentSource {
    public let name: String
    private let bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    public var byteCount: Int { bytes.count }

    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SegmentError) {
        guard offset <= UInt64(bytes.count), buffer.count <= bytes.count - Int(offset) else {
            throw SegmentError(.corrupt, "\(name): it ends early")
        }
        bytes.withUnsafeBytes { raw in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[Int(offset)..<Int(offset) + buffer.count]))
        }
    }
}
