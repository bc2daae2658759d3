public import Telemetry
internal import TraceModel
public import WireFormats

/// What is to be answered to who sent spans.
public enum IngestOutcome: Sendable {
    case accepted
    case malformed(String)
    case tooLarge(String)
    case overloaded(String)
}

/// The way of a body from its bytes to the sink: decoded, held against the limits, counted.
///
/// A decoder's memory belongs to one event loop: calls with the same worker number never overlap.
public final class IngestPipeline: Sendable {
    private let sink: any SpanSink
    private let limits: SpanLimits
    private let workers: [Worker]
    private let counters: IngestCounters

    private final class Worker: @unchecked Sendable {
        // Unchecked: only ever used by the thread of one event loop.
        var builder = SpanBatchBuilder()
    }

    public init(sink: any SpanSink, limits: SpanLimits, workerCount: Int, metrics: MetricsRegistry) {
        self.sink = sink
        self.limits = limits
        workers = (0..<workerCount).map { _ in Worker() }
        counters = IngestCounters(metrics)
    }

    /// Takes a body of Zipkin v2 JSON.
    /// - Parameter completion: called once: at once when the body is refused or empty, else from any thread when it
    ///   is stored.
    public func ingestZipkinJSON(
        _ bytes: UnsafeRawBufferPointer, worker: Int, completion: @escaping @Sendable (IngestOutcome) -> Void
    ) {
        let protocolCounters = counters.zipkinJSON
        let worker = workers[worker]
        defer { worker.builder.removeAll() }
        let spanCount: Int
        do throws(DecodeError) {
            spanCount = try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &worker.builder).acceptedCount
        } catch {
            protocolCounters.malformedBodies.add()
            completion(error.code == .tooManySpans ? .tooLarge(error.message) : .malformed(error.message))
            return
        }
        guard spanCount > 0 else {
            completion(.accepted)
            return
        }
        sink.append(worker.builder.makeBatch()) { outcome in
            switch outcome {
            case .kept:
                protocolCounters.accepted.add(spanCount)
                completion(.accepted)
            case .overloaded:
                protocolCounters.refused.add(spanCount)
                completion(.overloaded("more spans arrive than can be stored at the moment"))
            case .diskFull(let reason):
                protocolCounters.refused.add(spanCount)
                completion(.overloaded(reason))
            case .tooLarge(let reason):
                protocolCounters.refused.add(spanCount)
                completion(.tooLarge(reason))
            }
        }
    }
}
