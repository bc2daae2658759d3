import HTTPAPI
import NetworkTestSupport
import Synchronization
import Telemetry
import TestSupport
import Testing
import Topology
import TraceModel

/// The service graph for Prometheus, read line by line.
@Suite struct ServiceGraphMetricsTests {
    private static func party(_ name: String, _ operation: String = "", version: String = "") -> NamedTotals.Party {
        .init(serviceName: name, namespace: "", version: version, operationName: operation)
    }

    private static func totals(
        calls: Int, errors: Int = 0, client: [Int64] = [], server: [Int64] = []
    ) -> CallTotals {
        var totals = CallTotals()
        totals.callCount = calls
        totals.errorCount = errors
        for duration in client { totals.clientDurations.add(duration * 1_000_000) }
        for duration in server { totals.serverDurations.add(duration * 1_000_000) }
        return totals
    }

    private static func edge(
        _ client: String, _ server: String, kind: CallSeries.Kind = .rpc, version: String = "", _ totals: CallTotals
    ) -> NamedTotals {
        NamedTotals(
            kind: kind, spanKind: .unspecified, isMirrored: kind == .mirrored, caller: party(client),
            callee: party(server, version: version), totals: totals)
    }

    private static func operation(
        _ service: String, _ name: String, kind: SpanKind = .server, isMirrored: Bool = false, _ totals: CallTotals
    ) -> NamedTotals {
        NamedTotals(
            kind: .operation, spanKind: kind, isMirrored: isMirrored, caller: party(""), callee: party(service, name),
            totals: totals)
    }

    /// A scrape, by series: the name with its labels.
    private struct Scrape {
        var values: [String: Double] = [:]
        /// Names of families, in order, with their types.
        var families: [String] = []

        init(_ bytes: [UInt8]) throws {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                if line.hasPrefix("# TYPE ") { families.append(String(line.dropFirst(7))) }
                if line.hasPrefix("#") { continue }
                let space = try #require(line.lastIndex(of: " "))
                let series = String(line[..<space])
                try #require(values[series] == nil, "\(series) stands twice")
                guard let value = Double(line[line.index(after: space)...]) else {
                    Issue.record("no number: \(line)")
                    continue
                }
                values[series] = value
                let family = families.last?.prefix { $0 != " " } ?? "none"
                #expect(series.hasPrefix(family), "each series stands with its family")
            }
        }

