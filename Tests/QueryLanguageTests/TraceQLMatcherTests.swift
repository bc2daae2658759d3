import QueryLanguage
import Testing
import TraceModel

/// A shop: 1 calls 2 and 3, 3 calls 4, which calls the database 5; 6 has lost its parent.
private let shop = TestSpan.trace([
    TestSpan(1) {
        $0.service = "front"
        $0.name = "GET /"
        $0.kind = .server
        $0.duration = 5_000_000
        $0.attributes = [("http.status_code", .string("200")), ("error", .string("true")), ("size", .string("70"))]
        $0.isError = true
    },
    TestSpan(2, 1) {
        $0.service = "cart"
        $0.name = "list"
        $0.kind = .client
        $0.duration = 1_000_000
        $0.statusCode = .ok
        $0.attributes = [
            ("http.status_code", .int(404)), ("ratio", .double(0.5)), ("hit", .bool(true)), ("key with space", .int(1)),
            ("size", .int(30)),
        ]
        $0.resource = [("service.name", .string("cart")), ("host.name", .string("h1")), ("hit", .bool(false))]
        $0.scope = ("http-lib", "1.2", [("language", .string("go"))])
    },
    TestSpan(3, 1) {
        $0.service = "cart"
        $0.name = "buy"
        $0.kind = .server
        $0.duration = 3_000_000
        $0.start = 2_000
        $0.attributes = [("http.status_code", .int(500)), ("codes", .strings(["a", "b"])), ("empty", .none)]
        $0.events = [
            ("exception", 2_500, [("exception.message", .string("it broke"))]), ("retry", 4_000, [("n", .int(2))]),
        ]
        $0.links = [(TraceID(high: 0, low: 0xf1), 0xee, [("type", .string("follows"))])]
        $0.statusCode = .error
        $0.statusMessage = "no money"
    },
    TestSpan(4, 3) {
        $0.service = "pay"
        $0.name = "charge"
        $0.kind = .client
        $0.duration = 2_000_000
        $0.remoteService = "bank"
        $0.attributes = [("http.status_code", .int(200)), ("size", .int(100))]
    },
    TestSpan(5, 4) {
        $0.service = "db"
        $0.name = "SELECT"
        $0.kind = .local
        $0.duration = nil
        $0.attributes = [("peer.service", .string("disk"))]
    },
    TestSpan(6, 99) {
        $0.name = "lost"
        $0.kind = .consumer
        $0.start = nil
    },
])

/// IDs of the spans that a query finds, each spanset by itself.
private func found(_ text: String, in trace: Trace = shop) throws -> [[UInt64]] {
    let matcher = TraceQLMatcher(try TraceQLQuery(parsing: text))
    return matcher.match(trace).map { $0.places.map { trace.spans[$0].spanID.value } }
}

