import CBenchLZ4
import Workload

/// What this machine needs to compress the same bytes once: a measure of the machine that other figures are held
/// against.
struct Calibration: Codable {
    var cpuSecondsPerMillionSpans = 0.0
    var megabytesPerSecond = 0.0
    /// Compressed.
    var bytesPerSpan = 0.0
    /// Uncompressed, as posted.
    var jsonBytesPerSpan = 0.0

    private static let blockByteCount = 65_536
    private static let slabByteCount = 16 << 20
    private static let spanCountMax = 200_000

    /// LZ4's fast compression of the start of the workload, in blocks of 64 KiB.
    init(_ workload: Workload) throws {
        let stream = workload.posts()
        var (slab, body): ([UInt8], [UInt8]) = ([], [])
        slab.reserveCapacity(Self.slabByteCount + 1 << 20)
        var (spans, bytes, compressed) = (0, 0, 0)
        var seconds = 0.0
        var isDone = false
        while !isDone {
            slab.removeAll(keepingCapacity: true)
            while slab.count < Self.slabByteCount {
                guard spans < Self.spanCountMax, let post = stream.next(into: &body) else {
                    isDone = true
                    break
                }
                spans += post.spanCount
                slab += body
            }
            bytes += slab.count
            let begin = CPUClock.thread()
            compressed += try Self.compress(slab)
            seconds += CPUClock.thread() - begin
        }
        cpuSecondsPerMillionSpans = seconds / Double(spans) * 1e6
        megabytesPerSecond = Double(bytes) / seconds / 1e6
        bytesPerSpan = Double(compressed) / Double(spans)
        jsonBytesPerSpan = Double(bytes) / Double(spans)
    }

    /// The compressed size of all blocks.
    private static func compress(_ slab: [UInt8]) throws -> Int {
        let room = Int(LZ4_compressBound(Int32(blockByteCount)))
        let target = UnsafeMutablePointer<CChar>.allocate(capacity: room)
        defer { target.deallocate() }
        return try slab.withUnsafeBytes { memory in
            var (offset, total) = (0, 0)
            while offset < memory.count {
                let count = min(blockByteCount, memory.count - offset)
                let block = memory[offset..<(offset + count)]
                let size = UnsafeRawBufferPointer(rebasing: block).withMemoryRebound(to: CChar.self) {
                    LZ4_compress_default($0.baseAddress, target, Int32(count), Int32(room))
                }
                guard size > 0 else { throw BenchError("LZ4 refused a block") }
                total += Int(size)
                offset += count
            }
            return total
        }
    }
}
