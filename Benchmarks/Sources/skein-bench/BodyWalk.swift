import CWireWalk
import Workload

/// The time that the bodies of a format take to be looked at once, in the way that the format forces: see `CWireWalk`.
struct BodyWalk: Codable {
    var cpuSecondsPerMillionSpans = 0.0
    var megabytesPerSecond = 0.0
    var bytesPerSpan = 0.0

    /// More than a processor's caches hold, so that a body comes from memory as it does for a server.
    private static let slabByteCount = 64 << 20
    private static let spanCountMax = 150_000

    /// Walks the start of the workload, post by post.
    init(_ workload: Workload) throws {
        let stream = workload.posts()
        var (slab, body, ends): ([UInt8], [UInt8], [Int]) = ([], [], [])
        slab.reserveCapacity(Self.slabByteCount + 4 << 20)
        var (spans, bytes, seconds, isDone) = (0, 0, 0.0, false)
        while !isDone {
            slab.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            while slab.count < Self.slabByteCount {
                guard spans < Self.spanCountMax, let post = stream.next(into: &body) else {
                    isDone = true
                    break
                }
                spans += post.spanCount
                slab += body
                ends.append(slab.count)
            }
            bytes += slab.count
            let begin = CPUClock.thread()
            try Self.walk(slab, ends, workload.configuration.format)
            seconds += CPUClock.thread() - begin
        }
        cpuSecondsPerMillionSpans = seconds / Double(spans) * 1e6
        megabytesPerSecond = Double(bytes) / seconds / 1e6
        bytesPerSpan = Double(bytes) / Double(spans)
    }

    private static func walk(_ slab: [UInt8], _ ends: [Int], _ format: SpanFormat) throws {
        try slab.withUnsafeBytes { memory in
            var start = 0
            for end in ends {
                guard walk(UnsafeRawBufferPointer(rebasing: memory[start..<end]), format) > 0 else {
                    throw BenchError("a post is not \(format.rawValue)")
                }
                start = end
            }
        }
    }

    /// How many pieces the body has; -1 if it is not of the format.
    static func walk(_ body: UnsafeRawBufferPointer, _ format: SpanFormat) -> Int64 {
        let bytes = body.assumingMemoryBound(to: UInt8.self)
        return switch format {
        case .zipkinJSON, .otlpJSON: skein_walk_json(bytes.baseAddress, bytes.count)
        case .zipkinProtobuf: skein_walk_zipkin_protobuf(bytes.baseAddress, bytes.count)
        case .otlpProtobuf: skein_walk_otlp_protobuf(bytes.baseAddress, bytes.count)
        case .jaegerThrift: skein_walk_thrift(bytes.baseAddress, bytes.count)
        }
    }
}
