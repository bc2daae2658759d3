import OpenSearchStore
import QueryLanguage
import TestSupport
import Testing
import Threads
import TraceModel
import TraceStore

/// Reading from a cluster, held against a server of another project.
@Suite(.serialized, .enabled(if: OsmemServer.isInstalled)) struct OpenSearchTraceStoreTests {
    private static let second: Int64 = 1_000_000_000
    /// Whole microseconds.
    private static let now = SystemClock.nanosecondsSince1970() / 1000 * 1000

    private static func query(
        _ rules: TraceQuery.Rules = .oneSpan, service: String? = nil, last seconds: Int64 = 3600, limit: Int = 10
    ) -> TraceQuery {
        var query = TraceQuery(rules: rules, startMin: now - seconds * second, startMax: now, limit: limit)
        query.serviceName = service
        return query
    }

    /// - Parameter ago: seconds before now.
    private static func span(
        _ trace: String, _ id: String, parent: String? = nil, kind: String? = "SERVER", _ service: String,
        _ name: String = "get", ago: Double, micros: Int64 = 1000, tags: String = "{}", more: String = ""
    ) -> String {
        let start = now / 1000 - Int64(ago * 1_000_000)
        return """
            {"traceId":"\(trace)","id":"\(id)",\(parent.map { "\"parentId\":\"\($0)\"," } ?? "")
            \(kind.map { "\"kind\":\"\($0)\"," } ?? "")"name":"\(name)","timestamp":\(start),"duration":\(micros),
            "localEndpoint":{"serviceName":"\(service)"},"tags":\(tags)\(more)}
            """
    }

    private static func list(_ spans: String...) -> String { "[" + spans.joined(separator: ",") + "]" }

    private static func id(_ low: UInt64) -> TraceID { TraceID(high: 0, low: low) }

    @Test func `a trace is found whole by its ID, in whatever width it was written`() throws {
        let cluster = try ClusterFixture()
        try cluster.write(
            zipkin: Self.list(
                Self.span("ab", "1", "front", ago: 10), Self.span("ab", "2", parent: "1", "back", ago: 9.9),
                Self.span("cd", "3", "other", ago: 5)))
        let found = try #require(try cluster.store.openTrace(Self.id(0xab), QueryWork()))
        #expect(found.gaps.isEmpty)
        let trace = try #require(found.trace)
        #expect(trace.spans.map(\.spanID.value) == [1, 2])
        #expect(trace.spans.map { $0.parentID?.value } == [nil, 1])
        #expect(trace.spans[0].start == Self.now - 10 * Self.second)
        #expect(trace.spans[0].duration == 1_000_000)
        #expect(trace.spans.map { String(decoding: $0.serviceName, as: UTF8.self) } == ["front", "back"])
        #expect(try cluster.store.openTrace(Self.id(0xef), QueryWork()) == nil)
    }

    @Test func `traces come by their start, the last first, and only as many as asked for`() throws {
        let cluster = try ClusterFixture()
        let spans = (1...30).map { number in
            // The later a trace begins, the earlier is its last span.
            Self.span("\(number)", "1", "front", ago: Double(number)) + ","
                + Self.span("\(number)", "2", parent: "1", "front", ago: Double(number) - 0.03 * Double(number))
        }
        try cluster.write(zipkin: "[" + spans.joined(separator: ",") + "]")
        let all = try cluster.find(Self.query(service: "front", limit: 50))
        let expected = (1...30).map { Self.id(UInt64("\($0)", radix: 16) ?? 0) }
        #expect(all.ids == expected)
        #expect(all.outcome.count == .exactly(30) && !all.outcome.hasMore && all.outcome.gaps.isEmpty)
        let some = try cluster.find(Self.query(service: "front", limit: 4))
        #expect(some.ids == Array(expected.prefix(4)) && some.outcome.hasMore)
        var next = Self.query(service: "front", limit: 3)
        next.after = TraceQuery.Place(start: Self.now - 4 * Self.second, traceID: expected[3])
        #expect(try cluster.find(next).ids == Array(expected[4..<7]))
    }

    @Test func `Jaeger's rules want one span to meet all, Zipkin's one span each`() throws {
        let cluster = try ClusterFixture()
        try cluster.write(
            zipkin: Self.list(
                Self.span("a1", "1", "front", "page", ago: 10, micros: 9000, tags: #"{"zone":"x"}"#),
                Self.span("a1", "2", parent: "1", kind: "CLIENT", "front", "call", ago: 9, tags: #"{"size":"7"}"#),
                Self.span(
                    "b1", "3", "front", "page", ago: 8, tags: #"{"size":"7","zone":"x","error":"true"}"#,
                    more: #","annotations":[{"timestamp":\#(Self.now / 1000),"value":"cache miss"}]"#)))
        func ids(_ rules: TraceQuery.Rules, _ change: (inout TraceQuery) -> Void) throws -> [UInt64] {
            var query = Self.query(rules, service: "front")
            change(&query)
            return try cluster.find(query).ids.map(\.low)
        }
        func clause(_ key: String, _ value: String) -> TraceQuery.AttributeClause {
            TraceQuery.AttributeClause(key: key, target: .anywhere(value: value))
        }
        #expect(try ids(.oneSpan) { $0.attributes = [clause("zone", "x"), clause("size", "7")] } == [0xb1])
        #expect(try ids(.anySpans) { $0.attributes = [clause("zone", "x"), clause("size", "7")] } == [0xb1, 0xa1])
        #expect(try ids(.oneSpan) { $0.operationName = "call" } == [0xa1])
        #expect(try ids(.oneSpan) { $0.durationMin = 5_000_000 } == [0xa1])
        #expect(try ids(.oneSpan) { $0.durationMax = 1_000_000 } == [0xb1, 0xa1])
        #expect(try ids(.oneSpan) { $0.attributes = [clause("error", "true")] } == [0xb1])
        #expect(try ids(.oneSpan) { $0.attributes = [clause("span.kind", "client")] } == [0xa1])
        #expect(
            try ids(.anySpans) { $0.attributes = [.init(key: "cache miss", target: .keyOrEvent)] } == [0xb1])
        #expect(try ids(.anySpans) { $0.attributes = [.init(key: "size", target: .keyOrEvent)] } == [0xb1, 0xa1])
        #expect(try ids(.oneSpan) { $0.serviceName = "nobody" } == [])
    }

    @Test(arguments: [
        ("{ span.size = 7 }", [0xb1, 0xa1]), ("{ span.size > 7 }", []),
        ("{ span.zone = \"x\" && span.size = \"7\" }", [0xb1]),
        ("{ span.zone = \"x\" } && { span.size = 7 }", [0xb1, 0xa1]),
        ("{ name = \"page\" } > { name = \"call\" }", [0xa1]),
        ("{ status = error }", [0xb1]), ("{ kind = client }", [0xa1]), ("{ name =~ \"pa.*\" }", [0xb1, 0xa1]),
        ("{ resource.service.name = \"front\" } | count() > 1", [0xa1]), ("{ duration > 5ms }", [0xa1]),
        ("{ span.zone = nil }", [0xa1]), ("{ }", [0xb1, 0xa1]),
    ])
    func `queries in TraceQL are answered`(text: String, expected: [UInt64]) throws {
        let cluster = try ClusterFixture()
        try cluster.write(
            zipkin: Self.list(
                Self.span("a1", "1", "front", "page", ago: 10, micros: 9000, tags: #"{"zone":"x"}"#),
                Self.span("a1", "2", parent: "1", kind: "CLIENT", "front", "call", ago: 9, tags: #"{"size":"7"}"#),
                Self.span("b1", "3", "front", "page", ago: 8, tags: #"{"size":"7","zone":"x","error":"true"}"#)))
        let query = Self.query(.traceQL(try TraceQLQuery(parsing: text)))
        #expect(try cluster.find(query).ids.map(\.low) == expected)
    }

    @Test func `a trace counts by its own start, not by that of the span that matches`() throws {
        let cluster = try ClusterFixture()
        try cluster.write(
            zipkin: Self.list(
                // Begins within the window; what matches comes behind it.
                Self.span("a1", "1", "front", ago: 130), Self.span("a1", "2", parent: "1", "late", ago: 100),
                // Begins behind it.
                Self.span("b1", "1", "late", ago: 90),
                // Begins before it, and goes on within.
                Self.span("c1", "1", "front", ago: 250), Self.span("c1", "2", parent: "1", "late", ago: 150)))
        var query = TraceQuery(
            rules: .anySpans, startMin: Self.now - 200 * Self.second, startMax: Self.now - 120 * Self.second, limit: 10)
        query.serviceName = "late"
        #expect(try cluster.find(query).ids == [Self.id(0xa1)])
        query.rules = .traceQL(try TraceQLQuery(parsing: "{ resource.service.name = \"late\" }"))
        #expect(try cluster.find(query).ids == [Self.id(0xa1)])
        query.rules = .oneSpan
        #expect(try cluster.find(query).ids == [Self.id(0xc1)])
    }

    @Test func `long texts are found though no index has them`() throws {
        let cluster = try ClusterFixture()
        let long = String(repeating: "x", count: 300)
        try cluster.write(
            zipkin: Self.list(
                Self.span("a1", "1", "front", ago: 10, tags: "{\"url\":\"\(long)\"}"),
                Self.span("b1", "2", "front", ago: 9, tags: #"{"url":"y"}"#)))
        var query = Self.query(service: "front")
        query.attributes = [.init(key: "url", target: .anywhere(value: long))]
        #expect(try cluster.find(query).ids == [Self.id(0xa1)])
    }

    @Test func `names of services, operations with kinds, and remote services are listed`() throws {
        let cluster = try ClusterFixture()
        try cluster.write(
            zipkin: Self.list(
                Self.span("a1", "1", "front", "page", ago: 10),
                Self.span(
                    "a1", "2", parent: "1", kind: "CLIENT", "front", "call", ago: 9,
                    more: #","remoteEndpoint":{"serviceName":"back"}"#),
                Self.span("a1", "3", parent: "2", kind: nil, "front", "call", ago: 9),
                Self.span("b1", "4", "a/b c", "tick", ago: 8)))
        let store = cluster.store
        #expect(try store.serviceNames() == ["a/b c", "front"])
        #expect(
            try store.operations(ofService: "front") == [
                Operation(name: "call", kind: .unspecified), Operation(name: "call", kind: .client),
                Operation(name: "page", kind: .server),
            ])
        #expect(try store.operations(ofService: "none") == [])
        #expect(try store.remoteServiceNames(ofService: "front") == ["back"])
        #expect(try store.timeRange() == Self.now - 10 * Self.second...Self.now - 8 * Self.second + 1_000_000)
    }

    @Test func `keys and values of attributes are listed with their types`() throws {
        let cluster = try ClusterFixture()
        var builder = SpanBatchBuilder()
        for number in 0..<3 {
            builder.beginSpan()
            builder.traceID = Self.id(1)
            builder.spanID = UInt64(number + 1)
            builder.start = Self.now
            builder.traits.source = .otlp
            builder.serviceName = "front".withBytes { builder.intern($0) }
            builder.addAttribute(key: "count".withBytes { builder.intern($0) }, int: Int64(number))
            let text = number == 0 ? "a" : "b"
            let value = text.withBytes { builder.intern($0) }
            builder.addAttribute(key: "text".withBytes { builder.intern($0) }, string: value)
            builder.endSpan()
        }
        try cluster.write(builder.makeBatch())
        let window = Self.now - Self.second...Self.now
        let keys = try cluster.store.attributeKeys(within: window, limit: 10, QueryWork())
        #expect(
            keys == AttributeKeys(keys: [.span: ["count", "text"], .resource: ["service.name"]], isComplete: true))
        func values(_ key: String, limit: Int = 10) throws -> AttributeValues {
            try cluster.store.attributeValues(scope: .span, key: key, within: window, limit: limit, QueryWork())
        }
        #expect(try values("count") == AttributeValues(values: [.int(0), .int(1), .int(2)], isComplete: true))
        #expect(try values("text") == AttributeValues(values: [.string("a"), .string("b")], isComplete: true))
        #expect(try values("text", limit: 1) == AttributeValues(values: [.string("a")], isComplete: false))
        #expect(try cluster.store.attributeKeysWithFewValues(within: window, QueryWork()) == ["text"])
    }
}

extension String {
    fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Array(utf8).withUnsafeBytes { body($0) }
    }
}
