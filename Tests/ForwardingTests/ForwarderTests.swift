import FoundationEssentials
import NetworkTestSupport
import OpenSearch
import TestSupport
import Testing
import TopologyStore
import TraceStore

@testable import Forwarding

@Suite struct ForwarderTests {
    private func run(
        _ configure: @escaping (inout ForwardingOptions, inout StoreOptions) -> Void = { _, _ in },
        _ test: @escaping (RecordingCluster, ForwarderHarness) throws -> Void
    ) async throws {
        let cluster = RecordingCluster()
        try await RunningServer.run(routes: { cluster.routes(&$0) }) { server in
            let harness = try ForwarderHarness(port: server.port, configure)
            try test(cluster, harness)
            harness.stop()
        }
    }

    @Test func `every span becomes one document, and what is stored later follows`() async throws {
        try await run({ options, _ in options.bulkDocumentCountMax = 7 }) { cluster, harness in
            try harness.seal(ForwarderHarness.spans(0..<50))
            try harness.start()
            try harness.untilDone()
            #expect(cluster.spans.count == 50)
            #expect(cluster.bulkCount >= 8)
            try harness.seal(ForwarderHarness.spans(50..<60))
            try harness.untilDone()
            #expect(cluster.spans.count == 60)
            #expect(cluster.arrivals.values.allSatisfy { $0 == 1 } || cluster.arrivals.count > 60)
            #expect(harness.forwarder?.status.documentCount ?? 0 >= 60)
            #expect(harness.forwarder?.status.problem == nil)
        }
    }

    @Test func `a cluster that is away costs lag and nothing else`() async throws {
        try await run { cluster, harness in
            cluster.setAway(true)
            try harness.start()
            for part in 0..<4 { try harness.seal(ForwarderHarness.spans(part * 20..<part * 20 + 20)) }
            try harness.until("a problem in words") { harness.forwarder?.status.problem != nil }
            #expect(harness.forwarder?.status.lag.spanCount == 80)
            // Merged meanwhile, but for what is being handed on.
            _ = try harness.store.compact()
            cluster.setAway(false)
            try harness.untilDone()
            #expect(cluster.spans.count == 80)
            try harness.until("no problem") { harness.forwarder?.status.problem == nil }
        }
    }

