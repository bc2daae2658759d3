import Foundation
import HTTPAPI
import NetworkTestSupport
import Synchronization
import TestSupport
import Testing
import Topology
import TraceModel

/// What the Monitor page of Jaeger's web interface reads, over TCP, with counts that are made up.
@Suite(.serialized) struct JaegerMetricsTests {
    private static let minute: Int64 = 60_000_000_000
    /// In the middle of a minute.
    private static let now: Int64 = 1_800_000_000_000_000_000 + minute / 2

    private static func operation(
        _ service: String, _ name: String, version: String = "", namespace: String = "", kind: SpanKind = .server,
        isMirrored: Bool = false, _ steps: [(minutesAgo: Int64, calls: Int, errors: Int, milliseconds: Int64)]
    ) -> OperationTotals {
        OperationTotals(
            serviceName: service, namespace: namespace, version: version, operationName: name, spanKind: kind,
            isMirrored: isMirrored,
            steps: steps.map { step in
                var durations = DurationSketch()
                durations.add(step.milliseconds * 1_000_000, times: step.calls)
                return .init(
                    start: now - minute / 2 - step.minutesAgo * minute, callCount: step.calls, errorCount: step.errors,
                    durations: durations)
            })
    }

    private static let shop = [
        operation("reviews", "GET", version: "v1", [(5, 60, 6, 8), (0, 120, 0, 8)]),
        operation("reviews", "GET", version: "v2", [(5, 60, 0, 32)]),
        operation("reviews", "PUT", [(0, 15, 15, 1)]),
        operation("reviews", "mirrored", isMirrored: true, [(5, 1000, 1000, 1)]),
        operation("reviews", "call", kind: .client, [(5, 600, 0, 2)]),
        operation("details", "GET", namespace: "shop", [(5, 6, 0, 4)]),
    ]

    /// What the store was asked.
    private final class Asked: Sendable {
        private let state = Mutex<(window: Range<Int64>, step: Int64)?>(nil)

        var window: Range<Int64>? { state.withLock { $0?.window } }
        var step: Int64? { state.withLock { $0?.step } }

        func note(_ window: Range<Int64>, _ step: Int64) { state.withLock { $0 = (window, step) } }
    }

    private func serving(
        _ operations: [OperationTotals] = shop, _ body: (HTTPConnection, Asked) throws -> Void
    ) async throws {
        let asked = Asked()
        let metrics = JaegerMetrics(
            operations: { window, step in
                asked.note(window, step)
                return operations
            }, now: { Self.now })
        try await RunningServer.run(routes: { metrics.register(on: &$0) }) { server in
            try body(try HTTPConnection(port: UInt16(server.port)), asked)
        }
    }

    private struct Family: Decodable {
        struct Metric: Decodable {
            struct Label: Decodable { var name: String, value: String }
            struct Point: Decodable {
                struct Gauge: Decodable { var doubleValue: Double }
                var gaugeValue: Gauge
                var timestamp: Date
            }
            var labels: [Label]
            var metricPoints: [Point]

            var names: [String] { labels.map { "\($0.name)=\($0.value)" } }
            var values: [Double] { metricPoints.map(\.gaugeValue.doubleValue) }
        }
        var name: String, type: String, help: String
        var metrics: [Metric]
    }

