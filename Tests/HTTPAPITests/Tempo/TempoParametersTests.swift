import HTTPAPI
import Testing
import TraceModel

@Suite struct TempoParametersTests {
    private func parameters(_ values: (String, String)...) -> QueryParameters {
        QueryParameters(values.map { (name: $0.0, value: $0.1) })
    }

    @Test func `a trace ID is up to 32 hex digits of either case`() throws {
        #expect(try TempoParameters.traceID("aB") == TraceID(high: 0, low: 0xab))
        #expect(try TempoParameters.traceID("0000000000000001000000000000000f") == TraceID(high: 1, low: 15))
        #expect(try TempoParameters.traceID("000") == nil)
        #expect(throws: QueryError("trace IDs can't be larger than 128 bits")) {
            try TempoParameters.traceID(String(repeating: "1", count: 33))
        }
        #expect(
            throws: QueryError("trace IDs can only contain hex characters: invalid character 'é' at position 3")
        ) { try TempoParameters.traceID("abé") }
    }

    @Test func `a range is in seconds, the end's second included, and zeros are none`() throws {
        #expect(try TempoParameters.range(parameters()) == nil)
        #expect(try TempoParameters.range(parameters(("start", "0"), ("end", "0"))) == nil)
        #expect(try TempoParameters.range(parameters(("start", ""), ("end", ""))) == nil)
        #expect(
            try TempoParameters.range(parameters(("start", "5"), ("end", "6"))) == 5_000_000_000...6_999_999_999)
        #expect(try TempoParameters.range(parameters(("end", "6"))) == 0...6_999_999_999)
        #expect(try TempoParameters.range(parameters(("start", "5"))) == 5_000_000_000...Int64.max)
        let far = String(Int64.max)
        #expect(try TempoParameters.range(parameters(("start", far), ("end", far))) == Int64.max...Int64.max)
        for (start, end) in [("6", "5"), ("-1", "5"), ("x", "5"), ("1.5", "5"), ("1", "99999999999999999999")] {
            #expect(throws: QueryError.self) {
                try TempoParameters.range(parameters(("start", start), ("end", end)))
            }
        }
    }

    @Test func `without a range the window goes back as far as said, and has no end`() throws {
        #expect(try TempoParameters.window(parameters(), now: 100, lookback: 30) == 70...Int64.max)
        #expect(try TempoParameters.window(parameters(), now: 100, lookback: 300) == 0...Int64.max)
    }

    @Test func `protobuf is sent to those who ask for it`() {
        #expect(TempoParameters.wantsProtobuf("application/protobuf"))
        #expect(TempoParameters.wantsProtobuf("text/plain, Application/Protobuf;q=0.9"))
        #expect(!TempoParameters.wantsProtobuf("application/json"))
        #expect(!TempoParameters.wantsProtobuf(nil))
    }

    @Test func `counts are positive, durations are Go's`() throws {
        #expect(try TempoParameters.positive("limit", parameters(("limit", ""))) == nil)
        #expect(try TempoParameters.positive("limit", parameters(("limit", "7"))) == 7)
        for text in ["0", "-1", "x", "1.5"] {
            #expect(throws: QueryError.self) { try TempoParameters.positive("limit", parameters(("limit", text))) }
        }
        #expect(try TempoParameters.duration("minDuration", parameters(("minDuration", "1.5ms"))) == 1_500_000)
        for text in ["5", "-1s", "x"] {
            #expect(throws: QueryError.self) {
                try TempoParameters.duration("minDuration", parameters(("minDuration", text)))
            }
        }
    }

    @Test func `tags are logfmt`() throws {
        typealias Tag = TempoTagText.Tag
        #expect(try TempoTagText.tags("") == [])
        #expect(
            try TempoTagText.tags(#" service.name=cart  http.url="/a b \"c\"é" error "#)
                == [
                    Tag(key: "service.name", value: "cart"), Tag(key: "http.url", value: #"/a b "c"é"#),
                    Tag(key: "error", value: ""),
                ])
        for text in ["a=1 a=2", "=1", #"a="x"#, #"a="x"y"#, "a=b=c", #"a"b"#, #"a="\u12"#] {
            #expect(throws: QueryError.self, "\(text)") { try TempoTagText.tags(text) }
        }
        #expect(throws: QueryError("invalid tags: unexpected '=' at pos 4")) { try TempoTagText.tags("a=b=c") }
        let many = (0...50).map { "k\($0)=v" }.joined(separator: " ")
        #expect(throws: QueryError.self) { try TempoTagText.tags(many) }
    }
}
