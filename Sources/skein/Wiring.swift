import CShim
import HTTPAPI
import HTTPServer
import Ingestion
import Logging
import Telemetry
import TraceModel
import TraceStore
import UnixSignals
import WireFormats

/// Everything that the server is told, in the types of its parts.
struct ServerOptions {
    struct Listeners {
        /// IPv4 or IPv6 literals.
        var addresses = ["127.0.0.1", "::1"]
        /// nil: off; 0: any free port.
        var zipkinPort: Int? = 9411
        var queryPort: Int? = 16686
        var adminPort: Int? = 14269
        /// Added to every port but 0.
        var portOffset = 0
    }

    var dataPath = "./skein-data"
    var listeners = Listeners()
    var store = StoreOptions()
    var spanLimits = SpanLimits()
    var httpLimits = HTTPServerLimits()
    var httpGroup = HTTPServerGroup.Configuration()
    /// Nanoseconds that a search goes back where it does not say.
    var lookback: Int64 = 86_400_000_000_000
    var version = "0.1.0"
}

/// The program as a server: its parts, put together, started and stopped in order. The only place that knows them all.
struct Server {
    private let options: ServerOptions
    private let logger: Logger
    private let metrics = MetricsRegistry()

    /// Seconds that requests in progress have to end in, once the program is asked to stop.
    private static let shutdownSeconds = 5

    init(_ options: ServerOptions, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT; then finishes what was accepted, seals and returns.
    func run() async throws {
        skein_tune_allocator()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let store = try TraceStore(path: options.dataPath, options: options.store, logger: logger)
        store.start()
        let group = HTTPServerGroup(configuration: options.httpGroup, logger: logger)
        let admin = AdminRoutes(metrics: metrics)
        let servers: [HTTPServer]
        do {
            servers = try start(store, group, admin)
        } catch {
            await group.shutDown()
            store.close()
            throw error
        }
        register(store, group)
        admin.setReady(true)
        announce(servers)
        for await signal in signals {
            logger.notice("stopping", metadata: ["signal": "\(signal)"])
            break
        }
        admin.setReady(false)
        for server in servers { server.beginShutdown() }
        let deadline = ContinuousClock.now + .seconds(Self.shutdownSeconds)
        for server in servers { await server.finishShutdown(deadline: deadline) }
        await group.shutDown()
        store.close()
        logger.notice("stopped")
    }

    // MARK: Listeners

    private func start(_ store: TraceStore, _ group: HTTPServerGroup, _ admin: AdminRoutes) throws -> [HTTPServer] {
        let pipeline = IngestPipeline(
            sink: StoreSink(store: store), limits: options.spanLimits, workerCount: group.eventLoopCount,
            metrics: metrics)
        var zipkin = HTTPRouter()
        ZipkinReceiver(pipeline: pipeline).register(on: &zipkin)
        ZipkinQueries(store: store, lookback: options.lookback).register(on: &zipkin)
        zipkin.mount(prefix: "/zipkin")
        var query = HTTPRouter()
        JaegerQueries(store: store, lookback: options.lookback, version: options.version).register(on: &query)
        query.mount(prefix: "/jaeger")
        var adminRouter = HTTPRouter()
        admin.register(on: &adminRouter)
        let observer = RequestObserver(metrics)
        let listeners = options.listeners
        var servers: [HTTPServer] = []
        do {
            for (name, port, router) in [
                ("zipkin", listeners.zipkinPort, zipkin), ("query", listeners.queryPort, query),
                ("admin", listeners.adminPort, adminRouter),
            ] {
                guard let port else { continue }
                try servers += listen(name, port, router, group, observer)
            }
        } catch {
            for server in servers { server.beginShutdown() }
            throw error
        }
        return servers
    }

    /// One server for each address, all on the port that the first one got.
    private func listen(
        _ name: String, _ port: Int, _ router: HTTPRouter, _ group: HTTPServerGroup, _ observer: RequestObserver
    ) throws -> [HTTPServer] {
        var servers: [HTTPServer] = []
        var port = port == 0 ? 0 : port + options.listeners.portOffset
        for address in options.listeners.addresses {
            let server = HTTPServer(
                name: name, address: address, port: port, router: router, limits: options.httpLimits, group: group,
                observer: observer)
            do {
                try server.start()
            } catch {
                // Machines without IPv6 have no ::1, which nobody there misses.
                guard address == "::1", !servers.isEmpty else {
                    for started in servers { started.beginShutdown() }
                    throw error
                }
                logger.debug("not listening", metadata: ["address": "\(address)", "reason": "\(error)"])
                continue
            }
            port = server.boundPort ?? port
            servers.append(server)
        }
        return servers
    }

    /// The line that scripts wait for.
    private func announce(_ servers: [HTTPServer]) {
        var addresses: [(name: String, address: String)] = []
        for server in servers where !addresses.contains(where: { $0.name == server.name }) {
            addresses.append((server.name, server.boundAddress ?? ""))
        }
        let listeners = addresses.map { "\(jsonText($0.name)):\(jsonText($0.address))" }.joined(separator: ",")
        StandardError.write("{\"event\":\"ready\",\"listeners\":{\(listeners)},\"data\":\(jsonText(options.dataPath))}\n")
    }

    // MARK: Metrics

    private func register(_ store: TraceStore, _ group: HTTPServerGroup) {
        let gauges: [(String, String, MetricsRegistry.Labels, @Sendable (StoreStatistics) -> Double)] = [
            ("skein_store_live_spans", "Spans in memory and in the journal.", [], { Double($0.liveSpanCount) }),
            ("skein_store_live_bytes", "Memory of these spans.", [], { Double($0.liveByteCount) }),
            ("skein_store_segments", "Segments.", [], { Double($0.segmentCount) }),
            ("skein_store_spans", "Spans in segments.", [], { Double($0.segmentSpanCount) }),
            ("skein_store_bytes", "Bytes on disk.", [("part", "segments")], { Double($0.segmentByteCount) }),
            (
                "skein_store_oldest_span_seconds", "Age of the oldest stored span.", [],
                { $0.earliestStart.map { Double(Int64(WallClock.nanoseconds()) - $0) / 1e9 } ?? 0 }
            ),
            ("skein_journal_queued_bytes", "Bytes that wait to be written.", [], { Double($0.journalQueuedByteCount) }),
        ]
        for (name, help, labels, read) in gauges {
            metrics.gauge(name, help, labels) { read(store.statistics()) }
        }
        metrics.counter("skein_spans_dropped_total", "Spans that went, by reason.", [("reason", "expired")]) {
            Double(store.statistics().expiredSpanCount)
        }
        metrics.counter("skein_journal_syncs_total", "Times that the journal was made durable.") {
            Double(store.statistics().journalSyncCount)
        }
        metrics.counter("skein_journal_sync_seconds_total", "Time that took.") {
            store.statistics().journalSyncSeconds
        }
        metrics.gauge("skein_requests_in_flight_bytes", "Bytes of bodies being received or worked on.") {
            Double(group.inFlightByteCount)
        }
        ProcessMetrics.register(metrics)
    }
}

/// The store as what the pipeline needs.
private struct StoreSink: SpanSink {
    let store: TraceStore