        subscript(series: String) -> Double? { values[series] }
    }

    private static func labels(_ client: String, _ server: String, _ type: String = "") -> String {
        "client=\"\(client)\",server=\"\(server)\",connection_type=\"\(type)\""
    }

    // MARK: Series

    @Test func `edges are requests between services, in the words of Grafana`() throws {
        let series = [
            Self.edge("front", "back", version: "v1", Self.totals(calls: 90, errors: 2)),
            Self.edge("front", "back", version: "v2", Self.totals(calls: 10, errors: 1)),
            Self.edge("front", "back", kind: .retried, Self.totals(calls: 5, errors: 5)),
            Self.edge("front", "back", kind: .mirrored, Self.totals(calls: 100, errors: 100)),
            Self.edge("front", "back", kind: .link, Self.totals(calls: 1000)),
            Self.edge("front", "outside", kind: .oneSided, Self.totals(calls: 7)),
            Self.edge("back", "mysql", kind: .database, Self.totals(calls: 8)),
            Self.edge("back", "queue", kind: .messaging, Self.totals(calls: 9)),
            Self.edge("", "back", kind: .orphan, Self.totals(calls: 3)),
            Self.edge("front", "back", kind: .unjoined, Self.totals(calls: 3)),
        ]
        let scrape = try Scrape(ServiceGraphMetrics { series }.text())
        let total = "traces_service_graph_request_total"
        let found = scrape.values.filter { $0.key.hasPrefix(total) }
        #expect(
            found == [
                "\(total){\(Self.labels("front", "back"))}": 105,
                "\(total){\(Self.labels("front", "outside", "virtual_node"))}": 7,
                "\(total){\(Self.labels("back", "mysql", "database"))}": 8,
                "\(total){\(Self.labels("back", "queue", "messaging_system"))}": 9,
            ])
        let failed = "traces_service_graph_request_failed_total"
        #expect(scrape["\(failed){\(Self.labels("front", "back"))}"] == 8)
        #expect(scrape["\(failed){\(Self.labels("back", "mysql", "database"))}"] == 0)
        #expect(
            scrape.families == [
                "traces_service_graph_request_total counter", "traces_service_graph_request_failed_total counter",
                "traces_service_graph_request_server_seconds histogram",
                "traces_service_graph_request_client_seconds histogram", "traces_spanmetrics_calls_total counter",
                "traces_spanmetrics_latency histogram", "skein_metrics_folded_series gauge",
            ])
    }

    @Test func `durations are counted exactly up to powers of two of a millisecond`() throws {
        let client: [Int64] = [2, 3, 4, 5, 16_384, 16_385]
        let server: [Int64] = [1]
        let series = [
            Self.edge("a", "b", version: "v1", Self.totals(calls: 6, client: client)),
            Self.edge("a", "b", version: "v2", Self.totals(calls: 1, client: [100], server: server)),
        ]
        let scrape = try Scrape(ServiceGraphMetrics { series }.text())
        let labels = Self.labels("a", "b")
        let name = "traces_service_graph_request_client_seconds"
        let bounds = ["0.002", "0.004", "0.008", "0.064", "0.128", "8.192", "16.384", "+Inf"]
        #expect(
            bounds.map { scrape["\(name)_bucket{\(labels),le=\"\($0)\"}"] } == [1, 3, 4, 4, 5, 5, 6, 7])
        #expect(scrape["\(name)_count{\(labels)}"] == 7 && scrape["\(name)_sum{\(labels)}"] == 32.883)
        #expect(scrape["traces_service_graph_request_server_seconds_count{\(labels)}"] == 1)
        #expect(scrape["traces_service_graph_request_server_seconds_bucket{\(labels),le=\"0.002\"}"] == 1)
    }

    @Test func `operations are spans by service, name, kind and status`() throws {
        let series = [
            Self.operation("back", "GET /", Self.totals(calls: 10, errors: 3, client: [2, 2, 8])),
            Self.operation("back", "GET /", kind: .client, Self.totals(calls: 4)),
            Self.operation("back", "GET /", isMirrored: true, Self.totals(calls: 50, errors: 50)),
            Self.operation("back", "work", kind: .local, Self.totals(calls: 1)),
        ]
        let scrape = try Scrape(ServiceGraphMetrics { series }.text())
        func labels(_ name: String, _ kind: String) -> String {
            "service=\"back\",span_name=\"\(name)\",span_kind=\"SPAN_KIND_\(kind)\""
        }
        let calls = "traces_spanmetrics_calls_total"
        for (name, kind, unset, errors) in [
            ("GET /", "SERVER", 7.0, 3.0), ("GET /", "CLIENT", 4, 0), ("work", "INTERNAL", 1, 0),
        ] {
            let labels = labels(name, kind)
            #expect(scrape["\(calls){\(labels),status_code=\"STATUS_CODE_UNSET\"}"] == unset)
            #expect(scrape["\(calls){\(labels),status_code=\"STATUS_CODE_ERROR\"}"] == errors)
        }
        #expect(scrape.values.keys.filter { $0.hasPrefix(calls) }.count == 6)
        #expect(scrape["traces_spanmetrics_latency_count{\(labels("GET /", "SERVER"))}"] == 3)
        #expect(scrape["traces_spanmetrics_latency_bucket{\(labels("GET /", "SERVER")),le=\"0.004\"}"] == 2)
    }

    @Test func `names from outside stay within their labels`() throws {
        let name = "a\"b\\c\nd}e{ f=\"g\r\n\u{301}"
        let series = [
            Self.edge(name, "ünï 中", Self.totals(calls: 1)), Self.operation(name, name, Self.totals(calls: 1)),
        ]
        let scrape = try Scrape(ServiceGraphMetrics { series }.text())
        let escaped = "a\\\"b\\\\c\\nd}e{ f=\\\"g\r\\n\u{301}"
        #expect(scrape["traces_service_graph_request_total{\(Self.labels(escaped, "ünï 中"))}"] == 1)
        let labels = "service=\"\(escaped)\",span_name=\"\(escaped)\",span_kind=\"SPAN_KIND_SERVER\""
        #expect(scrape["traces_spanmetrics_latency_count{\(labels)}"] == 0)
    }

    // MARK: Bounds

    @Test func `beyond the bound the smaller series are summed, by kind of connection`() throws {
        var series: [NamedTotals] = []
        for number in 1...5 {
            let (client, calls) = ("c\(number)", Self.totals(calls: number, client: [1]))
            series.append(Self.edge(client, "s", calls))
            series.append(Self.edge(client, "db", kind: .database, Self.totals(calls: 10 * number, errors: number)))
            if number < 5 { series.append(Self.operation("o\(number)", "x", calls)) }
        }
        let metrics = ServiceGraphMetrics(edgeCountMax: 5, operationCountMax: 3) { [series] in series }
        let scrape = try Scrape(metrics.text())
        let total = "traces_service_graph_request_total"
        #expect(scrape.values.keys.filter { $0.hasPrefix(total) }.count == 6)
        #expect(scrape["\(total){\(Self.labels("c5", "db", "database"))}"] == 50)
        // Of two that are as large the first by name.
        #expect(scrape["\(total){\(Self.labels("c1", "db", "database"))}"] == 10)
        #expect(scrape["\(total){\(Self.labels("(other)", "(other)"))}"] == 15)
        let other = Self.labels("(other)", "(other)")
        #expect(scrape["traces_service_graph_request_client_seconds_count{\(other)}"] == 5)
        #expect(scrape["skein_metrics_folded_series{family=\"service_graph\"}"] == 5)
        #expect(scrape["skein_metrics_folded_series{family=\"spanmetrics\"}"] == 1)
        let labels = "service=\"(other)\",span_name=\"(other)\",span_kind=\"SPAN_KIND_SERVER\""
        #expect(scrape["traces_spanmetrics_calls_total{\(labels),status_code=\"STATUS_CODE_UNSET\"}"] == 1)
    }

    @Test func `who is called as a sum is has no series beside it`() throws {
        let series = [
            Self.edge("(other)", "(other)", Self.totals(calls: 5)), Self.edge("a", "b", Self.totals(calls: 4)),
            Self.edge("a", "c", Self.totals(calls: 2)),
        ]
        let scrape = try Scrape(ServiceGraphMetrics(edgeCountMax: 1) { series }.text())
        let total = "traces_service_graph_request_total"
        #expect(scrape["\(total){\(Self.labels("a", "b"))}"] == 4)
        #expect(scrape["\(total){\(Self.labels("(other)", "(other)"))}"] == 7)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no counter falls and no series goes, whatever comes in between`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let counted = Mutex<[String: NamedTotals]>([:])
        let metrics = ServiceGraphMetrics(edgeCountMax: 20, operationCountMax: 10) {
            counted.withLock { $0.values.shuffled() }
        }
        var before: [String: Double] = [:]
        for round in 0..<60 {
            counted.withLock { counted in
                for _ in 0..<Int.random(in: 0...30, using: &generator) {
                    let number = Int.random(in: 0...(round * 2), using: &generator)
                    let kind = [CallSeries.Kind.rpc, .database, .operation].randomElement(using: &generator) ?? .rpc
                    let duration = Int64.random(in: 0...40_000, using: &generator)
                    let more = Self.totals(
                        calls: Int.random(in: 1...1000, using: &generator), errors: Int.random(in: 0...1),
                        client: [duration], server: [duration / 2])
                    let name = "\(kind) \(number)"
                    let fresh =
                        kind == .operation
                        ? Self.operation(name, "x", CallTotals()) : Self.edge(name, "s", kind: kind, CallTotals())
                    counted[name, default: fresh].totals.merge(more)
                }
            }
            let scrape = try Scrape(metrics.text())
            for (series, value) in before where !series.hasPrefix("skein_metrics_folded_series") {
                let now = try #require(scrape[series], "seed \(seed), round \(round): \(series) is gone")
                try #require(now >= value, "seed \(seed), round \(round): \(series) fell from \(value) to \(now)")
            }
            before = scrape.values
        }
        let sum = counted.withLock { counted in
            counted.values.filter { $0.kind != .operation }.reduce(0) { $0 + $1.totals.callCount }
        }
        let told = before.filter { $0.key.hasPrefix("traces_service_graph_request_total") }.values.reduce(0, +)
        #expect(told == Double(sum), "seed \(seed)")
        #expect(before["skein_metrics_folded_series{family=\"service_graph\"}"] ?? 0 > 0)
    }

    @Test func `a scrape has every edge that there is room for`() async throws {
        let count = 2000
        let series = (0..<count).map { number in
            Self.edge(
                "client-\(number / 50).namespace", "server-\(number % 50).namespace",
                Self.totals(calls: number, client: [1, 20, 300], server: [1, 20, 300]))
        }
        let registry = MetricsRegistry()
        registry.counter("own_total", "Before all sections.").add(3)
        let metrics = ServiceGraphMetrics { series }
        registry.addSection { metrics.text() }
        let admin = AdminRoutes(metrics: registry)
        try await RunningServer.run(routes: { admin.register(on: &$0) }) { server in
            let connection = try HTTPConnection(port: UInt16(server.port))
            let response = try connection.request("GET", "/metrics")
            #expect(response.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let scrape = try Scrape(response.body)
            #expect(scrape["own_total"] == 3)
            #expect(scrape.values.keys.filter { $0.contains("_server_seconds_count") }.count == count)
            #expect(scrape["skein_metrics_folded_series{family=\"service_graph\"}"] == 0)
        }
    }

    // MARK: Prometheus

    @Test(.prometheusParser) func `Prometheus' own client reads all of it`() throws {
        let registry = MetricsRegistry()
        registry.counter("own_total", "Before all sections.", [("odd", "\"\\\n")]).add(3)
        registry.histogram("own_seconds", "Another histogram.").record(nanoseconds: 5_000_000)
        let name = "a\"b\\c\nd}e{ f=\"g,h\u{301} 中 \\n"
        let durations: [Int64] = [1, 2, 3, 500, 70_000]
        let series = [
            Self.edge(name, "back", Self.totals(calls: 5, errors: 1, client: durations, server: durations)),
            Self.edge("front", "db", kind: .database, Self.totals(calls: 1)),
            Self.edge("front", "queue", kind: .messaging, Self.totals(calls: 1)),
            Self.operation("back", name, Self.totals(calls: 5, errors: 1, client: durations)),
            Self.operation("back", "x", Self.totals(calls: 4)),
        ]
        let metrics = ServiceGraphMetrics(edgeCountMax: 2, operationCountMax: 1) { series }
        registry.addSection { metrics.text() }
        let families = try PrometheusParser.read(registry.bytes())
        // A parser drops the end of a counter's name.
        let total = try #require(families["traces_service_graph_request"])
        #expect(total.type == "counter")
        let full = "traces_service_graph_request_total"
        #expect(
            total.samples == [
                .init(full, ["client": name, "server": "back", "connection_type": ""], 5),
                .init(full, ["client": "front", "server": "db", "connection_type": "database"], 1),
                .init(full, ["client": "(other)", "server": "(other)", "connection_type": "messaging_system"], 1),
            ])
        let latency = try #require(families["traces_spanmetrics_latency"])
        #expect(latency.type == "histogram")
        let labels = ["service": "back", "span_name": name, "span_kind": "SPAN_KIND_SERVER"]
        #expect(latency.samples.contains(.init("traces_spanmetrics_latency_sum", labels, 70.506)))
        #expect(families["own"]?.samples == [.init("own_total", ["odd": "\"\\\n"], 3)])
    }
}
