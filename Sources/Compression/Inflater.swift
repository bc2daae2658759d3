internal import CZlib

/// Why packed bytes could not be unpacked.
public enum InflateError: Error, Sendable, Equatable {
    case malformed  // not gzip, zlib or deflate, or a checksum inside does not match
    case cutShort  // ends before the stream does
    case tooLarge(byteCountMax: Int)  // would unpack to more than allowed: a bomb, or an honest giant
}

/// Unpacks gzip (RFC 1952), zlib (RFC 1950) and raw deflate (RFC 1951) bytes whole, up to a size.
///
/// Keeps its 40 KB of state between calls: one per thread. What follows the end of the first stream is another
/// gzip member or refused.
public final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>

    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let outcome = inflateInit2_(stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(outcome == Z_OK, "zlib starts with constant arguments")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Appends what `source` unpacks to onto `target`, `byteCountMax` bytes at most; nothing if it throws.
    ///
    /// `deflate` as a content coding means zlib, but some senders leave its header out: both are tried.
    public func unpack(
        _ source: UnsafeRawBufferPointer, onto target: inout [UInt8], byteCountMax: Int
    ) throws(InflateError) {
        precondition(byteCountMax >= 0, "a limit is not negative")
        let start = target.count
        do {
            do {
                try unpack(source, windowBits: 15 + 32, onto: &target, byteCountMax: byteCountMax)
            } catch .malformed where !looksLikeGzip(source) {
                target.removeSubrange(start...)
                try unpack(source, windowBits: -15, onto: &target, byteCountMax: byteCountMax)
            }
        } catch {
            target.removeSubrange(start...)
            throw error
        }
    }

    private func looksLikeGzip(_ source: UnsafeRawBufferPointer) -> Bool {
        source.count >= 2 && source[0] == 0x1f && source[1] == 0x8b
    }

    private func unpack(
        _ source: UnsafeRawBufferPointer, windowBits: Int32, onto target: inout [UInt8], byteCountMax: Int
    ) throws(InflateError) {
        guard source.count > 0 else { throw .cutShort }
        guard source.count <= Int(UInt32.max) else { throw .tooLarge(byteCountMax: byteCountMax) }
        inflateReset2(stream, windowBits)
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(source.count)
        let isGzip = looksLikeGzip(source)
        // Room for one byte over the limit is counted below.
        let limit = target.count + min(byteCountMax, Int.max - 1 - target.count)
        var step = min(max(source.count * 4, 4096), 1 << 20)
        while true {
            // One byte over the limit is asked for, so that a stream of exactly the limit can still end.
            let room = min(step, limit + 1 - target.count)
            var outcome = Z_OK
            let before = target.count
            target.append(
                addingCapacity: room,
                initializingWith: { (output: inout OutputSpan<UInt8>) in
                    output.withUnsafeMutableBufferPointer { buffer, count in
                        stream.pointee.next_out = buffer.baseAddress! + count
                        stream.pointee.avail_out = UInt32(room)
                        outcome = inflate(stream, Z_NO_FLUSH)
                        count += room - Int(stream.pointee.avail_out)
                    }
                })
            guard target.count <= limit else { throw .tooLarge(byteCountMax: byteCountMax) }
            switch outcome {
            case Z_STREAM_END:
                if stream.pointee.avail_in == 0 { return }
                guard isGzip, looksLikeGzip(UnsafeRawBufferPointer(rest())) else { throw .malformed }
                inflateReset(stream)
            case Z_OK, Z_BUF_ERROR:
                if stream.pointee.avail_in == 0 && target.count - before < room { throw .cutShort }
            default:
                throw .malformed
            }
            step = min(step * 2, 1 << 20)
        }
    }

    private func rest() -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: stream.pointee.next_in, count: Int(stream.pointee.avail_in))
    }
}