    @Test func `killed in the middle, nothing is missing and nothing twice`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        try await run({ options, store in
            options.bulkDocumentCountMax = 10
            options.requestCountMax = 2
            store.blockSpanCount = 64
        }) { cluster, harness in
            var generator = SeededGenerator(seed: seed)
            cluster.breakEvery(3)
            for part in 0..<6 {
                try harness.seal(ForwarderHarness.spans(part * 100..<part * 100 + 100))
                try harness.start()
                let count = cluster.arrivals.count + Int.random(in: 0..<100, using: &generator)
                try harness.until {
                    cluster.arrivals.count >= count || harness.store.lag(destination: "main").spanCount == 0
                }
                if part == 3 { _ = try harness.store.compact() }
                try harness.crash()
            }
            try harness.start()
            try harness.untilDone()
            #expect(cluster.spans.count == 600)
            let numbers = Set(
                cluster.spans.values.compactMap { $0.firstMatch(of: /"key":"number"[^}]*"value":"(\d+)"/)?.output.1 })
            #expect(numbers.count == 600)
        }
    }

    @Test func `a filter that changes in the middle of a segment doubles nothing, and misses nothing`() async throws {
        try await run({ options, _ in
            options.bulkDocumentCountMax = 10
            options.requestCountMax = 2
        }) { cluster, harness in
            cluster.breakEvery(3)
            try harness.seal(ForwarderHarness.spans(0..<400))
            try harness.start()
            try harness.until { cluster.arrivals.count >= 50 }
            try harness.crash()
            harness.options.filter.droppedAttributes = ["user"]
            try harness.seal(ForwarderHarness.spans(400..<500))
            try harness.start()
            try harness.untilDone()
            #expect(cluster.spans.count == 500)
            #expect(cluster.spans.values.count { !$0.contains("alice") } == 100)
        }
    }

    @Test func `stopped in good order it goes on where it was`() async throws {
        try await run({ options, _ in options.bulkDocumentCountMax = 5 }) { cluster, harness in
            try harness.seal(ForwarderHarness.spans(0..<200))
            try harness.start()
            try harness.until { cluster.bulkCount >= 2 }
            try harness.reopen()
            try harness.start()
            try harness.untilDone()
            #expect(cluster.spans.count == 200)
        }
    }

    @Test func `refused documents are dead letters, once each, and go when they are taken`() async throws {
        try await run({ options, _ in options.bulkDocumentCountMax = 10 }) { cluster, harness in
            cluster.refuse { $0.contains("\"1") && $0.contains("jaeger") == false && $0.contains("13\"") }
            try harness.seal(ForwarderHarness.spans(0..<40))
            try harness.start()
            try harness.untilDone()
            let refused = harness.forwarder?.status.deadLetterCount ?? 0
            #expect(refused > 0)
            #expect(cluster.spans.count + refused == 40)
            // The same again, as after a crash before it was noted.
            try harness.crash()
            let letters = try DeadLetters(harness.options, dataPath: harness.path)
            #expect(letters.count == refused)
            try letters.forEach { letter in
                #expect(letter.status == 400 && letter.type == "mapper_parsing_exception")
                #expect(letter.reason == "not \",\"source\":so")
                return true
            }
            try harness.start()
            #expect(
                try harness.forwarder?.retryDeadLetters()
                    == DeadLetterOutcome(deliveredCount: 0, refusedCount: refused))
            cluster.refuse { _ in false }
            #expect(
                try harness.forwarder?.retryDeadLetters()
                    == DeadLetterOutcome(deliveredCount: refused, refusedCount: 0))
            #expect(cluster.spans.count == 40)
            #expect(harness.forwarder?.status.deadLetterCount == 0)
            #expect(try DeadLetters(harness.options, dataPath: harness.path).byteCount == 0)
        }
    }

    @Test func `without room for dead letters it waits and says so`() async throws {
        try await run({ options, _ in
            options.bulkDocumentCountMax = 5
            options.deadLetterByteCountMax = 1
        }) { cluster, harness in
            cluster.refuse { $0.contains("\"number\"") }
            try harness.seal(ForwarderHarness.spans(0..<20))
            try harness.start()
            try harness.until("a problem") { harness.forwarder?.status.problem?.contains("room") == true }
            #expect(harness.store.lag(destination: "main").segmentCount == 1)
            let kept = harness.forwarder?.status.deadLetterCount ?? 0
            #expect(kept > 0 && kept < 20)
            cluster.refuse { _ in false }
            // Each time there is room for what was refused next.
            try harness.until("room") {
                _ = try harness.forwarder?.retryDeadLetters()
                return cluster.spans.count == 20 && harness.store.lag(destination: "main").segmentCount == 0
            }
            try harness.until("no problem") { harness.forwarder?.status.problem == nil }
            #expect(harness.forwarder?.status.deadLetterCount == 0)
        }
    }

    @Test func `the filter leaves out services, and what is no error, and hides attributes`() async throws {
        try await run({ options, _ in
            options.filter.serviceNames = ["cart"]
            options.filter.isErrorsOnly = true
            options.filter.droppedAttributes = ["number"]
            options.filter.hashedAttributes = ["user"]
        }) { cluster, harness in
            try harness.seal(
                ForwarderHarness.spans(0..<10, service: "shop", error: true)
                    + ForwarderHarness.spans(10..<20, service: "cart", error: true)
                    + ForwarderHarness.spans(20..<30, service: "cart"))
            try harness.start()
            try harness.untilDone()
            #expect(cluster.spans.count == 10)
            #expect(cluster.spans.values.allSatisfy { !$0.contains("alice") && !$0.contains("\"number\"") })
            #expect(cluster.spans.values.allSatisfy { $0.contains("\"user\"") && $0.contains("\"cart\"") })
            let hashes = Set(
                cluster.spans.values.compactMap { $0.firstMatch(of: /"key":"user"[^}]*"value":"([^"]+)"/)?.output.1 })
            #expect(hashes.count == 1)
            try harness.until { harness.forwarder?.status.filteredSpanCount == 20 }
        }
    }

    @Test func `a name that is no folder's is refused`() {
        for name in ["", "..", "a/b", "A", String(repeating: "a", count: 65)] {
            var options = ForwardingOptions(name: name, cluster: OpenSearchOptions(urls: ["http://127.0.0.1:9"]))
            #expect(options.problem != nil)
            options.name = "a-1_b.c"
            #expect(options.problem == nil)
            options.dependenciesInterval = .seconds(7)
            #expect(options.problem != nil)
        }
    }
}

