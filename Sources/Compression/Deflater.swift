internal import CZlib

/// Packs bytes as gzip (RFC 1952), whole or piece by piece.
///
/// Keeps its 260 KB of state between calls: one per thread.
public final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level` is 1 (fast) to 9 (small).
    public init(level: Int = 4) {
        precondition((1...9).contains(level), "zlib knows levels 1 to 9")
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let outcome = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(outcome == Z_OK, "zlib starts with constant arguments")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends `source`, packed as one whole gzip stream, onto `target`.
    public func pack(_ source: UnsafeRawBufferPointer, onto target: inout [UInt8]) {
        begin()
        append(source, onto: &target)
        finish(onto: &target)
    }

    /// Starts a stream, and forgets one not finished.
    public func begin() {
        deflateReset(stream)
    }

    /// Packs more of the stream. What is ready is appended onto `target`; the rest waits for a later call.
    public func append(_ source: UnsafeRawBufferPointer, onto target: inout [UInt8]) {
        var rest = source[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(Int32.max)))
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(piece.count)
            run(Z_NO_FLUSH, onto: &target)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Appends all that waits, so that a reader can unpack everything given so far.
    public func flush(onto target: inout [UInt8]) {
        stream.pointee.avail_in = 0
        run(Z_SYNC_FLUSH, onto: &target)
    }

    /// Ends the stream.
    public func finish(onto target: inout [UInt8]) {
        stream.pointee.avail_in = 0
        run(Z_FINISH, onto: &target)
    }

    private func run(_ flush: Int32, onto target: inout [UInt8]) {
        var room = min(max(Int(stream.pointee.avail_in) / 4, 1024), 1 << 20)
        while true {
            var outcome = Z_OK
            target.append(
                addingCapacity: room,
                initializingWith: { (output: inout OutputSpan<UInt8>) in
                    output.withUnsafeMutableBufferPointer { buffer, count in
                        stream.pointee.next_out = buffer.baseAddress! + count
                        stream.pointee.avail_out = UInt32(room)
                        outcome = deflate(stream, flush)
                        count += room - Int(stream.pointee.avail_out)
                    }
                })
            precondition(outcome != Z_STREAM_ERROR, "zlib's state is its own")
            // Room left over means that there is nothing more to say.
            if outcome == Z_STREAM_END || stream.pointee.avail_out > 0 { return }
            room = min(room * 2, 1 << 20)
        }
    }
}
