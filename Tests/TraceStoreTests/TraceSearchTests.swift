import Testing
import TraceModel

@testable import TraceStore

private let base = 1_790_000_000_000_000

/// Every rule holds for live spans, for sealed ones and for traces of which each has a part.
enum Placement: String, CaseIterable {
    case live
    case sealed
    case split
}

@Suite struct TraceSearchTests {
    /// A store with the spans where the placement says: split means that every second span is sealed.
    private func store(_ placement: Placement, _ spans: [String]) throws -> StoreHarness {
        let harness = try StoreHarness()
        switch placement {
        case .live:
            try harness.post(spans)
        case .sealed:
            try harness.post(spans)
            harness.store.sealAll()
        case .split:
            for (index, span) in spans.enumerated() where index % 2 == 0 { _ = (index, try harness.post([span])) }
            harness.store.sealAll()
            for (index, span) in spans.enumerated() where index % 2 == 1 { _ = (index, try harness.post([span])) }
        }
        return harness
    }

    @Test(arguments: Placement.allCases)
    func `different spans of the service may meet different clauses, those of others may not`(
        placement: Placement
    ) throws {
        let harness = try store(
            placement,
            [
                StoreHarness.span(trace: "a", id: "1", tags: ["x": "1"]),
                StoreHarness.span(trace: "a", id: "2", parent: "1", name: "put", tags: ["y": "2"]),
                StoreHarness.span(trace: "b", id: "3", tags: ["x": "1"]),
                StoreHarness.span(trace: "b", id: "4", parent: "3", service: "cart", tags: ["y": "2"]),
            ])
        let found = try harness.find {
            $0.serviceName = "shop"
            $0.attributes = [
                .init(key: "x", target: .attribute(value: "1")), .init(key: "y", target: .attribute(value: "2")),
            ]
        }
        #expect(found == ["a"])
        let byName = try harness.find {
            $0.serviceName = "shop"
            $0.operationName = "put"
            $0.attributes = [.init(key: "x", target: .attribute(value: "1"))]
        }
        #expect(byName == ["a"])
        let oneSpan = try harness.find(.oneSpan) {
            $0.serviceName = "shop"
            $0.attributes = [
                .init(key: "x", target: .anywhere(value: "1")), .init(key: "y", target: .anywhere(value: "2")),
            ]
        }
        #expect(oneSpan.isEmpty)
    }

    @Test(arguments: Placement.allCases)
    func `a remote endpoint never makes a trace one of that service`(placement: Placement) throws {
        let harness = try store(placement, [StoreHarness.span(trace: "a", id: "1", kind: "CLIENT", remote: "cart")])
        #expect(try harness.find { $0.serviceName = "cart" }.isEmpty)
        #expect(try harness.find { $0.remoteServiceName = "cart" } == ["a"])
        #expect(try harness.store.remoteServiceNames(ofService: "shop") == ["cart"])
        #expect(try harness.store.serviceNames() == ["shop"])
    }

    @Test(arguments: Placement.allCases)
    func `the window tests the start of the root and is inclusive at both ends`(placement: Placement) throws {
        let harness = try store(
            placement,
            [
                StoreHarness.span(trace: "a", id: "1", at: base),
                StoreHarness.span(trace: "a", id: "2", parent: "1", at: base + 5000),
                StoreHarness.span(trace: "b", id: "3", at: base + 3000),
                StoreHarness.span(trace: "c", id: "4", parent: "99", at: base + 4000),
            ])
        func found(_ from: Int, _ to: Int) throws -> [String] {
            try harness.find {
                $0.startMin = Int64(from) * 1000
                $0.startMax = Int64(to) * 1000
            }
        }
        #expect(try found(base, base) == ["a"])
        #expect(try found(base + 1, base + 2999).isEmpty)
        #expect(try found(base + 5000, base + 6000).isEmpty, "the later span of a is not its root")
        #expect(try found(base + 3000, base + 4000) == ["c", "b"], "without a root the earliest span counts")
    }

    @Test(arguments: Placement.allCases)
    func `the limit keeps the traces that start last, whole`(placement: Placement) throws {
        let spans = (0..<40).flatMap { number in
            let trace = String(number + 16, radix: 16)
            return [
                StoreHarness.span(trace: trace, id: "1", at: base + number * 1000),
                StoreHarness.span(trace: trace, id: "2", parent: "1", service: "cart", at: base + number * 1000 + 10),
            ]
        }
        let harness = try store(placement, spans.shuffled())
        var query = TraceQuery(rules: .anySpans, startMin: 0, startMax: .max, limit: 3)
        query.serviceName = "cart"
        let result = try harness.store.find(query)
        #expect(result.traces.map { $0.traceID.low } == [55, 54, 53])
        #expect(result.traces.allSatisfy { $0.spans.count == 2 })
        #expect(result.hasMore)
        query.limit = 40
        let all = try harness.store.find(query)
        #expect(all.traces.count == 40)
        #expect(!all.hasMore)
    }

