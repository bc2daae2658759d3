import HTTPAPI
import Testing
import TraceModel
import TraceStore

@Suite struct JaegerQueryParametersTests {
    private static let now: Int64 = 1_790_000_000_123_456_789
    private static let day: Int64 = 86_400_000_000_000

    private func search(_ parameters: [(String, String)]) throws -> JaegerQueryParameters.Search {
        try JaegerQueryParameters.search(
            QueryParameters(parameters.map { (name: $0.0, value: $0.1) }), now: Self.now, lookback: Self.day)
    }

    private func query(_ parameters: (String, String)...) throws -> TraceQuery {
        guard case .query(let query) = try search([("service", "shop")] + parameters) else {
            throw QueryError("looks up IDs")
        }
        return query
    }

    private func refusal(_ parameters: (String, String)...) -> String? {
        do {
            _ = try search([("service", "shop")] + parameters)
            return nil
        } catch {
            return (error as? QueryError)?.message
        }
    }

    // MARK: Defaults, window, limit

    @Test func `a service alone asks for a hundred traces of the last day, by one span each`() throws {
        let query = try query()
        #expect(query.rules == .oneSpan)
        #expect(query.limit == 100)
        #expect(query.startMin == Self.now - Self.day && query.startMax == Self.now)
        #expect(query.serviceName == "shop" && query.operationName == nil && query.attributes.isEmpty)
        #expect(query.durationMin == nil && query.durationMax == nil)
    }

    @Test func `without a service nothing is searched`() {
        #expect(throws: QueryError("parameter 'service' is required")) { try search([]) }
        #expect(throws: QueryError("parameter 'service' is required")) { try search([("service", "")]) }
    }

    @Test func `names keep their case, and the operation "all" means any`() throws {
        let query = try query(("operation", "GET /Cart"))
        #expect(query.operationName == "GET /Cart")
        #expect(try self.query(("operation", "all")).operationName == nil)
        #expect(try self.query(("operation", "")).operationName == nil)
    }

    @Test func `times are microseconds, kept within what can be`() throws {
        let query = try query(("start", "1659907212000000"), ("end", "1659925212000001"))
        #expect(query.startMin == 1_659_907_212_000_000_000 && query.startMax == 1_659_925_212_000_001_000)
        let wide = try self.query(("start", "-9223372036854775808"), ("end", "9223372036854775807"))
        #expect(wide.startMin == .min && wide.startMax == .max)
    }

    @Test func `what is no number is refused with its name`() {
        #expect(refusal(("start", "now")) == "unable to parse param 'start': now is no number of microseconds")
        #expect(refusal(("end", "1.5")) == "unable to parse param 'end': 1.5 is no number of microseconds")
        #expect(refusal(("limit", "many")) == "unable to parse param 'limit': many is no number")
        #expect(refusal(("limit", "2147483648")) == "unable to parse param 'limit': 2147483648 is no number")
    }

    @Test func `a limit of nothing is the default`() throws {
        #expect(try query(("limit", "0")).limit == 100)
        #expect(try query(("limit", "-1")).limit == 100)
        #expect(try query(("limit", "")).limit == 100)
        #expect(try query(("limit", "5")).limit == 5)
    }

    @Test func `unknown parameters are ignored, as KubeSphere's misspelt ones`() throws {
        let query = try query(("loopback", "custom"), ("lookback", "x"), ("view", "[]"), ("limit", "5"))
        #expect(query.limit == 5 && query.startMin == Self.now - Self.day)
    }

    // MARK: Durations

    @Test func `durations are Go's, and zero is no bound`() throws {
        let query = try query(("minDuration", "500000us"), ("maxDuration", "1.2s"))
        #expect(query.durationMin == 500_000_000 && query.durationMax == 1_200_000_000)
        let unbounded = try self.query(("minDuration", "0"), ("maxDuration", "0s"))
        #expect(unbounded.durationMin == nil && unbounded.durationMax == nil)
    }