    func append(_ batch: SpanBatch, completion: @escaping @Sendable (SpanSinkOutcome) -> Void) {
        store.append(batch) { result in
            switch result {
            case .success: completion(.kept)
            case .failure(.overloaded): completion(.overloaded)
            case .failure(.diskFull(let reason)): completion(.diskFull(reason))
            case .failure(.tooLarge(let reason)): completion(.tooLarge(reason))
            }
        }
    }
}

/// Counts what the listeners answered.
private struct RequestObserver: HTTPServerObserver {
    private let metrics: MetricsRegistry
    private let receiverSeconds: Histogram
    private let querySeconds: Histogram
    private let accepted: Counter

    init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        receiverSeconds = metrics.histogram("skein_receiver_request_seconds", "Time to answer who sent spans.")
        querySeconds = metrics.histogram("skein_query_seconds", "Time to answer queries.")
        accepted = Self.receiverRequests(metrics, "202")
    }

    private static func receiverRequests(_ metrics: MetricsRegistry, _ code: String) -> Counter {
        metrics.counter(
            "skein_receiver_requests_total", "Requests with spans, by protocol and code of the answer.",
            [("protocol", "zipkin-json"), ("code", code)])
    }

    func requestFinished(_ summary: HTTPRequestSummary) {
        if summary.method == .post && summary.server == "zipkin" {
            receiverSeconds.record(nanoseconds: summary.durationNanoseconds)
            let counter =
                summary.status.code == 202 ? accepted : Self.receiverRequests(metrics, "\(summary.status.code)")
            counter.add()
        } else if summary.server != "admin" {
            querySeconds.record(nanoseconds: summary.durationNanoseconds)
            metrics.counter(
                "skein_query_requests_total", "Queries, by API and code of the answer.",
                [("api", summary.server == "query" ? "jaeger" : summary.server), ("code", "\(summary.status.code)")]
            ).add()
        }
    }
}
