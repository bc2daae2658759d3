import Configuration
import Forwarding
import NetworkServer
import OpenSearchStore
import Telemetry
import Threads
import TopologyStore
import TraceStore

/// What the server tells of its parts.
enum ServerMetrics {
    static func register(_ metrics: MetricsRegistry, _ storage: Storage, _ group: HTTPServerGroup) {
        if let store = storage.embedded { register(metrics, store) }
        for forwarder in storage.forwarders { register(metrics, forwarder) }
        if !storage.forwarders.isEmpty { metrics.addSection { requestLines(storage.forwarders) } }
        if let cluster = storage.cluster { register(metrics, cluster) }
        metrics.gauge("skein_requests_in_flight_bytes", "Bytes of bodies being received or worked on.") {
            Double(group.inFlightByteCount)
        }
        ProcessMetrics.register(metrics)
    }

    private static func register(_ metrics: MetricsRegistry, _ store: TraceStore) {
        for metric in StoreMetrics.all {
            metrics.gauge(metric.name, metric.help, metric.labels) { metric.read(store.statistics()) }
        }
        metrics.gauge("skein_journal_queued_bytes", "Bytes that wait to be written.") {
            Double(store.statistics().journalQueuedByteCount)
        }
        metrics.counter("skein_spans_dropped_total", "Spans that went, by reason.", [("reason", "expired")]) {
            Double(store.statistics().expiredSpanCount)
        }
        metrics.counter("skein_store_compactions_total", "Merges of segments.") {
            Double(store.statistics().compactionCount)
        }
        register(metrics, topologyOf: store)
    }

    private static func register(_ metrics: MetricsRegistry, _ cluster: ClusterStorage) {
        metrics.counter("skein_cluster_spans_total", "Spans that are in the cluster that keeps them.") {
            Double(cluster.sink.statistics.keptSpanCount)
        }
        metrics.gauge("skein_cluster_waiting_spans", "Spans whose senders wait until the cluster has them.") {
            Double(cluster.sink.statistics.waitingSpanCount)
        }
        metrics.counter("skein_cluster_rejected_documents_total", "Documents that the cluster refused for good.") {
            Double(cluster.sink.statistics.rejectedDocumentCount)
        }
    }

    private static func register(_ metrics: MetricsRegistry, _ forwarder: Forwarder) {
        let labels = [(name: "destination", value: forwarder.options.name)]
        metrics.gauge("skein_forwarder_lag_spans", "Stored spans that a destination does not have yet.", labels) {
            Double(forwarder.status.lag.spanCount)
        }
        metrics.gauge("skein_forwarder_lag_seconds", "Age of the oldest segment of these; 0 without any.", labels) {
            forwarder.status.lag.oldestCreatedAt
                .map { max(0, Double(SystemClock.nanosecondsSince1970() - $0) / 1e9) } ?? 0
        }
        metrics.counter("skein_forwarder_documents_total", "Documents that a destination has taken.", labels) {
            Double(forwarder.status.documentCount)
        }
        metrics.counter(
            "skein_forwarder_dead_letter_total", "Documents that a destination refused for good.", labels
        ) { Double(forwarder.status.rejectedCount) }
        metrics.gauge("skein_forwarder_dead_letters", "Refused documents that are kept.", labels) {
            Double(forwarder.status.deadLetterCount)
        }
        metrics.counter(
            "skein_spans_dropped_total", "Spans that went, by reason.",
            [("reason", "expired-unforwarded")] + labels
        ) { Double(forwarder.status.lag.unsentSpanCount) }
    }

    /// By code, as they come: 0 where there was no answer.
    private static func requestLines(_ forwarders: [Forwarder]) -> [UInt8] {
        let name = "skein_forwarder_bulk_requests_total"
        var text = "# HELP \(name) Bulk requests to a destination, by code of the answer; 0 without one.\n"
        text += "# TYPE \(name) counter\n"
        for forwarder in forwarders {
            for (code, count) in forwarder.status.requestCounts.sorted(by: { $0.key < $1.key }) {
                text += "\(name){destination=\"\(forwarder.options.name)\",code=\"\(code)\"} \(count)\n"
            }
        }
        return Array(text.utf8)
    }

