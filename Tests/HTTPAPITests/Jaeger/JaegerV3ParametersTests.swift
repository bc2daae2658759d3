import HTTPAPI
import Testing
import TraceModel
import TraceStore

@Suite struct JaegerV3ParametersTests {
    private func query(_ values: (String, String)...) throws -> TraceQueryFields {
        let window = [("query.startTimeMin", "1970-01-01T00:00:01Z"), ("query.startTimeMax", "1970-01-01T00:00:02Z")]
        let query = try JaegerV3Parameters.query(QueryParameters(values + window))
        return TraceQueryFields(
            service: query.serviceName, operation: query.operationName, start: query.startMin, end: query.startMax,
            shortest: query.durationMin, longest: query.durationMax, limit: query.limit,
            attributes: query.attributes.map(\.key))
    }

    private struct TraceQueryFields: Equatable {
        var service: String?
        var operation: String?
        var start: Int64 = 1_000_000_000
        var end: Int64 = 2_000_000_000
        var shortest: Int64?
        var longest: Int64?
        var limit = 100
        var attributes: [String] = []
    }

    private func message(_ values: (String, String)...) -> String? {
        do {
            _ = try JaegerV3Parameters.query(QueryParameters(values))
            return nil
        } catch {
            return (error as? QueryError)?.message ?? (error as? JaegerV3Parameters.Unsupported)?.message
        }
    }

    @Test func `parameters are read in camel case and in snake case`() throws {
        let expected = TraceQueryFields(
            service: "front", operation: "get", shortest: 1_500_000, longest: 2_000_000_000, limit: 7,
            attributes: ["a", "b"])
        let attributes = ("query.attributes", #"{"b":"2","a":"1"}"#)
        #expect(
            try query(
                ("query.serviceName", "front"), ("query.operationName", "get"), ("query.durationMin", "1.5ms"),
                ("query.durationMax", "2s"), ("query.searchDepth", "7"), ("query.rawTraces", "true"), attributes)
                == expected)
        #expect(
            try query(
                ("query.service_name", "front"), ("query.operation_name", "get"), ("query.duration_min", "1.5ms"),
                ("query.duration_max", "2s"), ("query.search_depth", "7"), ("query.raw_traces", "F"), attributes)
                == expected)
        #expect(try query(("query.num_traces", "7")).limit == 7)
    }

    @Test func `what is not said has a default, and what is unknown is ignored`() throws {
        #expect(try query() == TraceQueryFields())
        #expect(try query(("query.searchDepth", "0"), ("query.durationMin", "0"), ("loopback", "1h")) == .init())
    }

    @Test func `both bounds of the time are required, in their order`() {
        let required = "query.startTimeMin and query.startTimeMax are required"
        let (min, max) = (
            ("query.startTimeMin", "2026-01-01T00:00:00Z"), ("query.startTimeMax", "2026-01-01T00:00:00Z")
        )
        #expect(message() == required)
        #expect(message(min) == required)
        #expect(message(max) == required)
        #expect(message(min, max) == "query.startTimeMin must be before query.startTimeMax")
    }

    @Test(arguments: [
        ("query.startTimeMin", "yesterday"), ("query.startTimeMax", "1"), ("query.durationMin", "5"),
        ("query.duration_max", "-1s"), ("query.searchDepth", "-1"), ("query.num_traces", "many"),
        ("query.rawTraces", "maybe"), ("query.attributes", "[]"), ("query.attributes", #"{"error":true}"#),
    ])
    func `what cannot be read is refused by its name`(name: String, text: String) {
        let window = [("query.startTimeMin", "2026-01-01T00:00:00Z"), ("query.startTimeMax", "2026-01-02T00:00:00Z")]
        let parameters = QueryParameters([(name, text)] + window)
        #expect {
            _ = try JaegerV3Parameters.query(parameters)
            _ = try JaegerV3Parameters.isRawSearch(parameters)
        } throws: { error in
            (error as? QueryError)?.message.hasPrefix("malformed parameter \(name): \(text) is ") == true
        }
    }

    @Test func `filters and pages are refused, not passed over`() {
        #expect(message(("query.filter", "{}")) == "the structured query filter is disabled")
        #expect(message(("query.pagination.pageSize", "5")) == "pagination is disabled")
    }

    @Test(arguments: [
        ("1", 0, 1), ("00000000000000010000000000000002", 1, 2), ("AAAAAAAAAAEAAAAAAAAAAQ==", 1, 1),
        ("AAAAAAAAAAEAAAAAAAAAAQ", 1, 1), ("AAAAAAAAAP///////////w==", 0xff, UInt64.max),
        ("EjRWeJq83vD+3LqYdlQyEA==", 0x1234_5678_9abc_def0, 0xfedc_ba98_7654_3210),
        ("EjRWeJq83vD-3LqYdlQyEA==", 0x1234_5678_9abc_def0, 0xfedc_ba98_7654_3210),
        ("AAAAAAAAAP___________w", 0xff, UInt64.max), ("0", 0, 0),
    ])
    func `trace IDs are hex or base64`(text: String, high: UInt64, low: UInt64) throws {
        #expect(try JaegerV3Parameters.traceID(text) == TraceID(high: high, low: low))
    }

    @Test(arguments: ["", "xyz", "not-a-valid-id!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAlong", "AAAAAAAAAAE=", "é"])
    func `what is no trace ID is refused`(text: String) {
        #expect(throws: QueryError.self) { _ = try JaegerV3Parameters.traceID(text) }
    }
}
