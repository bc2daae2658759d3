public import Logging
public import Sampling
internal import Synchronization
public import Telemetry
internal import Threads
public import TraceModel
public import WireFormats

/// What is to be answered to who sent spans.
public enum IngestOutcome: Sendable {
    /// All are stored but those that the outcome tells of.
    case accepted(DecodeOutcome)
    case malformed(String)
    case tooLarge(String)
    case overloaded(String)
}

/// The way of a body from its bytes to the sink: decoded, held against the limits, sampled, counted.
///
/// A decoder's memory belongs to one event loop: calls with the same worker number never overlap.
public final class IngestPipeline: Sendable {
    public let metrics: ReceiverMetrics
    private let sink: any SpanSink
    private let limits: SpanLimits
    private let sampler: Mutex<HeadSampler?>
    private let accepted: Observer?
    private let samplerMetrics: SamplerMetrics
    private let workers: [Worker]
    private let log: UnreadableLog

    /// - Parameter now: nanoseconds since 1970.
    public typealias Observer = @Sendable (_ batch: SpanBatch, _ now: Int64) -> Void

    private final class Worker: @unchecked Sendable {
        // Unchecked: only ever used by the thread of one event loop.
        var builder = SpanBatchBuilder()
    }

    /// - Parameters:
    ///   - sampler: nil stores everything.
    ///   - accepted: told of all spans that were accepted, stored or not.
    public init(
        sink: any SpanSink, limits: SpanLimits, sampler: HeadSampler? = nil, workerCount: Int, metrics: MetricsRegistry,
        logger: Logger,
        accepted: Observer? = nil
    ) {
        self.sink = sink
        self.limits = limits
        self.sampler = Mutex(sampler)
        self.accepted = accepted
        samplerMetrics = SamplerMetrics(metrics)
        workers = (0..<workerCount).map { _ in Worker() }
        self.metrics = ReceiverMetrics(metrics)
        log = UnreadableLog(logger)
    }

    /// Puts another sampler in force; nil stores everything.
    public func changeSampler(_ new: HeadSampler?) { sampler.withLock { $0 = new } }

    /// Takes the spans of one body, message or datagram.
    /// - Parameters:
    ///   - sender: the address it came from, for the log.
    ///   - completion: called once: at once when the body is refused or has no spans, else from any thread when they
    ///     are stored.
    public func ingest(
        _ spanProtocol: SpanProtocol, _ bytes: UnsafeRawBufferPointer, worker: Int,
        sender: @autoclosure () -> String?, completion: @escaping @Sendable (IngestOutcome) -> Void
    ) {
        let counters = metrics[spanProtocol]
        let workerNumber = worker
        let worker = workers[worker]
        defer { worker.builder.removeAll() }
        let decoded: DecodeOutcome
        do throws(DecodeError) {
            decoded = try spanProtocol.decode(bytes, limits: limits, into: &worker.builder)
        } catch {
            refuse(spanProtocol, byteCount: bytes.count, reason: error.message, sender: sender())
            completion(error.isOfSize ? .tooLarge(error.message) : .malformed(error.message))
            return
        }
        if decoded.rejectedCount > 0 {
            counters.refused.add(decoded.rejectedCount)
            log.note(
                spanProtocol, sender: sender(), reason: decoded.firstRejection ?? "spans left out",
                byteCount: bytes.count)
        }
        if decoded.replacedStringCount > 0 { counters.replacedStrings.add(decoded.replacedStringCount) }
        guard decoded.acceptedCount > 0 else {
            completion(.accepted(decoded))
            return
        }
        let batch = worker.builder.makeBatch()
        let now = SystemClock.nanosecondsSince1970()
        let split = sampler.withLock { $0 }?.split(batch, worker: workerNumber, now: now)
        let (accepted, samplerMetrics) = (accepted, samplerMetrics)
        guard let first = split.map({ $0.kept ?? $0.counted }) ?? batch else {
            preconditionFailure("every span is kept or counted")
        }
        sink.append(first, counted: split?.kept == nil ? nil : split?.counted) { outcome in
            switch outcome {
            case .kept:
                counters.accepted.add(decoded.acceptedCount)
                accepted?(batch, now)
                for (policy, count) in split?.droppedCounts ?? [] {
                    samplerMetrics.decided(policy, isKept: false, spanCount: count)
                }
                if let kept = split?.kept { samplerMetrics.decided("head", isKept: true, spanCount: kept.spanCount) }
                completion(.accepted(decoded))
            case .overloaded:
                counters.refused.add(decoded.acceptedCount)
                completion(.overloaded("more spans arrive than can be stored at the moment"))
            case .diskFull(let reason):
                counters.refused.add(decoded.acceptedCount)
                completion(.overloaded(reason))
            case .tooLarge(let reason):
                counters.refused.add(decoded.acceptedCount)
                completion(.tooLarge(reason))
            }
        }
    }

    /// Counts a body that cannot be read, and has the log tell of it.
    public func refuse(
        _ spanProtocol: SpanProtocol, byteCount: Int, reason: String, sender: @autoclosure () -> String?
    ) {
        metrics[spanProtocol].malformedBodies.add()
        log.note(spanProtocol, sender: sender(), reason: reason, byteCount: byteCount)
    }
}

extension DecodeError {
    /// Whether the body is right but for its size.
    fileprivate var isOfSize: Bool { code == .tooManySpans || code == .tooLarge }
}
