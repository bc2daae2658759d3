internal import Bytes
internal import Synchronization
internal import Telemetry
public import Topology
internal import TraceModel

/// The topology as Prometheus reads it, under the names that Grafana's service graph and its views of span metrics ask
/// for.
///
/// Everything is counted from the start of the process. Requests that are a proxy's copies, and what is done for them,
/// are in none of it; a retried call is a request like any other. So that the number of series stays bounded, the first
/// come of each kind are told one by one, the largest of those that come together first, and all that come later are
/// summed under the label value `(other)`. A series that was told is told for as long as the process runs, and no
/// counter ever falls.
public final class ServiceGraphMetrics: Sendable {
    private let totals: @Sendable () -> [NamedTotals]
    private let state: Mutex<State>

    private struct State {
        var edges: SeriesTable<EdgeKey>
        var operations: SeriesTable<OperationKey>
    }

    /// - Parameters:
    ///   - edgeCountMax: pairs of services, by kind of connection, that are told one by one.
    ///   - operationCountMax: operations of services, by kind of span, likewise.
    ///   - totals: what was counted since the process began. Asked at each scrape.
    public init(
        edgeCountMax: Int = 2000, operationCountMax: Int = 2000, totals: @escaping @Sendable () -> [NamedTotals]
    ) {
        self.totals = totals
        state = Mutex(State(edges: SeriesTable(countMax: edgeCountMax), operations: .init(countMax: operationCountMax)))
    }

    /// The metrics now, in Prometheus' text format 0.0.4.
    public func text() -> [UInt8] {
        let totals = totals()
        return state.withLock { state in
            var edges: [EdgeKey: SeriesCounts] = [:]
            var operations: [OperationKey: SeriesCounts] = [:]
            for series in totals {
                if let key = EdgeKey(series) {
                    edges[key, default: SeriesCounts()].add(series.totals)
                } else if let key = OperationKey(series) {
                    operations[key, default: SeriesCounts()].add(series.totals)
                }
            }
            state.edges.update(edges)
            state.operations.update(operations)
            var page = MetricsPage(byteCount: (state.edges.rowCount + state.operations.rowCount) * 4096)
            page.append(edges: state.edges)
            page.append(operations: state.operations)
            page.appendFolded(edges: state.edges.foldedCount, operations: state.operations.foldedCount)
            return page.bytes
        }
    }
}

/// What a series of one family is told apart by.
protocol SeriesKey: Hashable, Comparable, Sendable {
    /// The key under which this one is summed when it is not told by itself.
    var folded: Self { get }
    /// As they stand between the braces.
    var labels: String { get }
}

extension SeriesKey {
    static var other: String { "(other)" }
}

/// Who calls whom, in which way.
struct EdgeKey: SeriesKey {
    var client: String
    var server: String
    /// A word of Grafana's; empty for a call between two services that both send spans.
    var connectionType: String

    private init(client: String, server: String, connectionType: String) {
        self.client = client
        self.server = server
        self.connectionType = connectionType
    }

    /// Nil for what is no request between two parties.
    init?(_ series: NamedTotals) {
        switch series.kind {
        case .rpc, .retried: connectionType = ""
        case .messaging: connectionType = "messaging_system"
        case .database: connectionType = "database"
        case .oneSided: connectionType = "virtual_node"
        case .link, .mirrored, .operation, .orphan, .unjoined, .lonely: return nil
        }
        guard !series.isMirrored, !series.caller.serviceName.isEmpty, !series.callee.serviceName.isEmpty else {
            return nil
        }
        client = series.caller.serviceName
        server = series.callee.serviceName
    }

    static func < (a: EdgeKey, b: EdgeKey) -> Bool {
        (a.client, a.server, a.connectionType) < (b.client, b.server, b.connectionType)
    }

    var folded: EdgeKey { EdgeKey(client: Self.other, server: Self.other, connectionType: connectionType) }

    var labels: String {
        let escaped = MetricsRegistry.escapedLabel
        return "client=\"\(escaped(client))\",server=\"\(escaped(server))\",connection_type=\"\(connectionType)\""
    }
}

/// What is done where.
struct OperationKey: SeriesKey {
    var service: String
    var spanName: String
    var spanKind: SpanKind

    private init(service: String, spanName: String, spanKind: SpanKind) {
        self.service = service
        self.spanName = spanName
        self.spanKind = spanKind
    }

    /// Nil for what is no operation of users' requests.
    init?(_ series: NamedTotals) {
        guard series.kind == .operation, !series.isMirrored else { return nil }
        service = series.callee.serviceName
        spanName = series.callee.operationName
        spanKind = series.spanKind
    }

    static func < (a: OperationKey, b: OperationKey) -> Bool {
        (a.service, a.spanName, a.spanKind.rawValue) < (b.service, b.spanName, b.spanKind.rawValue)
    }

    var folded: OperationKey { OperationKey(service: Self.other, spanName: Self.other, spanKind: spanKind) }

    var labels: String {
        let escaped = MetricsRegistry.escapedLabel
        return
            "service=\"\(escaped(service))\",span_name=\"\(escaped(spanName))\",span_kind=\"\(spanKind.protocolName)\""
    }
}

extension SpanKind {
    /// As OTLP's enumeration calls it.
    fileprivate var protocolName: String {
        switch self {
        case .unspecified: "SPAN_KIND_UNSPECIFIED"
        case .client: "SPAN_KIND_CLIENT"
        case .server: "SPAN_KIND_SERVER"
        case .producer: "SPAN_KIND_PRODUCER"
        case .consumer: "SPAN_KIND_CONSUMER"
        case .local: "SPAN_KIND_INTERNAL"
        }
    }
}
