import Dispatch
import FoundationEssentials
import Logging
import Releases
import Synchronization
import TestSupport
import TopologyStore
import TraceModel
import TraceStore
import WireFormats

/// A real store in a temporary folder.
final class RequestStore {
    let store: TraceStore
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        var options = StoreOptions()
        // Each look counts what came by then.
        options.topology.renewalInterval = 0
        store = try TraceStore(
            path: folder.path, options: options,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit { store.close() }

    /// With the posts of a recording of Zipkin's spans, sealed up to the middle.
    convenience init(recording: String) throws {
        try self.init()
        let bodies = try Self.bodies(ofRecording: recording)
        for (number, body) in bodies.enumerated() {
            try post(body)
            if number == bodies.count / 2 { try store.seal() }
        }
    }

    /// The posts of a recording of Zipkin's spans in JSON, in the order of arrival.
    static func bodies(ofRecording recording: String) throws -> [[UInt8]] {
        let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(recording)/posts.jsonl.gz")
        return try Gzip.unpacked(Array(try Data(contentsOf: file))).split(separator: 10).map { Array($0) }
    }

    /// With served requests, sealed but for the last ones.
    convenience init(_ requests: [MadeRequest]) throws {
        try self.init()
        try append(requests)
    }

    func append(_ requests: [MadeRequest]) throws {
        for start in stride(from: 0, to: requests.count, by: 2_000) {
            try append(MadeRequest.batch(requests[start..<min(start + 2_000, requests.count)], from: start))
            if start + 4_000 < requests.count { try store.seal() }
        }
    }

    func post(_ json: [UInt8]) throws {
        var builder = SpanBatchBuilder()
        try json.withUnsafeBytes { bytes in
            _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        try append(builder.makeBatch())
    }

    func append(_ batch: SpanBatch) throws {
        let outcome = Mutex<Result<Void, TraceStore.Refusal>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        store.append(batch) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        try outcome.withLock { $0 }?.get()
    }
}

/// A request that `shop` served.
struct MadeRequest {
    var version: String
    var operation = "GET /items"
    /// Seconds after the first.
    var time: Double
    var milliseconds = 10.0
    var isError = false
    var attributes: [String: String] = [:]
    /// Of an event with the type of an exception.
    var exception: String?
    /// That sampling keeps a request like it.
    var probability = 1.0

    static let start: Int64 = 1_790_000_000_000_000_000

    static func batch(_ requests: ArraySlice<MadeRequest>, from first: Int) -> SpanBatch {
        var builder = SpanBatchBuilder()
        func string(_ text: String) -> UInt32 {
            Array(text.utf8).withUnsafeBytes { builder.intern($0) }
        }
        for (place, request) in requests.enumerated() {
            builder.beginSpan()
            builder.traceID = TraceID(high: 7, low: UInt64(first + place + 1))
            builder.spanID = UInt64(first + place + 1)
            builder.start = start + Int64(request.time * 1e9)
            builder.duration = Int64(request.milliseconds * 1e6)
            builder.serviceName = string("shop")
            builder.operationName = string(request.operation)
            var traits = SpanTraits()
            traits.kind = .server
            traits.isError = request.isError
            builder.traits = traits
            builder.addAttribute(key: string("service.version"), string: string(request.version))
            for (key, value) in request.attributes.sorted(by: { $0.key < $1.key }) {
                builder.addAttribute(key: string(key), string: string(value))
            }
            if let exception = request.exception {
                var writer = AttributeWriter()
                let mark = writer.begin()
                Array("exception.type".utf8).withUnsafeBytes { writer.append(key: $0) }
                Array(exception.utf8).withUnsafeBytes { writer.append(string: $0) }
                writer.end(mark)
                writer.append(varint: 0)
                let attributes = builder.intern(writer.bytes)
                builder.addEvent(
                    name: string("exception"), time: builder.start, attributes: attributes)
            }
            if request.probability < 1 {
                builder.setField(.samplingThreshold, int: Int64((1 - request.probability) * 0x1p56))
            }
            builder.endSpan()
        }
        return builder.makeBatch()
    }
}

extension StoredRequestLimits {
    /// Slow machines are to read all of it too.
    static var ample: StoredRequestLimits {
        var limits = StoredRequestLimits()
        limits.time = .seconds(600)
        return limits
    }
}