    @Test(arguments: Placement.allCases)
    func `a bare word is a key or an event, a duration needs one span`(placement: Placement) throws {
        let harness = try store(
            placement,
            [
                StoreHarness.span(trace: "a", id: "1", duration: 5000, tags: ["error": ""]),
                StoreHarness.span(trace: "b", id: "2", duration: 50, annotation: "retry"),
                StoreHarness.span(trace: "b", id: "3", parent: "2", duration: 90_000),
            ])
        #expect(try harness.find { $0.attributes = [.init(key: "error", target: .keyOrEvent)] } == ["a"])
        #expect(try harness.find { $0.attributes = [.init(key: "retry", target: .keyOrEvent)] } == ["b"])
        #expect(try harness.find { $0.attributes = [.init(key: "nothing", target: .keyOrEvent)] }.isEmpty)
        #expect(
            try harness.find {
                $0.durationMin = 5_000_000
                $0.durationMax = 5_000_000
            } == ["a"])
        #expect(
            try harness.find {
                $0.durationMin = 60_000
                $0.durationMax = 80_000_000
            } == ["a"], "no single span of b lies between")
    }

    @Test(arguments: Placement.allCases)
    func `one span has to meet everything that Jaeger asks, its start in the window included`(
        placement: Placement
    ) throws {
        let harness = try store(
            placement,
            [
                StoreHarness.span(trace: "a", id: "1", at: base),
                StoreHarness.span(trace: "a", id: "2", parent: "1", kind: "CLIENT", at: base + 5000, tags: ["k": "v"]),
                StoreHarness.span(trace: "b", id: "3", at: base + 1000, tags: ["error": "true"]),
            ])
        func found(_ key: String, _ value: String, from: Int = 0) throws -> [String] {
            try harness.find(.oneSpan) {
                $0.serviceName = "shop"
                $0.startMin = Int64(from) * 1000
                $0.attributes = [.init(key: key, target: .anywhere(value: value))]
            }
        }
        #expect(try found("k", "v", from: base + 4000) == ["a"], "a later span starts in the window")
        #expect(try found("k", "v", from: base + 6000).isEmpty)
        #expect(try found("span.kind", "client") == ["a"])
        #expect(try found("span.kind", "server") == ["b", "a"])
        #expect(try found("error", "true") == ["b"])
    }

    @Test(arguments: Placement.allCases)
    func `a value that stands in one trace of thousands is found`(placement: Placement) throws {
        let spans = (1...3000).map { number in
            let digits = String(number + 0x10000, radix: 16)
            return StoreHarness.span(
                trace: digits, id: "1", at: base + number,
                tags: [
                    "guid": "00000000-0000-4000-8000-0000000\(digits)", "path": "/items/\(number)?user=\(number * 7)",
                ])
        }
        let harness = try store(placement, spans)
        let found = try harness.find {
            $0.attributes = [.init(key: "guid", target: .attribute(value: "00000000-0000-4000-8000-000000010777"))]
        }
        #expect(found == ["10777"])
        let byPath = try harness.find(.oneSpan) {
            $0.serviceName = "shop"
            $0.attributes = [.init(key: "path", target: .anywhere(value: "/items/2000?user=14000"))]
        }
        #expect(byPath == [String(2000 + 0x10000, radix: 16)])
    }

    @Test(arguments: Placement.allCases)
    func `a trace without a timestamp is never found by search, but by its ID`(placement: Placement) throws {
        let harness = try store(placement, [StoreHarness.span(trace: "a", id: "1", at: nil, duration: nil)])
        #expect(try harness.find { $0.serviceName = "shop" }.isEmpty)
        #expect(try harness.spanIDs("a") == ["0000000000000001"])
        #expect(try harness.store.serviceNames() == ["shop"])
    }

    @Test(arguments: [false, true])
    func `a trace is found by a service whose spans come behind the window and are stored apart`(isSealed: Bool) throws
    {
        let harness = try StoreHarness()
        let base = 1_790_000_000_000_000
        try harness.post([
            StoreHarness.span(trace: "e1", id: "1", service: "front", at: base, duration: 900_000),
            StoreHarness.span(trace: "e2", id: "1", service: "front", at: base + 600_000),
        ])
        harness.store.sealAll()
        try harness.post([
            StoreHarness.span(trace: "e1", id: "2", parent: "1", service: "late", at: base + 800_000),
            StoreHarness.span(trace: "e2", id: "2", parent: "1", service: "late", at: base + 810_000),
            StoreHarness.span(trace: "e3", id: "1", service: "late", at: base + 820_000),
        ])
        if isSealed { harness.store.sealAll() }
        let found = try harness.find { query in
            query.serviceName = "late"
            query.startMax = Int64(base + 500_000) * 1000
        }
        #expect(found == ["e1"])
    }
}