@Suite struct TraceQLMatcherTests {
    @Test(
        arguments: [
            ("{ }", [1, 2, 3, 4, 5, 6]), ("{ false }", []), ("{ true }", [1, 2, 3, 4, 5, 6]),
            ("{ 1 + 1 = 2 }", [1, 2, 3, 4, 5, 6]),
            ("{ name = `list` }", [2]), ("{ name =~ `l.*` }", [2, 6]),
            ("{ name !~ `l.*` && name != `buy` }", [1, 4, 5]),
            ("{ resource.service.name = `cart` }", [2, 3]), ("{ .service.name = `cart` }", [2, 3]),
            ("{ span.service.name = `cart` }", []), ("{ `cart` = resource.service.name }", [2, 3]),
            ("{ resource.service.name = nil }", [6]), ("{ resource.service.name != `cart` }", [1, 4, 5]),
            ("{ resource.host.name = `h1` }", [2]), ("{ .host.name = `h1` }", [2]), ("{ span.host.name = `h1` }", []),
            ("{ span.http.status_code >= 500 }", [3]), ("{ .http.status_code = 200 }", [1, 4]),
            ("{ .http.status_code != `200` }", [2, 3]), ("{ .http.status_code = `200` }", [1, 4]),
            ("{ .http.status_code > `300` }", [2, 3]), ("{ 300 < .http.status_code }", [2, 3]),
            ("{ .http.status_code =~ `2..` }", [1]), ("{ .http.status_code = 404.0 }", [2]),
            ("{ .ratio < 1 && .ratio > 0.25 }", [2]), ("{ .ratio * 2 = 1 }", [2]),
            ("{ .http.status_code = nil }", [5, 6]),
            ("{ .http.status_code != nil }", [1, 2, 3, 4]), ("{ nil != .http.status_code }", [1, 2, 3, 4]),
            ("{ .empty = nil && name = `buy` }", [3]), ("{ .empty != nil }", []), ("{ .hit }", [2]),
            ("{ .error }", [1]),
            ("{ .error = true }", [1]), ("{ .hit = `true` }", [2]), ("{ resource.hit }", []),
            ("{ !.hit }", [1, 3, 4, 5, 6]),
            ("{ .hit || .missing }", [2]), ("{ !(.http.status_code != 404) }", [2, 5, 6]), ("{ .codes = `a` }", [3]),
            ("{ .codes != `c` }", [3]), ("{ .codes != `b` }", []), ("{ .codes =~ `[b-z]` }", [3]),
            ("{ .codes !~ `b` }", []),
            ("{ span.\"key with space\" = 1 }", [2]), ("{ status = error }", [1, 3]), ("{ status = ok }", [2]),
            ("{ status != error }", [2, 4, 5, 6]), ("{ status = unset }", [4, 5, 6]),
            ("{ statusMessage = `no money` }", [3]),
            ("{ kind = internal }", [5]), ("{ kind = client || kind = consumer }", [2, 4, 6]),
            ("{ kind != server }", [2, 4, 5, 6]),
            ("{ duration >= 3ms }", [1, 3]), ("{ duration > 2000000 && duration < 4ms }", [3]),
            ("{ duration > 1.5 }", [1, 2, 3, 4, 6]),
            ("{ duration * 2 > 5ms }", [1, 3]), ("{ duration = nil }", [5]),
            ("{ traceDuration > 4ms }", [1, 2, 3, 4, 5, 6]),
            ("{ trace:duration > 6ms }", []),
            ("{ rootName = `GET /` && rootServiceName = `front` }", [1, 2, 3, 4, 5, 6]),
            ("{ trace:id = `ab0000000000001234` }", [1, 2, 3, 4, 5, 6]),
            ("{ trace:id = `00000000000000AB0000000000001234` }", [1, 2, 3, 4, 5, 6]),
            ("{ trace:id != `1234` }", [1, 2, 3, 4, 5, 6]),
            ("{ span:id = `2` || span:id = `0000000000000003` }", [2, 3]),
            ("{ span:id =~ `0*[45]` }", [4, 5]), ("{ span:parentID = `1` }", [2, 3]), ("{ span:parentID = nil }", [1]),
            ("{ event:name = `retry` }", [3]), ("{ event:name != `retry` }", []), ("{ event:name != `other` }", [3]),
            ("{ event.exception.message =~ `.*broke` && event.n = 2 }", [3]), ("{ event:timeSinceStart >= 2us }", [3]),
            ("{ link:traceID = `f1` && link:spanID = `ee` && link.type = `follows` }", [3]),
            ("{ link.type != nil }", [3]),
            (
                "{ instrumentation:name = `http-lib` && instrumentation:version = `1.2` "
                    + "&& instrumentation.language = `go` }",
                [2]
            ),
            ("{ childCount = 2 }", [1]), ("{ span:childCount = 0 }", [2, 5, 6]), ("{ nestedSetParent < 0 }", [1]),
            ("{ nestedSetParent = 0 }", [6]), ("{ nestedSetLeft = 1 && nestedSetRight = 10 }", [1]),
            ("{ nestedSetParent = 1 }", [2, 3]), ("{ parent.name = `GET /` }", [2, 3]),
            ("{ parent.http.status_code = 500 }", [4]),
            ("{ parent.span.error = nil }", [1, 4, 5, 6]), ("{ duration < parent.duration }", [2, 3, 4]),
            ("{ parent.resource.service.name = .service.name }", []), ("{ span.peer.service = `bank` }", [4]),
            ("{ .peer.service != nil }", [4, 5]), ("{ .peer.service = `disk` }", [5]),
            ("{ 1 / 0 = 1 || .size % 0 = 1 }", []),
            ("{ .size * 9223372036854775807 > 1 }", [1, 2, 4]), ("{ .size ^ 100 > 1 }", [1, 2, 4]),
            ("{ -.size < -50 }", [1, 4]),
            ("{ minInt / -1 > 0 && minInt % -1 = 0 && -minInt > 0 }", [1, 2, 3, 4, 5, 6]), ("{ .hit = 1 }", []),
            ("{ name = `buy` } && { name = `list` }", [2, 3]), ("{ name = `x` } && { name = `list` }", []),
            ("{ name = `x` } || { name = `list` }", [2]), ("{ name = `buy` } > { }", [4]),
            ("{ name = `buy` } >> { }", [4, 5]),
            ("{ name = `SELECT` } < { }", [4]), ("{ name = `SELECT` } << { }", [1, 3, 4]),
            ("{ name = `buy` } ~ { }", [2]),
            ("{ } ~ { name = `buy` }", [3]), ("{ } ~ { name = `lost` || name = `GET /` }", []),
            ("{ name = `buy` } !> { }", [1, 2, 3, 5, 6]), ("{ name = `buy` } !>> { }", [1, 2, 3, 6]),
            ("{ } !< { }", [2, 5, 6]),
            ("{ name = `SELECT` } !<< { }", [2, 5, 6]), ("{ name = `buy` } !~ { }", [1, 3, 4, 5, 6]),
            ("{ name = `x` } !> { }", [1, 2, 3, 4, 5, 6]), ("{ name = `buy` } &> { }", [3, 4]),
            ("{ name = `GET /` } &>> { name = `SELECT` }", [1, 5]),
            ("{ name = `SELECT` } &< { }", [4, 5]), ("{ name = `SELECT` } &<< { status = error }", [1, 3, 5]),
            ("{ name = `buy` } &~ { }", [2, 3]), ("{ } | { status = error } | { kind = server }", [1, 3]),
            ("{ } | count() = 6", [1, 2, 3, 4, 5, 6]), ("{ } | count() > 6", []),
            ("count() + 1 = 7", [1, 2, 3, 4, 5, 6]),
            ("{ kind = client } | avg(duration) = 1.5ms", [2, 4]),
            ("{ } | max(.http.status_code) = 500", [1, 2, 3, 4, 5, 6]),
            ("{ } | min(.http.status_code) = 200 | sum(.size) = 200", [1, 2, 3, 4, 5, 6]),
            ("{ } | sum(.missing) != 3", []),
            ("({ name = `buy` } | count() = 1) >> { }", [4, 5]), ("({ } | by(kind)) > { name = `SELECT` }", [5]),
            (
                "{ .service.name = `cart` && .http.status_code != `200` } && { } | select(status, .x)",
                [1, 2, 3, 4, 5, 6]
            ),
        ] as [(String, [UInt64])])
    func `a query finds spans`(text: String, expected: [UInt64]) throws {
        #expect(try found(text) == (expected.isEmpty ? [] : [expected]))
    }

