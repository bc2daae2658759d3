internal import CZlib

/// Packs and unpacks gzip files held in memory.
public enum Gzip {
    /// `packed` must be one whole gzip member.
    public static func unpacked(_ packed: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw TestSupportError("zlib does not start")
        }
        defer { inflateEnd(&stream) }
        return try run(&stream, inputs: [packed], function: inflate)
    }

    /// `repetitions` copies of `bytes` as one gzip member.
    public static func packed(_ bytes: [UInt8], repetitions: Int = 1) throws -> [UInt8] {
        var stream = z_stream()
        let outcome = deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard outcome == Z_OK else { throw TestSupportError("zlib does not start") }
        defer { deflateEnd(&stream) }
        return try run(&stream, inputs: repeatElement(bytes, count: repetitions), function: deflate)
    }

    private static func run(
        _ stream: inout z_stream, inputs: some Sequence<[UInt8]>,
        function: (UnsafeMutablePointer<z_stream>, Int32) -> Int32
    ) throws -> [UInt8] {
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var outcome = Z_OK

        func drain(_ input: inout [UInt8], flush: Int32) {
            input.withUnsafeMutableBufferPointer { source in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                repeat {
                    let produced = piece.withUnsafeMutableBufferPointer { target in
                        stream.next_out = target.baseAddress
                        stream.avail_out = UInt32(target.count)
                        outcome = function(&stream, flush)
                        return target.count - Int(stream.avail_out)
                    }
                    output.append(contentsOf: piece[..<produced])
                } while stream.avail_out == 0 && outcome == Z_OK
            }
        }

        for input in inputs {
            var input = input
            drain(&input, flush: Z_NO_FLUSH)
        }
        if outcome != Z_STREAM_END {
            var end: [UInt8] = []
            drain(&end, flush: Z_FINISH)
        }
        guard outcome == Z_STREAM_END else { throw TestSupportError("zlib ended with code \(outcome)") }
        return output
    }
}
