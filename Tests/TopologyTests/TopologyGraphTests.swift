import Testing
import Topology
import TraceModel

@Suite struct TopologyGraphTests {
    /// A canary: web calls reviews three times in v1 and once in v2, which fails; v2 asks a database.
    private static func canary() -> CallCount {
        var count = CallCount()
        for traceID in 1...4 as ClosedRange<UInt64> {
            let version = traceID == 4 ? "v2" : "v1"
            var parts: [CallTrace.Part] = [
                .init(1, .server, "web.shop", version: "v1", operation: "GET /", duration: 16),
                .init(2, under: 1, .client, "web.shop", version: "v1", duration: 8),
                .init(3, under: 2, .server, "reviews.shop", isError: traceID == 4, version: version, duration: 4),
            ]
            if traceID == 4 {
                parts.append(
                    .init(4, under: 3, .client, "reviews.shop", to: "orders", version: version).with {
                        $0.isDatabase = true
                    })
            }
            count.add(CallTrace(parts).records(&count.names, traceID: traceID))
        }
        return count
    }

    private func graph(
        _ grouping: TopologyQuery.Grouping, focus: String? = nil, depth: Int = 1, _ count: CallCount = canary()
    ) -> TopologyGraph {
        let query = TopologyQuery(window: 0..<1, grouping: grouping, focus: focus, depth: depth)
        return TopologyGraph(series: count.series, names: count.names, query: query, window: 0..<120)
    }

    private func edges(_ graph: TopologyGraph) -> [String] {
        graph.edges.map {
            let (from, to) = (graph.nodes[$0.from].id, graph.nodes[$0.to].id)
            return "\($0.kind) \(from)>\(to) \($0.callCount)/\($0.errorCount) \($0.requestShare)"
        }
    }

    @Test func `services have their requests, errors and durations`() {
        let graph = graph(.service)
        #expect(graph.nodes.map(\.id) == ["orders", "reviews.shop", "web.shop"])
        #expect(graph.nodes.map(\.isReporting) == [false, true, true])
        #expect(graph.nodes.map(\.callCount) == [0, 4, 4])
        #expect(graph.nodes.map(\.errorCount) == [0, 1, 0])
        #expect(graph.window == 0..<120)
        #expect(edges(graph) == ["database reviews.shop>orders 1/0 1.0", "rpc web.shop>reviews.shop 4/1 1.0"])
        let durations = graph.edges[1].client?.p50 ?? 0
        #expect(abs(Double(durations) / 8e6 - 1) <= 0.01)
    }

    @Test func `versions have the share of the requests that went to them`() {
        let graph = graph(.version)
        #expect(
            edges(graph) == [
                "database reviews.shop@v2>orders 1/0 1.0", "rpc web.shop@v1>reviews.shop@v1 3/0 0.75",
                "rpc web.shop@v1>reviews.shop@v2 1/1 0.25",
            ])
        #expect(graph.notes.contains { $0.contains("mirror") })
    }

    @Test func `namespaces and operations are nodes too`() {
        let namespaces = graph(.namespace)
        #expect(edges(namespaces) == ["database shop>(none) 1/0 1.0", "rpc shop>shop 4/1 1.0"])
        #expect(graph(.operation).nodes.map(\.id) == ["orders", "reviews.shop", "web.shop:GET /"])
    }

    @Test func `a focus shows who calls it and what it calls, as far as asked`() {
        #expect(graph(.service, focus: "web.shop").nodes.map(\.id) == ["reviews.shop", "web.shop"])
        #expect(graph(.service, focus: "web", depth: 2).nodes.count == 3)
        #expect(graph(.service, focus: "orders", depth: 0).nodes.map(\.id) == ["orders"])
        #expect(graph(.version, focus: "reviews.shop", depth: 1).nodes.count == 4)
        #expect(graph(.version, focus: "reviews.shop@v1", depth: 1).nodes.count == 2)
    }

    @Test func `an unknown focus is told with what is near`() {
        let graph = graph(.service, focus: "reveiws")
        #expect(graph.nodes.isEmpty && graph.edges.isEmpty)
        #expect(graph.notes.contains { $0.contains("near") && $0.contains("reviews.shop") || $0.contains("there are") })
        #expect(self.graph(.service, focus: "zzz").notes.contains { $0.contains("orders, reviews.shop, web.shop") })
        #expect(self.graph(.service, focus: "x", CallCount()).notes.contains { $0.contains("nothing was counted") })
    }

    @Test func `who is called by another of its names is one node`() {
        let trace = CallTrace(
            .init(1, .client, "web", to: "app"), .init(2, .server, "app.shop"), .init(3, .client, "web", to: "other"))
        #expect(graph(.service, trace.count).nodes.map(\.id) == ["app.shop", "other", "web"])
    }
}

@Suite struct PropagationReportTests {
    private func report(_ traces: [CallTrace]) -> PropagationReport {
        var count = CallCount()
        for (number, trace) in traces.enumerated() {
            count.add(trace.records(&count.names, traceID: UInt64(number + 1)))
        }
        return PropagationReport(series: count.series, names: count.names, window: 0..<60)
    }

    @Test func `a service that is called and begins traces does not hand on what it was called with`() {
        let inbound = CallTrace(.init(1, .client, "gate"), .init(2, under: 1, .server, "web", version: "v1"))
        let outbound = CallTrace(
            .init(1, .client, "web", version: "v1"), .init(2, under: 1, .server, "app", version: "v2"))
        let findings = report([inbound, outbound, outbound]).findings
        #expect(findings.map(\.problem) == [.unjoinedCalls])
        #expect(findings.first?.serviceName == "web" && findings.first?.version == "v1")
        #expect(findings.first?.peerName == "app" && findings.first?.peerVersion == "v2")
        #expect(findings.first?.count == 2 && findings.first?.total == 2)
        #expect(findings.first?.examples == ["00000000000000000000000000000002", "00000000000000000000000000000003"])
    }

    @Test func `missing parents and lonely traces are told, the most frequent first`() {
        let orphan = CallTrace(.init(2, under: 1, .server, "app"), .init(3, under: 2, .client, "app"))
        let findings = report([orphan, orphan]).findings
        #expect(findings.map(\.problem) == [.lonelyTraces, .missingParents])
        #expect(findings.map(\.count) == [2, 2] && findings.map(\.total) == [2, 4])
    }

    @Test func `traces that hold together have no findings`() {
        #expect(report([CallTrace(.init(1, .client, "gate"), .init(2, under: 1, .server, "web"))]).findings.isEmpty)
    }
}