/// Documents of the calls between services, one for each interval.
@Suite struct CallDocumentsTests {
    private static let minute: Int64 = 60_000_000_000

    /// A call of one service by another, in one trace. Time in microseconds since 1970.
    private func call(_ number: Int, at time: Int64) -> [String] {
        let trace = String(number + 1, radix: 16)
        return [
            """
            {"traceId":"\(trace)","id":"1","kind":"CLIENT","name":"get","timestamp":\(time),"duration":100,\
            "localEndpoint":{"serviceName":"shop"}}
            """,
            """
            {"traceId":"\(trace)","id":"2","parentId":"1","kind":"SERVER","name":"get","timestamp":\(time + 10),\
            "duration":50,"localEndpoint":{"serviceName":"cart"}}
            """,
        ]
    }

    private func calls(_ cluster: RecordingCluster) -> [String: String] {
        cluster.documents.filter { $0.key.hasPrefix("jaeger-dependencies-") }
    }

    @Test func `each interval has one document, written again when late calls change it`() async throws {
        let cluster = RecordingCluster()
        try await RunningServer.run(routes: { cluster.routes(&$0) }) { server in
            let harness = try ForwarderHarness(port: server.port) { options, store in
                options.dependenciesInterval = .seconds(60)
                store.topology.settleTime = 0
                store.topology.renewalInterval = 0
            }
            let now = Int64(Date().timeIntervalSince1970) * 1_000_000_000
            let first = now / Self.minute * Self.minute - 3 * Self.minute
            try harness.seal(call(0, at: first / 1000) + call(1, at: (first + Self.minute) / 1000))
            cluster.setAway(true)
            try harness.start()
            try harness.until("a note") { try harness.store.toldCalls(destination: "main").count == 2 }
            // What was to be told outlives the process.
            try harness.crash()
            cluster.setAway(false)
            try harness.start()
            try harness.until("two documents") { calls(cluster).count == 2 }
            #expect(calls(cluster).values.allSatisfy { $0.contains("\"callCount\":1") })
            let id = try harness.store.storeID() + "-\(first / 1_000_000_000)"
            try harness.seal(call(2, at: first / 1000 + 5))
            try harness.until("a change") {
                calls(cluster).contains { $0.key.hasSuffix(id) && $0.value.contains("\"callCount\":2") }
            }
            #expect(calls(cluster).count == 2)
            try harness.until("no content") {
                try harness.store.toldCalls(destination: "main").allSatisfy { $0.content == nil }
            }
            harness.stop()
        }
    }
}

/// Data Prepper's shape.
@Suite struct OTelShapeTests {
    @Test func `spans know their trace's root, and calls are told once`() async throws {
        let cluster = RecordingCluster()
        try await RunningServer.run(routes: { cluster.routes(&$0) }) { server in
            let harness = try ForwarderHarness(port: server.port) { options, _ in options.index.shape = .otel }
            func span(_ trace: Int, _ id: Int, parent: Int?, _ kind: String, _ service: String) -> String {
                let parentID = parent.map { "\"parentId\":\"\($0)\"," } ?? ""
                return """
                    {"traceId":"\(trace)","id":"\(id)",\(parentID)"kind":"\(kind)","name":"\(service)-op",\
                    "timestamp":\(ForwarderHarness.start + id),"duration":1000,\
                    "localEndpoint":{"serviceName":"\(service)"}}
                    """
            }
            for trace in 1...3 {
                try harness.seal([
                    span(trace, 1, parent: nil, "SERVER", "shop"), span(trace, 2, parent: 1, "CLIENT", "shop"),
                    span(trace, 3, parent: 2, "SERVER", "cart"),
                ])
            }
            try harness.start()
            try harness.untilDone()
            let spans = cluster.documents.filter { $0.key.hasPrefix("otel-v1-apm-span") }
            #expect(spans.count == 9)
            #expect(spans.values.allSatisfy { $0.contains("\"traceGroup\":\"shop-op\"") })
            let calls = cluster.documents.filter { $0.key.hasPrefix("otel-v1-apm-service-map") }
            #expect(calls.count == 2)
            #expect(cluster.templates.isSuperset(of: ["otel-v1-apm-span", "otel-v1-apm-service-map"]))
            harness.stop()
        }
    }
}