    private func family(_ connection: HTTPConnection, _ target: String) throws -> Family {
        let response = try connection.request("GET", "/api/metrics/" + target)
        try #require(response.status == 200 && response.header("content-type") == "application/json")
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Family.self, from: Data(response.body))
    }

    // MARK: Answers

    @Test func `a service's rates are summed over its operations and versions, of the kind asked for`() async throws {
        try await serving { connection, _ throws in
            let calls = try family(connection, "calls?service=reviews")
            #expect(calls.name == "service_call_rate" && calls.type == "GAUGE" && !calls.help.isEmpty)
            #expect(calls.metrics.map(\.names) == [["service_name=reviews"]])
            // Of the minute under way thirty seconds have passed.
            #expect(calls.metrics[0].values == [2, 0, 0, 0, 0, 4.5])
            let start = Double(Self.now - Self.minute / 2 - 5 * Self.minute) / 1e9
            #expect(calls.metrics[0].metricPoints[0].timestamp.timeIntervalSince1970 == start)
            #expect(calls.metrics[0].metricPoints[5].timestamp.timeIntervalSince1970 == start + 300)
            let clients = try family(connection, "calls?service=reviews&spanKind=client")
            #expect(clients.metrics.map(\.values) == [[10]])
            let both = try family(connection, "calls?service=reviews&spanKind=client&spanKind=server")
            #expect(both.metrics.map(\.values) == [[12, 0, 0, 0, 0, 4.5]])
        }
    }

    @Test func `each operation is told by itself where they are asked for`() async throws {
        try await serving { connection, _ throws in
            let calls = try family(connection, "calls?service=reviews&groupByOperation=true")
            #expect(calls.name == "service_operation_call_rate")
            #expect(
                calls.metrics.map(\.names)
                    == [["service_name=reviews", "operation=GET"], ["service_name=reviews", "operation=PUT"]])
            #expect(calls.metrics.map(\.values) == [[2, 0, 0, 0, 0, 4], [0.5]])
        }
    }

    @Test func `errors are a part of the calls, and not told of steps without calls`() async throws {
        try await serving { connection, _ throws in
            let errors = try family(connection, "errors?service=reviews")
            #expect(errors.name == "service_error_rate")
            #expect(errors.metrics.map(\.values) == [[0.05, 15.0 / 135]])
            let grouped = try family(connection, "errors?service=reviews&groupByOperation=1")
            #expect(
                grouped.name == "service_operation_error_rate" && grouped.metrics.map(\.values) == [[0.05, 0], [1]])
        }
    }

    @Test func `durations are in milliseconds, of versions together`() async throws {
        try await serving { connection, _ throws in
            for (quantile, milliseconds) in [("0.5", 8.0), ("0.95", 32.0), ("1", 32.0)] {
                let latencies = try family(connection, "latencies?service=reviews&quantile=\(quantile)")
                #expect(latencies.name == "service_latencies" && latencies.metrics.count == 1)
                #expect(abs(latencies.metrics[0].values[0] / milliseconds - 1) < 0.01, "\(quantile)")
                #expect(latencies.metrics[0].values.count == 2)
            }
            let grouped = try family(connection, "latencies?service=reviews&quantile=0.5&groupByOperation=true")
            #expect(grouped.name == "service_operation_latencies" && grouped.metrics.count == 2)
        }
    }

    @Test func `services come as they are asked for, and by the names that a mesh gives them`() async throws {
        try await serving { connection, _ throws in
            let calls = try family(connection, "calls?service=reviews&service=none&service=details.shop")
            #expect(calls.metrics.map(\.names) == [["service_name=reviews"], ["service_name=details.shop"]])
            #expect(try family(connection, "calls?service=details").metrics.map(\.values) == [[0.1]])
            let nothing = try connection.request("GET", "/api/metrics/calls?service=none").text
            #expect(nothing.contains(#""metrics":[]"#))
        }
    }

    @Test func `a burst just now is not told as if it went on for a second's parts`() async throws {
        let burst = OperationTotals(
            serviceName: "a", namespace: "", version: "", operationName: "x", spanKind: .server, isMirrored: false,
            steps: [
                .init(start: Self.now - 1000, callCount: 7, errorCount: 0, durations: DurationSketch()),
                .init(start: Self.now + 1000, callCount: 7, errorCount: 0, durations: DurationSketch()),
            ])
        try await serving([burst]) { connection, _ throws in
            #expect(try family(connection, "calls?service=a").metrics.map(\.values) == [[7]])
            #expect(try family(connection, "latencies?service=a&quantile=0.5").metrics.isEmpty)
        }
    }

    @Test func `times that nobody can mean have no points`() async throws {
        let odd = OperationTotals(
            serviceName: "a", namespace: "", version: "", operationName: "x", spanKind: .server, isMirrored: false,
            steps: [Int64.min, -1, 0, .max].map { start in
                .init(start: start, callCount: 1, errorCount: 0, durations: DurationSketch())
            })
        try await serving([odd]) { connection, _ throws in
            #expect(try family(connection, "calls?service=a").metrics.isEmpty)
            let most = "calls?service=a&lookback=\(Int64.max)"
            #expect(try family(connection, most).metrics.map(\.values.count) == [1])
            #expect(try family(connection, most + "&endTs=\(Int64.max)").metrics.map(\.values.count) == [1])
            #expect(try family(connection, "calls?service=a&endTs=\(Int64.max)").metrics.isEmpty)
            #expect(try family(connection, "calls?service=a&endTs=0").metrics.isEmpty)
        }
    }

    @Test func `the shortest step is a minute`() async throws {
        try await serving { connection, _ throws in
            #expect(
                try connection.request("GET", "/api/metrics/minstep").text
                    == #"{"data":60000,"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }

    // MARK: Parameters

    @Test func `the interface's question is taken as it comes`() async throws {
        try await serving { connection, asked throws in
            let end = Self.now / 1_000_000
            _ = try family(
                connection,
                "latencies?service=reviews&endTs=\(end)&lookback=7200000&step=60000&ratePer=600000&spanKind=server"
                    + "&quantile=0.95&groupByOperation=true&loopback=1")
            #expect(asked.window == Self.now - 120 * Self.minute..<Self.now && asked.step == 60)
            _ = try family(connection, "calls?service=reviews")
            #expect(asked.window == Self.now - 60 * Self.minute..<Self.now && asked.step == 60)
        }
    }

    @Test(arguments: [
        ("lookback=3600000&step=60000", 60), ("lookback=3600000&step=1", 60), ("lookback=3600000&step=400000", 600),
        ("lookback=3600000&step=3600000", 3600), ("lookback=3600000&step=100000000000", 86_400),
        // No more steps than are kept, and drawn.
        ("lookback=17280000&step=60000", 60), ("lookback=21600000&step=60000", 600),
        ("lookback=172800000&step=60000", 600), ("lookback=604800000&step=60000", 3600),
        ("lookback=8640000000&step=60000", 86_400), ("endTs=1799000000000&lookback=3600000&step=60000", 3600),
        ("endTs=1&lookback=9223372036854775807&step=60000", 86_400),
    ])
    func `the step is one by which calls are counted`(query: String, step: Int64) async throws {
        try await serving([]) { connection, asked throws in
            #expect(try connection.request("GET", "/api/metrics/calls?service=a&" + query).status == 200)
            #expect(asked.step == step)
        }
    }

    @Test(arguments: [
        ("calls", "param 'service': please"), ("calls?service=", "param 'service': please"),
        ("calls?service=a&spanKind=SPAN_KIND_SERVER", "param 'spanKind': unsupported span kind: 'SPAN_KIND_SERVER'"),
        ("calls?service=a&groupByOperation=2", "param 'groupByOperation': 2 is neither"),
        ("calls?service=a&lookback=1h", "param 'lookback': 1h is no number"),
        ("calls?service=a&step=0", "param 'step': 0 is no number"),
        ("errors?service=a&endTs=now", "param 'endTs': now is no number"),
        ("errors?service=a&ratePer=-1", "param 'ratePer': -1 is no number"),
        ("latencies?service=a", "param 'quantile': it is missing"),
        ("latencies?service=a&quantile=1.01", "param 'quantile': 1.01: not a number"),
        ("latencies?service=a&quantile=nan", "param 'quantile': nan: not a number"),
    ])
    func `a wrong parameter is refused with its name`(target: String, reason: String) async throws {
        try await serving { connection, asked throws in
            let response = try connection.request("GET", "/api/metrics/" + target)
            #expect(response.status == 400)
            let start =
                #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"msg":"unable to parse \#(reason)"#
            #expect(response.text.hasPrefix(start), "\(response.text)")
            #expect(asked.step == nil)
        }
    }

    @Test func `the page says that there are metrics`() async throws {
        try await QueryServer.serving([]) { server throws in
            let page = try server.jaeger.request("GET", "/").text
            for name in ["STORAGE", "BACKEND"] {
                let line = page.split(separator: "\n").first { $0.hasPrefix("const JAEGER_\(name)_CAPABILITIES") }
                #expect(line?.contains(#""metricsStorage":true"#) == true)
            }
            for prefix in ["", "/jaeger"] {
                let answer = try server.jaeger.request("GET", prefix + "/api/metrics/calls?service=a")
                #expect(answer.status == 200)
            }
        }
    }
}
