import Ingestion
import Logging
import NetworkServer
import NetworkTestSupport
import Receivers
import Synchronization
import Telemetry
import TraceModel
import WireFormats

/// A sink that keeps count of what it gets, and answers as the test says.
final class TestSink: SpanSink {
    private let spanCounts = Mutex<[Int]>([])
    private let outcome: SpanSinkOutcome

    init(_ outcome: SpanSinkOutcome) { self.outcome = outcome }

    /// Spans of each batch.
    var batches: [Int] { spanCounts.withLock { $0 } }

    func append(
        _ batch: SpanBatch, counted: SpanBatch?, completion: @escaping @Sendable (SpanSinkOutcome) -> Void
    ) {
        spanCounts.withLock { $0.append(batch.spanCount) }
        completion(outcome)
    }
}

/// Lines written to a log.
final class LogLines: Sendable {
    private let all = Mutex<[String]>([])

    var lines: [String] { all.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: LogLines
        var logLevel = Logger.Level.info
        var metadata = Logger.Metadata()

        init(log: LogLines) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
            log.all.withLock { $0.append(([event.message.description] + fields).joined(separator: " ")) }
        }
    }
}

/// All receivers of TCP on one port.
final class RunningReceivers: Sendable {
    let running: RunningServer
    let sink: TestSink
    let metrics: MetricsRegistry
    let log: LogLines

    var port: Int { running.port }

    private init(_ running: RunningServer, _ sink: TestSink, _ metrics: MetricsRegistry, _ log: LogLines) {
        self.running = running
        self.sink = sink
        self.metrics = metrics
        self.log = log
    }

    static func run(
        sink outcome: SpanSinkOutcome = .kept, limits: HTTPServerLimits = HTTPServerLimits(),
        spanLimits: SpanLimits = SpanLimits(), inFlightByteCountMax: Int = 1 << 30,
        _ test: (RunningReceivers) async throws -> Void
    ) async throws {
        let sink = TestSink(outcome)
        let metrics = MetricsRegistry()
        let log = LogLines()
        let pipeline = IngestPipeline(
            sink: sink, limits: spanLimits, workerCount: 2, metrics: metrics, logger: log.logger)
        let routes: (inout HTTPRouter) -> Void = { router in
            ZipkinReceiver(pipeline: pipeline).register(on: &router)
            JaegerReceiver(pipeline: pipeline).registerHTTP(on: &router)
            JaegerReceiver(pipeline: pipeline).registerGRPC(on: &router)
            OTLPReceiver(pipeline: pipeline).registerHTTP(on: &router)
            OTLPReceiver(pipeline: pipeline).registerGRPC(on: &router)
        }
        let configure: (inout HTTPServerGroup.Configuration) -> Void = {
            $0.inFlightByteCountMax = inFlightByteCountMax
        }
        try await RunningServer.run(limits: limits, configure: configure, routes: routes) { running in
            try await test(RunningReceivers(running, sink, metrics, log))
        }
    }

    /// Posts a body over HTTP/1.1.
    func post(_ path: String, _ body: [UInt8], type: String?, _ fields: String = "") throws -> RawClient.Answer {
        let client = try running.client()
        let typeField = type.map { "Content-Type: \($0)\r\n" } ?? ""
        client.send(NetworkTestSupport.post(path, body, typeField + fields))
        return try client.readAnswer()
    }

    /// Calls a method over HTTP/2.
    func call(_ method: String, _ message: [UInt8]) throws -> CallOutcome {
        try HTTP2Client(port: port).call(method, message)
    }

    /// Requests counted for a protocol and a code.
    func requests(_ spanProtocol: String, code: Int) -> Int {
        metrics.counter(
            "skein_receiver_requests_total", "", [("protocol", spanProtocol), ("code", "\(code)")]
        ).total
    }

    func spans(_ spanProtocol: String, _ outcome: String) -> Int {
        metrics.counter(
            "skein_receiver_spans_total", "", [("protocol", spanProtocol), ("outcome", outcome)]
        ).total
    }

    func malformedBodies(_ spanProtocol: String) -> Int {
        metrics.counter("skein_receiver_malformed_bodies_total", "", [("protocol", spanProtocol)]).total
    }
}