    private static func register(_ metrics: MetricsRegistry, topologyOf store: TraceStore) {
        metrics.gauge("skein_topology_waiting_spans", "Spans that wait for the rest of their traces.") {
            Double(store.topologyStatistics().waitingSpanCount)
        }
        metrics.gauge("skein_topology_series", "Callers, callees and operations that are told apart.") {
            Double(store.topologyStatistics().seriesCount)
        }
        metrics.counter("skein_topology_settled_spans_total", "Spans whose calls were counted for good.") {
            Double(store.topologyStatistics().settledSpanCount)
        }
        metrics.counter(
            "skein_topology_early_traces_total", "Traces whose calls were counted before they had come to rest."
        ) { Double(store.topologyStatistics().earlyTraceCount) }
        metrics.counter("skein_topology_folded_calls_total", "Calls counted with others, beyond the limit of series.") {
            Double(store.topologyStatistics().foldedCallCount)
        }
    }
}

/// The store's figures, as metrics of a server and as the lines of `skein store stats`.
enum StoreMetrics {
    struct Metric: Sendable {
        let name: String
        let help: String
        let labels: MetricsRegistry.Labels
        let read: @Sendable (StoreStatistics) -> Double

        /// With its labels, as Prometheus writes it.
        var text: String {
            labels.isEmpty
                ? name : name + "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
        }
    }

    static let all: [Metric] = [
        Metric(
            name: "skein_store_live_spans", help: "Spans in memory and in the journal.", labels: [],
            read: { Double($0.liveSpanCount) }),
        Metric(
            name: "skein_store_live_bytes", help: "Memory of these spans.", labels: [],
            read: { Double($0.liveByteCount) }),
        Metric(name: "skein_store_segments", help: "Segments.", labels: [], read: { Double($0.segmentCount) }),
        Metric(
            name: "skein_store_spans", help: "Spans in segments.", labels: [], read: { Double($0.segmentSpanCount) }),
        Metric(
            name: "skein_store_bytes", help: "Bytes on disk.", labels: [("part", "segments")],
            read: { Double($0.segmentByteCount) }),
        Metric(
            name: "skein_store_oldest_span_seconds", help: "Age of the oldest span in a segment; 0 without any.",
            labels: [],
            read: { statistics in
                statistics.earliestStart.map { Double(SystemClock.nanosecondsSince1970() - $0) / 1e9 } ?? 0
            }),
    ]
}

/// Counts what the listeners answered.
struct RequestObserver: HTTPServerObserver {
    private let metrics: MetricsRegistry
    private let receiverSeconds: Histogram
    private let querySeconds: Histogram

    init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        receiverSeconds = metrics.histogram("skein_receiver_request_seconds", "Time to answer who sent spans.")
        querySeconds = metrics.histogram("skein_query_seconds", "Time to answer queries.")
    }

    func requestFinished(_ summary: HTTPRequestSummary) {
        guard let listener = Listener(rawValue: summary.server), listener != .admin else { return }
        guard let api = listener.queryAPI(summary) else {
            receiverSeconds.record(nanoseconds: summary.durationNanoseconds)
            return
        }
        querySeconds.record(nanoseconds: summary.durationNanoseconds)
        metrics.counter(
            "skein_query_requests_total", "Queries, by API and code of the answer: of HTTP, or of gRPC.",
            [("api", api), ("code", "\(summary.callCode ?? summary.status.code)")]
        ).add()
    }
}

extension Listener {
    /// Whose API was asked; nil where spans were sent.
    fileprivate func queryAPI(_ summary: HTTPRequestSummary) -> String? {
        if summary.routePattern?.hasPrefix("/api/skein/") == true { return "skein" }
        switch self {
        case .zipkin: return summary.method == .post ? nil : "zipkin"
        case .jaegerStorage: return summary.routePattern?.hasPrefix("/opentelemetry.") == true ? nil : rawValue
        case .query: return "jaeger"
        case .queryGRPC: return "jaeger-grpc"
        case .tempo, .samplingHTTP, .samplingGRPC: return rawValue
        case .jaegerHTTP: return summary.routePattern == "/api/sampling" ? Listener.samplingHTTP.rawValue : nil
        case .jaegerGRPC:
            return summary.routePattern?.hasPrefix("/jaeger.api_v2.SamplingManager/") == true
                ? Listener.samplingGRPC.rawValue : nil
        default: return nil
        }
    }
}
