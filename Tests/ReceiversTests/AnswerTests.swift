import Ingestion
import NetworkServer
import NetworkTestSupport
import TestSupport
import Testing
import WireFormats

/// What each receiver answers over HTTP, for each thing that can happen to a body.
@Suite struct AnswerTests {
    /// Checks the body of an answer that is no acceptance.
    private func expectReason(
        _ answer: RawClient.Answer, _ kind: HTTPBodyKind, code: Int, retryDelaySeconds: UInt64? = nil
    ) throws {
        let type = answer.headers["content-type"]
        switch (kind.isOTLP, kind.isJSON) {
        case (false, _):
            #expect(type == "text/plain; charset=utf-8" && !answer.body.isEmpty)
        case (true, true):
            #expect(type == "application/json")
            #expect(answer.text.hasPrefix(#"{"code":\#(code),"message":""#) && answer.text.hasSuffix(#""}"#))
        case (true, false):
            #expect(type == "application/x-protobuf")
            let status = try #require(StatusMessage(answer.body))
            #expect(status.code == UInt64(code) && !status.message.isEmpty)
            #expect(status.retryDelaySeconds == retryDelaySeconds)
        }
    }

    @Test(arguments: Bodies.posts) func `spans are accepted`(kind: HTTPBodyKind) async throws {
        try await RunningReceivers.run { receivers in
            let answers = [
                try receivers.post(kind.path, kind.body, type: kind.type),
                try receivers.post(kind.path, gzip(kind.body), type: kind.type, "Content-Encoding: gzip\r\n"),
            ]
            for answer in answers {
                if kind.isOTLP {
                    #expect(answer.status == 200 && answer.headers["content-type"] == kind.type)
                    #expect(answer.text == (kind.isJSON ? "{}" : ""))
                } else {
                    #expect(answer.status == 202 && answer.body.isEmpty)
                }
            }
            #expect(receivers.sink.batches == [2, 2])
            #expect(receivers.requests(kind.name, code: kind.isOTLP ? 200 : 202) == 2)
            #expect(receivers.spans(kind.name, "accepted") == 4 && receivers.spans(kind.name, "refused") == 0)
            let modern = try HTTP2Client(port: receivers.port).exchange(
                "POST", kind.path, kind.type.map { [("content-type", $0)] } ?? [], kind.body)
            #expect(modern.status == (kind.isOTLP ? 200 : 202))
            #expect(receivers.sink.batches == [2, 2, 2] && receivers.log.lines.isEmpty)
        }
    }