    @Test func `groups are told apart, counted and joined`() throws {
        #expect(try found("{ } | by(resource.service.name)") == [[1], [2, 3], [4], [5], [6]])
        #expect(try found("{ } | by(resource.service.name) | count() > 1") == [[2, 3]])
        #expect(try found("{ } | by(kind) | { status = error } | coalesce()") == [[1, 3]])
        let matcher = TraceQLMatcher(
            try TraceQLQuery(
                parsing: "{ duration != nil } | by(resource.service.name) | count() > 1 | avg(duration) > 1"))
        let spansets = matcher.match(shop)
        #expect(spansets.map(\.places) == [[1, 2]])
        #expect(
            spansets[0].attributes == [
                .init(name: "by(resource.service.name)", value: .string("cart")),
                .init(name: "count()", value: .int(2)),
                .init(name: "avg(duration)", value: .duration(2_000_000)),
            ])
    }

    @Test func `fields are told with their types`() throws {
        func value(_ field: String, _ id: Int) throws -> FieldValue? {
            let query = try TraceQLQuery(parsing: "{ } | select(\(field))")
            return TraceQLMatcher(query).value(of: query.selectedFields[0], place: id - 1, in: shop)
        }
        #expect(try value("name", 2) == .string("list"))
        #expect(try value(".http.status_code", 2) == .int(404))
        #expect(try value(".hit", 2) == .bool(true))
        #expect(try value(".ratio", 2) == .double(0.5))
        #expect(try value("duration", 2) == .duration(1_000_000))
        #expect(try value("duration", 2)?.attributeValue == .string("1ms"))
        #expect(try value("status", 3) == .status(.error))
        #expect(try value("kind", 5)?.attributeValue == .string("internal"))
        #expect(try value("resource.service.name", 4) == .string("pay"))
        #expect(try value(".codes", 3) == .array([.string("a"), .string("b")]))
        #expect(try value(".codes", 3)?.text == #"["a","b"]"#)
        #expect(try value("event:name", 3) == .array([.string("exception"), .string("retry")]))
        #expect(try value("event.n", 3) == .int(2))
        #expect(try value("trace:id", 1) == .string("00000000000000ab0000000000001234"))
        #expect(try value("span:parentID", 2) == .string("0000000000000001"))
        #expect(try value(".missing", 2) == nil)
        #expect(FieldValue.bytes([1, 2, 3, 4]).text == "AQIDBA==")
    }

    @Test func `every field that a query names is told, each once`() throws {
        let query = try TraceQLQuery(
            parsing: "{ .a = 1 && .b > .a } >> { name = `x` } | by(resource.c) | avg(duration) > 1 | select(.b, status)"
        )
        #expect(query.selectedFields.map(\.key) == ["a", "b", "name", "c", "duration", "status"])
    }

    @Test func `the halves of a span that share an ID stand below each other`() throws {
        let trace = TestSpan.trace(
            [
                TestSpan(1) { $0.kind = .server },
                TestSpan(2, 1) { ($0.kind, $0.name) = (.client, "call") },
                TestSpan(2, 1) { ($0.kind, $0.name, $0.isShared) = (.server, "serve", true) },
                TestSpan(3, 2) { $0.name = "below" },
            ], hasBatchEach: true)
        func names(_ text: String) throws -> [String] {
            TraceQLMatcher(try TraceQLQuery(parsing: text)).match(trace).flatMap(\.places)
                .map { String(decoding: trace.spans[$0].operationName, as: UTF8.self) }
        }
        #expect(try names("{ name = `call` } > { }") == ["serve"])
        #expect(try names("{ name = `serve` } > { }") == ["below"])
        #expect(try names("{ name = `call` && childCount = 1 }") == ["call"])
        #expect(try names("{ nestedSetParent < 0 } > { }") == ["call"])
    }

    @Test func `spans that are each other's parents end`() throws {
        let trace = TestSpan.trace([TestSpan(1, 3), TestSpan(2, 1), TestSpan(3, 2), TestSpan(4, 4), TestSpan(5, 3)])
        #expect(try found("{ } >> { nestedSetLeft > 0 }", in: trace) == [[1, 3, 5]])
        #expect(try found("{ } << { }", in: trace) == [[2, 3]])
        #expect(try found("{ nestedSetRight > nestedSetLeft }", in: trace) == [[1, 2, 3, 4, 5]])
    }

    @Test func `a trace of a hundred thousand levels is walked`() throws {
        let trace = TestSpan.trace((1...100_000).map { TestSpan($0, $0 - 1) })
        #expect(try found("{ span:id = `1` } >> { childCount = 0 }", in: trace) == [[100_000]])
        #expect(try found("{ span:id = `186a0` } << { nestedSetParent < 0 }", in: trace) == [[1]])
    }
}
