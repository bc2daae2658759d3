import HTTPAPI
import Testing
import TraceModel
import TraceStore

@Suite struct ZipkinQueryParametersTests {
    private static let now: Int64 = 1_790_000_000_123_456_789
    private static let day: Int64 = 86_400_000_000_000

    private func query(_ parameters: (String, String)...) throws -> TraceQuery {
        try ZipkinQueryParameters.query(
            QueryParameters(parameters.map { (name: $0.0, value: $0.1) }), now: Self.now, lookback: Self.day)
    }

    private func refusal(_ parameters: (String, String)...) -> String? {
        do {
            _ = try ZipkinQueryParameters.query(
                QueryParameters(parameters.map { (name: $0.0, value: $0.1) }), now: Self.now, lookback: Self.day)
            return nil
        } catch {
            return (error as? QueryError)?.message
        }
    }

    // MARK: Defaults, window, limit

    @Test func `without parameters the last ten traces of a day are asked for, of any service`() throws {
        let query = try query()
        #expect(query.rules == .anySpans)
        #expect(query.limit == 10)
        #expect(query.startMin == Self.now - Self.day)
        #expect(query.startMax >= Self.now)
        #expect(query.serviceName == nil && query.remoteServiceName == nil && query.operationName == nil)
        #expect(query.attributes.isEmpty && query.durationMin == nil && query.durationMax == nil)
    }

    @Test func `the window holds both its ends to the microsecond, and nothing beyond`() throws {
        let query = try query(("endTs", "1700000000500"), ("lookback", "500"))
        #expect(query.startMin == 1_700_000_000_000_000_000)
        #expect(query.startMax == 1_700_000_000_500_000_999)
    }

    @Test func `a window longer than time itself begins in 1970`() throws {
        #expect(try query(("endTs", "1000"), ("lookback", "5000")).startMin == 0)
        let forever = try query(("endTs", "9223372036854775807"), ("lookback", "9223372036854775807"))
        #expect(forever.startMin == 0 && forever.startMax == .max)
    }

    @Test(arguments: ["endTs", "limit", "lookback"])
    func `zero and less are refused in Zipkin's words`(name: String) {
        #expect(refusal((name, "0")) == "\(name) <= 0")
        #expect(refusal((name, "-1")) == "\(name) <= 0")
    }

    @Test(arguments: ["endTs", "limit", "lookback", "minDuration", "maxDuration"])
    func `what is no number is refused with its name`(name: String) {
        #expect(refusal((name, "ten")) == "\(name) is not a number: ten")
        #expect(refusal((name, "1.5")) == "\(name) is not a number: 1.5")
        #expect(refusal((name, "99999999999999999999")) == "\(name) is not a number: 99999999999999999999")
    }

    @Test func `unknown and empty parameters are passed over`() throws {
        let query = try query(
            ("loopback", "1h"), ("limit", ""), ("serviceName", ""), ("remoteServiceName", ""), ("spanName", ""),
            ("annotationQuery", ""), ("minDuration", ""))
        #expect(query.limit == 10 && query.serviceName == nil && query.operationName == nil)
        #expect(query.remoteServiceName == nil && query.attributes.isEmpty && query.durationMin == nil)
    }

    // MARK: Names

    @Test func `names are lower-cased`() throws {
        let query = try query(("serviceName", "Shop.Default"), ("remoteServiceName", "MySQL"), ("spanName", "GET /É"))
        #expect(query.serviceName == "shop.default")
        #expect(query.remoteServiceName == "mysql")
        #expect(query.operationName == "get /é")
    }

    @Test(arguments: ["all", "ALL", ""]) func `the span name "all" means any`(name: String) throws {
        #expect(try query(("spanName", name)).operationName == nil)
    }

    @Test func `of a repeated parameter the first counts`() throws {
        #expect(try query(("serviceName", "a"), ("serviceName", "b")).serviceName == "a")
    }

    // MARK: Durations

    @Test func `durations are microseconds, inclusive to the last nanosecond`() throws {
        let query = try query(("minDuration", "1000"), ("maxDuration", "2000"))
        #expect(query.durationMin == 1_000_000)
        #expect(query.durationMax == 2_000_999)
        #expect(try self.query(("minDuration", "5")).durationMax == nil)
        #expect(try self.query(("minDuration", "9223372036854775807")).durationMin == .max)
    }

    @Test func `a longest duration needs a shortest`() {
        #expect(refusal(("maxDuration", "5")) == "maxDuration is only valid with minDuration")
        #expect(refusal(("maxDuration", "0")) == "maxDuration is only valid with minDuration")
        #expect(refusal(("minDuration", "5"), ("maxDuration", "4")) == "maxDuration < minDuration")
        #expect(refusal(("minDuration", "5"), ("maxDuration", "5")) == nil)
        #expect(refusal(("minDuration", "0")) == "minDuration <= 0")
        #expect(refusal(("minDuration", "-3"), ("maxDuration", "4")) == "minDuration <= 0")
    }

    // MARK: Annotation queries

    private typealias Clause = TraceQuery.AttributeClause