    @Test(arguments: Bodies.posts) func `a body that cannot be read is 400 with the reason`(
        kind: HTTPBodyKind
    ) async throws {
        try await RunningReceivers.run { receivers in
            let broken = Array(kind.body.dropLast(3))
            let answer = try receivers.post(kind.path, broken, type: kind.type)
            #expect(answer.status == 400)
            try expectReason(answer, kind, code: 3)
            let packed = try receivers.post(kind.path, kind.body, type: kind.type, "Content-Encoding: gzip\r\n")
            #expect(packed.status == 400)
            try expectReason(packed, kind, code: 3)
            if kind.name.hasPrefix("zipkin") { #expect(packed.text == "Cannot gunzip spans") }
            #expect(receivers.sink.batches.isEmpty)
            #expect(receivers.requests(kind.name, code: 400) == 2)
            #expect(receivers.malformedBodies(kind.name) == 1)
        }
    }

    @Test(arguments: Bodies.posts) func `too much is 413`(kind: HTTPBodyKind) async throws {
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 5000
        limits.unpackedByteCountMax = 10_000
        let spanLimits = SpanLimits(spanCountMax: 1)
        try await RunningReceivers.run(limits: limits, spanLimits: spanLimits) { receivers in
            let answers = [
                try receivers.post(kind.path, [UInt8](repeating: 32, count: 5001), type: kind.type),
                try receivers.post(
                    kind.path, gzip([UInt8](repeating: 32, count: 10_001)), type: kind.type,
                    "Content-Encoding: gzip\r\n"),
                // Two spans where one is allowed.
                try receivers.post(kind.path, kind.body, type: kind.type),
            ]
            for answer in answers {
                #expect(answer.status == 413 && answer.headers["retry-after"] == nil)
                try expectReason(answer, kind, code: 8)
            }
            #expect(receivers.sink.batches.isEmpty && receivers.requests(kind.name, code: 413) == 3)
        }
        try await RunningReceivers.run(sink: .tooLarge("more than a trace can hold")) { receivers in
            let answer = try receivers.post(kind.path, kind.body, type: kind.type)
            #expect(answer.status == 413 && answer.text.contains("more than a trace can hold"))
            try expectReason(answer, kind, code: 8)
            #expect(receivers.spans(kind.name, "refused") == 2 && receivers.spans(kind.name, "accepted") == 0)
        }
    }

    @Test(arguments: Bodies.posts) func `overload and a full disk are 503 with the time to come again`(
        kind: HTTPBodyKind
    ) async throws {
        for outcome in [SpanSinkOutcome.overloaded, .diskFull("the disk is full")] {
            try await RunningReceivers.run(sink: outcome) { receivers in
                let answer = try receivers.post(kind.path, kind.body, type: kind.type)
                #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
                try expectReason(answer, kind, code: 14, retryDelaySeconds: 1)
                if case .diskFull = outcome { #expect(answer.text.contains("the disk is full")) }
                #expect(receivers.requests(kind.name, code: 503) == 1)
                #expect(receivers.spans(kind.name, "refused") == 2 && receivers.spans(kind.name, "accepted") == 0)
            }
        }
        try await RunningReceivers.run(inFlightByteCountMax: 10) { receivers in
            let answer = try receivers.post(kind.path, kind.body, type: kind.type)
            #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
            try expectReason(answer, kind, code: 14, retryDelaySeconds: 1)
            #expect(receivers.requests(kind.name, code: 503) == 1)
        }
    }

    @Test(arguments: Bodies.posts) func `a type that is not taken is 415`(kind: HTTPBodyKind) async throws {
        try await RunningReceivers.run { receivers in
            for type in ["application/octet-stream", "image/png", "application/jsonx"] {
                let answer = try receivers.post(kind.path, kind.body, type: type)
                #expect(answer.status == 415, "\(type)")
                #expect(answer.text.contains(type) && answer.headers["content-type"]?.hasPrefix("text/plain") == true)
            }
            let unknown = try receivers.post(kind.path, kind.body, type: kind.type, "Content-Encoding: br\r\n")
            #expect(unknown.status == 415 && unknown.headers["accept-encoding"] == "gzip, deflate")
            #expect(receivers.sink.batches.isEmpty)
            #expect(receivers.requests(kind.name, code: 415) == 1)
        }
    }

    @Test(arguments: Bodies.posts) func `a type may have parameters and any case`(kind: HTTPBodyKind) async throws {
        try await RunningReceivers.run { receivers in
            let type = kind.type ?? ""
            let types = ["\(type); charset=utf-8", "\(type);charset=UTF-8", type.uppercased(), "\(type) ; a=b"]
            for type in types {
                let answer = try receivers.post(kind.path, kind.body, type: type)
                #expect(answer.status / 100 == 2, "\(type)")
            }
            #expect(receivers.sink.batches == [2, 2, 2, 2])
        }
    }

    @Test func `other names of the types are known`() async throws {
        try await RunningReceivers.run { receivers in
            let posts: [(String, String?, [UInt8])] = [
                ("/api/v2/spans", nil, Bodies.zipkinJSON), ("/api/v2/spans", "text/plain", Bodies.zipkinJSON),
                ("/api/v2/spans", "application/x-www-form-urlencoded", Bodies.zipkinJSON),
                ("/api/v2/spans", "application/protobuf", Bodies.zipkinProtobuf),
                ("/api/v1/spans", nil, Bodies.zipkinV1JSON),
                ("/api/traces", "application/vnd.apache.thrift.binary", Bodies.jaegerThrift),
                ("/v1/traces", "application/protobuf", Bodies.otlpProtobuf()),
            ]
            for (path, type, body) in posts {
                let answer = try receivers.post(path, body, type: type)
                #expect(answer.status / 100 == 2, "\(path) \(type ?? "")")
            }
            #expect(receivers.sink.batches == posts.map { _ in 2 })
            // Where nothing is assumed, a body without a type is not taken.
            for path in ["/api/traces", "/v1/traces"] {
                #expect(try receivers.post(path, [1], type: nil).status == 415)
            }
        }
    }

    @Test func `only spans may be posted`() async throws {
        try await RunningReceivers.run { receivers in
            let client = try receivers.running.client()
            for path in ["/api/v1/spans", "/api/v2/spans", "/api/traces", "/v1/traces"] {
                let answer = try client.exchange("PUT \(path) HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
                #expect(answer.status == 405 && answer.headers["allow"] == "POST, OPTIONS", "\(path)")
            }
        }
    }

    @Test func `lists without spans are accepted and nothing is stored`() async throws {
        try await RunningReceivers.run { receivers in
            let json = try receivers.post("/api/v2/spans", Array("[]".utf8), type: "application/json")
            #expect(json.status == 202)
            #expect(try receivers.post("/api/v2/spans", [], type: "application/x-protobuf").status == 202)
            #expect(try receivers.post("/v1/traces", [], type: "application/x-protobuf").status == 200)
            #expect(try receivers.post("/v1/traces", Array("{}".utf8), type: "application/json").text == "{}")
            #expect(receivers.sink.batches.isEmpty)
        }
    }

    // MARK: Partial success

    @Test func `OTLP tells of spans that were left out`() async throws {
        try await RunningReceivers.run { receivers in
            let json = try receivers.post("/v1/traces", Bodies.otlpJSONWithout, type: "application/json")
            #expect(json.status == 200)
            #expect(json.text.hasPrefix(#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":""#))
            let protobuf = try receivers.post("/v1/traces", Bodies.otlpProtobufWithout, type: "application/x-protobuf")
            #expect(protobuf.status == 200)
            try expectPartialSuccess(protobuf.body)
            let call = try receivers.call(
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export", Bodies.otlpProtobufWithout)
            #expect(call.code == 0)
            try expectPartialSuccess(try #require(call.message))
            #expect(receivers.sink.batches == [2, 2, 2])
            for name in ["otlp-json", "otlp-protobuf", "otlp-grpc"] {
                #expect(receivers.spans(name, "accepted") == 2 && receivers.spans(name, "refused") == 1, "\(name)")
            }
        }
    }

    private func expectPartialSuccess(_ message: [UInt8]) throws {
        let fields = try #require(ProtobufField.all(in: message))
        guard fields.count == 1, case (1, .bytes(let partial)) = fields[0] else {
            Issue.record("not a partial success: \(message)")
            return
        }
        let parts = try #require(ProtobufField.all(in: partial))
        #expect(parts.map(\.number) == [1, 2] && parts[0].field == .number(1))
        #expect(parts[1].field.text?.isEmpty == false)
    }
}