    @Test func `a duration without a unit is refused, and so is a longest below the shortest`() {
        #expect(
            refusal(("minDuration", "5"))
                == "unable to parse param 'minDuration': invalid duration \"5\", expecting like 1.5s or 300ms")
        #expect(refusal(("maxDuration", "abc"))?.hasPrefix("unable to parse param 'maxDuration'") == true)
        #expect(
            refusal(("minDuration", "2s"), ("maxDuration", "1s"))
                == "'maxDuration' should be greater than 'minDuration'")
        #expect(refusal(("minDuration", "1s"), ("maxDuration", "1s")) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1ns", 1), ("500us", 500_000), ("500µs", 500_000), ("500μs", 500_000), ("100ms", 100_000_000),
        ("1.2s", 1_200_000_000), ("2h45m", 9_900_000_000_000), ("1m0.5s", 60_500_000_000),
        ("-1.5h", -5_400_000_000_000),
        ("+5s", 5_000_000_000), (".5s", 500_000_000), ("5.s", 5_000_000_000), ("0.1ns", 0),
    ])
    func `Go's durations are understood`(text: String, nanoseconds: Int64) {
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "5", "s", "-", "+", ".", ".s", "1.2.3s", "5 s", "5S", "5d", "1e3s", "0x5s", "nan", "infs", "1h5",
        "99999999h",
        "٣s", "1ss",
    ])
    func `what is no duration of Go's is none`(text: String) {
        #expect(GoDuration.nanoseconds(text) == nil)
    }

    // MARK: Tags

    private typealias Clause = TraceQuery.AttributeClause

    @Test func `tags come as JSON and as pairs, are sought anywhere, and the value may hold a colon`() throws {
        let query = try query(
            ("tag", "http.url:http://a:80/"), ("tags", #"{"error":"true","istio.cluster_id":"Kubernetes"}"#),
            ("tag", "empty:"), ("tags", ""))
        #expect(
            query.attributes
                == [
                    Clause(key: "empty", target: .anywhere(value: "")),
                    Clause(key: "error", target: .anywhere(value: "true")),
                    Clause(key: "http.url", target: .anywhere(value: "http://a:80/")),
                    Clause(key: "istio.cluster_id", target: .anywhere(value: "Kubernetes")),
                ])
    }

    @Test func `of several values for one tag the last counts, and JSON comes after pairs`() throws {
        let query = try query(("tags", #"{"k":"3"}"#), ("tag", "k:1"), ("tag", "k:2"))
        #expect(query.attributes == [Clause(key: "k", target: .anywhere(value: "3"))])
    }

    @Test(arguments: [#"{"error":true}"#, #"{"code":500}"#, #"{"a":{}}"#, #"["a"]"#, #""a""#, "error=true", "{"])
    func `JSON tags that are no object of strings are refused`(text: String) {
        #expect(refusal(("tags", text))?.hasPrefix("malformed 'tags' parameter") == true)
    }

    @Test func `a tag without a colon is refused`() {
        #expect(
            refusal(("tag", "error")) == "malformed 'tag' parameter, expecting key:value, received: error")
    }

    @Test func `more tags than a search can test are refused, not cut off`() {
        let tags = (1...51).map { ("tag", "k\($0):v") }
        #expect(throws: QueryError("more than 50 tags")) { try search([("service", "shop")] + tags) }
    }

    // MARK: Trace IDs

    @Test func `trace IDs take the place of the search, and need no service`() throws {
        guard case .traceIDs(let ids) = try search([("traceID", "AB"), ("traceID", "0ab"), ("limit", "1")]) else {
            Issue.record("searches")
            return
        }
        #expect(ids == [TraceID(high: 0, low: 0xab), TraceID(high: 0, low: 0xab)])
    }

    @Test func `a wrong parameter beside trace IDs is still refused`() {
        #expect(throws: QueryError.self) { try search([("traceID", "ab"), ("limit", "x")]) }
        #expect(throws: QueryError.self) { try search([("traceID", "ab"), ("traceID", "xyz")]) }
    }

    @Test func `a look-up takes upper case, unpadded and all zeros`() throws {
        #expect(try JaegerQueryParameters.traceID("ABCDEF").description == "0000000000abcdef")
        #expect(try JaegerQueryParameters.traceID("00000000000000000000000000ABCDEF").high == 0)
        #expect(try JaegerQueryParameters.traceID("0") == TraceID(high: 0, low: 0))
        for text in ["", "xyz", "0x1", "-1", String(repeating: "0", count: 33)] {
            #expect(throws: QueryError("cannot parse traceID param: \(text)")) {
                try JaegerQueryParameters.traceID(text)
            }
        }
    }

    // MARK: Form

    @Test func `raw is a boolean of Go's, prettyPrint anything but false`() throws {
        func form(_ parameters: (name: String, value: String)...) throws -> JaegerQueryParameters.Form {
            try JaegerQueryParameters.form(QueryParameters(parameters))
        }
        #expect(try form() == .init(isRaw: false, isPretty: false))
        #expect(try form(("raw", "true"), ("prettyPrint", "true")) == .init(isRaw: true, isPretty: true))
        #expect(try form(("raw", "0"), ("prettyPrint", "false")) == .init(isRaw: false, isPretty: false))
        #expect(try form(("raw", ""), ("prettyPrint", "")) == .init(isRaw: false, isPretty: false))
        #expect(try form(("raw", "T"), ("prettyPrint", "yes")) == .init(isRaw: true, isPretty: true))
        #expect(throws: QueryError("unable to parse param 'raw': yes is neither true nor false")) {
            try form(("raw", "yes"))
        }
    }
}
