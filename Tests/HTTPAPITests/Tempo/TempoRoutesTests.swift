import Foundation
import HTTPAPI
import TestSupport
import Testing
import TraceModel
import WireFormats

/// The routes that need no search, as Grafana and Kiali ask them.
@Suite(.serialized, .onBothStores) struct TempoRoutesTests {
    private static let id = "0af7651916cd43dd8448eb211c80319c"
    private static let post = """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"front"}}]},
          "scopeSpans":[{"scope":{"name":"lib"},"spans":[
            {"traceId":"\(id)","spanId":"b7ad6b7169203331","name":"GET /","kind":2,
             "startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000500000001",
             "attributes":[{"key":"http.status_code","value":{"intValue":"500"}}],"status":{"code":2}}]}]}]}
        """

    /// Service and operation of each span, of an OTLP message.
    private func spans(_ message: [UInt8]) throws -> [String] {
        var builder = SpanBatchBuilder()
        try message.withUnsafeBytes { bytes in
            _ = try OTLPProtobufDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        let batch = builder.makeBatch()
        return (0..<batch.spanCount).map { row in
            let span = SpanView(batch: batch, row: row)
            return String(decoding: span.serviceName, as: UTF8.self) + " "
                + String(decoding: span.operationName, as: UTF8.self)
        }
    }

    @Test func `Grafana's test and Kiali's version are answered`() async throws {
        try await TempoServer.serving { server in
            let echo = try server.get("/api/echo")
            #expect(echo.status == 200)
            #expect(echo.text == "echo")
            let info = try JSONDocument.read(try server.get("/api/status/buildinfo").body)
            #expect(info["version"]?.text == "9.8.7")
            for name in ["revision", "branch", "buildDate", "buildUser", "goVersion"] {
                #expect(info[name]?.text != nil)
            }
            #expect(try server.get("/ready").status == 200)
            server.setReady(false)
            #expect(try server.get("/ready").status == 503)
            try server.post(otlp: Self.post)
            #expect(try JSONDocument.read(try server.get("/status/services").body) == .list([.text("front")]))
        }
    }

    @Test func `a trace is read as protobuf, in both shapes`() async throws {
        try await TempoServer.serving { server in
            try server.post(otlp: Self.post)
            let range = [("start", "1699999000"), ("end", "1700000900")]
            let v1 = try server.get("/api/traces/\(Self.id)", range, accept: "application/protobuf")
            #expect(v1.status == 200)
            #expect(v1.header("content-type") == "application/protobuf")
            #expect(try spans(v1.body) == ["front GET /"])
            let v2 = try server.get("/api/v2/traces/\(Self.id)", range, accept: "application/protobuf")
            #expect(v2.status == 200)
            #expect(try spans(TempoTraceMessage.trace(in: v2.body)) == ["front GET /"])
        }
    }

    @Test func `a trace is read as JSON, as Kiali reads it`() async throws {
        try await TempoServer.serving { (server) throws in
            try server.post(otlp: Self.post)
            let v1 = try JSONDocument.read(try server.get("/api/traces/\(Self.id)").body)
            let v2 = try JSONDocument.read(try server.get("/api/v2/traces/\(Self.id)", accept: "application/json").body)
            #expect(v1["batches"] != nil)
            #expect(v2["trace"]?["resourceSpans"] == v1["batches"])
            let batch = try #require(v1["batches"]?[0])
            #expect(batch["resource"]?["attributes"]?[0]?["value"]?["stringValue"]?.text == "front")
            let span = try #require(batch["scopeSpans"]?[0]?["spans"]?[0])
            #expect(span["name"]?.text == "GET /")
            #expect(span["kind"]?.text == "SPAN_KIND_SERVER")
            #expect(span["status"]?["code"]?.text == "STATUS_CODE_ERROR")
            #expect(span["startTimeUnixNano"]?.text == "1700000000000000001")
            #expect(span["endTimeUnixNano"]?.text == "1700000000500000001")
            #expect(span["attributes"]?[0]?["value"]?["intValue"]?.text == "500")
        }
    }

    @Test func `a long trace comes in pieces that are one message together`() async throws {
        try await TempoServer.serving { server in
            let count = 1234
            let spans = (1...count).map {
                """
                {"traceId":"ab","id":"\(String($0, radix: 16))","name":"op \($0)",
                 "timestamp":\(1_700_000_000_000_000 + $0),"localEndpoint":{"serviceName":"s"}}
                """
            }
            try server.post(zipkin: "[" + spans.joined(separator: ",") + "]")
            let wanted = (1...count).map { "s op \($0)" }
            let v1 = try server.get("/api/traces/ab", accept: "application/protobuf")
            #expect(try self.spans(v1.body) == wanted)
            let v2 = try server.get("/api/v2/traces/ab", accept: "application/protobuf")
            #expect(try self.spans(TempoTraceMessage.trace(in: v2.body)) == wanted)
            let json = try JSONDocument.read(try server.get("/api/traces/ab").body)
            let batches = json["batches"]?.elements ?? []
            let scopes = batches.flatMap { $0["scopeSpans"]?.elements ?? [] }
            #expect(scopes.flatMap { $0["spans"]?.elements ?? [] }.map { "s " + ($0["name"]?.text ?? "") } == wanted)
        }
    }

    @Test func `what is no trace ID is 400, and what nobody has sent is 404, in plain text`() async throws {
        try await TempoServer.serving { server in
            for path in ["/api/traces/", "/api/v2/traces/"] {
                for accept in ["application/protobuf", "application/json"] {
                    #expect(try server.get(path + "xyz", accept: accept).status == 400)
                    #expect(try server.get(path + String(repeating: "1", count: 33), accept: accept).status == 400)
                    for unknown in ["ab", "0"] {
                        let answer = try server.get(path + unknown, accept: accept)
                        #expect(answer.status == 404)
                        #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
                    }
                }
                #expect(try server.get(path + "ab", [("start", "x"), ("end", "1")]).status == 400)
                #expect(try server.get(path + "ab", [("start", "9"), ("end", "1")]).status == 400)
            }
        }
    }

    @Test func `metrics are refused with a reason`() async throws {
        try await TempoServer.serving { server in
            for path in ["/api/metrics/query", "/api/metrics/query_range"] {
                let answer = try server.get(path, [("q", "{ } | rate()"), ("start", "1"), ("end", "2")])
                #expect(answer.status == 422)
                #expect(answer.text.hasPrefix("Metrics are not computed from traces here"))
            }
        }
    }
}

/// Tempo's message `TraceByIDResponse`.
enum TempoTraceMessage {
    struct Malformed: Error {}

    /// All occurrences of field 1 put together: what a reader that merges them sees. No other field may stand there.
    static func trace(in message: [UInt8]) throws -> [UInt8] {
        var trace: [UInt8] = []
        var rest = message[...]
        while let tag = rest.popFirst() {
            guard tag == 0x0a else { throw Malformed() }
            var count = 0
            var shift = 0
            while true {
                guard let byte = rest.popFirst(), shift < 35 else { throw Malformed() }
                count |= Int(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            guard count <= rest.count else { throw Malformed() }
            trace += rest.prefix(count)
            rest = rest.dropFirst(count)
        }
        return trace
    }
}