    @Test func `terms are split on " and ", tags on the first equals sign`() throws {
        #expect(
            try ZipkinQueryParameters.clauses("http.method=GET and error and url=a=b&c=d")
                == [
                    Clause(key: "http.method", target: .attribute(value: "GET")),
                    Clause(key: "error", target: .keyOrEvent),
                    Clause(key: "url", target: .attribute(value: "a=b&c=d")),
                ])
        #expect(
            try ZipkinQueryParameters.clauses("sand and band")
                == [Clause(key: "sand", target: .keyOrEvent), Clause(key: "band", target: .keyOrEvent)])
        #expect(try ZipkinQueryParameters.clauses("a AND b") == [Clause(key: "a AND b", target: .keyOrEvent)])
    }

    @Test func `keys and values keep their case, and lose the white space around them`() throws {
        #expect(
            try ZipkinQueryParameters.clauses("  Error\t and  Http.Path = /A b ")
                == [
                    Clause(key: "Error", target: .keyOrEvent),
                    Clause(key: "Http.Path", target: .attribute(value: "/A b")),
                ])
    }

    @Test func `of several values for one key the last counts, and a bare word takes no value's place`() throws {
        #expect(
            try ZipkinQueryParameters.clauses("k=1 and k=2") == [Clause(key: "k", target: .attribute(value: "2"))])
        #expect(try ZipkinQueryParameters.clauses("k=1 and k") == [Clause(key: "k", target: .attribute(value: "1"))])
        #expect(try ZipkinQueryParameters.clauses("k and k=1") == [Clause(key: "k", target: .attribute(value: "1"))])
        #expect(try ZipkinQueryParameters.clauses("k and k") == [Clause(key: "k", target: .keyOrEvent)])
    }

    @Test func `an empty value is like a bare word, and empty terms count for nothing`() throws {
        #expect(try ZipkinQueryParameters.clauses("k=") == [Clause(key: "k", target: .keyOrEvent)])
        #expect(try ZipkinQueryParameters.clauses("").isEmpty)
        #expect(try ZipkinQueryParameters.clauses(" and  and =v and ").isEmpty)
    }

    @Test func `letters outside ASCII next to the separator do not hide it`() throws {
        #expect(
            try ZipkinQueryParameters.clauses("é=中 and \u{301}b")
                == [
                    Clause(key: "é", target: .attribute(value: "中")), Clause(key: "\u{301}b", target: .keyOrEvent),
                ])
    }

    @Test func `more terms than a search can test are refused, not cut off`() throws {
        let fifty = (1...50).map { "k\($0)=v" }.joined(separator: " and ")
        #expect(try ZipkinQueryParameters.clauses(fifty).count == 50)
        #expect(refusal(("annotationQuery", fifty + " and one-more")) == "annotationQuery has more than 50 terms")
    }

    // MARK: Names and IDs

    @Test func `a service's names need the parameter, which may be empty`() throws {
        #expect(try ZipkinQueryParameters.serviceName(QueryParameters([("serviceName", "ShOp")])) == "shop")
        #expect(try ZipkinQueryParameters.serviceName(QueryParameters([("serviceName", "")])) == "")
        #expect(throws: QueryError("serviceName parameter is missing")) {
            try ZipkinQueryParameters.serviceName(QueryParameters([("service", "x")]))
        }
    }

    @Test(arguments: [
        ("1", "0000000000000001"), ("00000000000000ab", "00000000000000ab"), (" ab ", "00000000000000ab"),
        ("10000000000000000", "00000000000000010000000000000000"),
        ("000000000000000000000000000000ab", "00000000000000ab"),
        ("0102030405060708090a0b0c0d0e0f10", "0102030405060708090a0b0c0d0e0f10"),
    ])
    func `a trace ID is trimmed and padded to 16 or 32 digits`(text: String, normalised: String) throws {
        #expect(try ZipkinQueryParameters.traceID(text).description == normalised)
    }

    @Test(arguments: [
        ("", "traceId is empty"), ("  ", "traceId is empty"), ("0000", "traceId is all zeros"),
        ("0102030405060708090a0b0c0d0e0f101", "traceId.length > 32"),
        ("AB", "AB should be lower-hex encoded with no prefix"),
        ("0xab", "0xab should be lower-hex encoded with no prefix"),
        ("12-34", "12-34 should be lower-hex encoded with no prefix"),
    ])
    func `what is no trace ID is refused in Zipkin's words`(text: String, message: String) {
        #expect(throws: QueryError(message)) { try ZipkinQueryParameters.traceID(text) }
    }

    @Test func `several traces are asked for by two IDs or more, each once`() throws {
        func ids(_ text: String?) throws -> [String] {
            try ZipkinQueryParameters.traceIDs(QueryParameters(text.map { [("traceIds", $0)] } ?? []))
                .map(\.description)
        }
        #expect(try ids("b,a") == ["000000000000000b", "000000000000000a"])
        #expect(throws: QueryError("traceIds parameter is empty")) { try ids(nil) }
        #expect(throws: QueryError("traceIds parameter is empty")) { try ids("") }
        #expect(throws: QueryError("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace")) { try ids("a") }
        #expect(throws: QueryError("redundant traceId: 000a")) { try ids("a,b,000a") }
        #expect(throws: QueryError("traceId is empty")) { try ids("a,,b") }
        let many = (1...1001).map { String($0, radix: 16) }.joined(separator: ",")
        #expect(throws: QueryError("traceIds parameter has more than 1000 trace IDs")) { try ids(many) }
    }
}
