import FoundationEssentials
import TestSupport

/// A way to send spans over HTTP, with a body of two spans.
struct HTTPBodyKind: Sendable, CustomStringConvertible {
    let name: String  // of the protocol in metrics
    let path: String
    let type: String?
    let body: [UInt8]

    var description: String { "\(name) as \(type ?? "no type")" }
    var isOTLP: Bool { name.hasPrefix("otlp") }
    var isJSON: Bool { name.hasSuffix("json") }
}

/// A way to send spans over gRPC, with a message of `spanCount` spans.
struct CallKind: Sendable, CustomStringConvertible {
    let name: String
    let method: String
    let message: [UInt8]
    let spanCount: Int

    var description: String { name }
}

enum Bodies {
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.map { $0 > 57 ? $0 - 87 : $0 - 48 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func field(_ number: UInt8, _ value: [UInt8]) -> [UInt8] {
        precondition(value.count < 128, "a length of one byte")
        return [number << 3 | 2, UInt8(value.count)] + value
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private static func fixed64(_ number: UInt8, _ value: UInt64) -> [UInt8] {
        [number << 3 | 1] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static let traceIDs = ["0000000000000000aaaaaaaaaaaaaaaa", "0000000000000000bbbbbbbbbbbbbbbb"]
    private static let spanIDs = ["1111111111111111", "2222222222222222"]

    // MARK: Zipkin

    static let zipkinJSON: [UInt8] = Array(
        #"""
        [{"traceId":"aaaaaaaaaaaaaaaa","id":"1111111111111111","name":"get","timestamp":1700000000000000,"duration":5,
        "localEndpoint":{"serviceName":"a"}},{"traceId":"bbbbbbbbbbbbbbbb","id":"2222222222222222","name":"put",
        "timestamp":1700000000000001,"duration":6,"localEndpoint":{"serviceName":"b"}}]
        """#.utf8)

    static let zipkinV1JSON: [UInt8] = Array(
        #"""
        [{"traceId":"aaaaaaaaaaaaaaaa","id":"1111111111111111","name":"get","timestamp":1700000000000000,"duration":5,
        "annotations":[{"timestamp":1700000000000000,"value":"sr","endpoint":{"serviceName":"a"}}]},
        {"traceId":"bbbbbbbbbbbbbbbb","id":"2222222222222222","name":"put","timestamp":1700000000000001,"duration":6,
        "annotations":[{"timestamp":1700000000000001,"value":"sr","endpoint":{"serviceName":"b"}}]}]
        """#.utf8)

    /// `ListOfSpans`.
    static let zipkinProtobuf: [UInt8] = zip(traceIDs, spanIDs).flatMap { traceID, spanID in
        field(
            1,
            field(1, bytes(traceID)) + field(3, bytes(spanID)) + field(5, "get")
                + fixed64(6, 1_700_000_000_000_000) + [7 << 3, 5] + field(8, field(1, "a")))
    }

    /// A list of version 1 spans in thrift's binary encoding.
    static let zipkinV1Thrift: [UInt8] = {
        var list: [UInt8] = [12, 0, 0, 0, 2]
        for (traceID, spanID) in zip(traceIDs, spanIDs) {
            list += [10, 0, 1] + bytes(String(traceID.suffix(16)))
            list += [11, 0, 3, 0, 0, 0, 3] + Array("get".utf8)
            list += [10, 0, 4] + bytes(spanID)
            list += [10, 0, 10] + bytes("00060a24181e4000")
            list += [10, 0, 11, 0, 0, 0, 0, 0, 0, 0, 5, 0]
        }
        return list
    }()

    // MARK: OTLP

    /// Two spans; `extra` stands behind them in the list.
    static func otlpJSON(extra: String = "") -> [UInt8] {
        let spans = zip(traceIDs, spanIDs).map { traceID, spanID in
            #"{"traceId":"\#(traceID)","spanId":"\#(spanID)","name":"get","#
                + #""startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000005"}"#
        }
        return Array(
            (#"{"resourceSpans":[{"scopeSpans":[{"spans":["# + spans.joined(separator: ",") + extra + "]}]}]}").utf8)
    }

    /// A span without IDs, which is left out while the others are taken.
    static let otlpJSONWithout = otlpJSON(extra: #",{"traceId":"","spanId":"","name":"nobody"}"#)

    /// `ExportTraceServiceRequest`, with a span of `extra` in a resource of its own.
    static func otlpProtobuf(extra: [UInt8]? = nil) -> [UInt8] {
        let spans = zip(traceIDs, spanIDs).map { traceID, spanID in
            field(1, bytes(traceID)) + field(2, bytes(spanID)) + field(5, "get")
                + fixed64(7, 1_700_000_000_000_000_000) + fixed64(8, 1_700_000_000_000_000_005)
        }
        return (spans + (extra.map { [$0] } ?? [])).flatMap { field(1, field(2, field(2, $0))) }
    }

    static let otlpProtobufWithout = otlpProtobuf(extra: field(5, "nobody"))

    // MARK: Recorded

    static func fixture(_ path: String) -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(filePath: Repository.path + "/Tests/Fixtures/" + path)) else {
            preconditionFailure("the fixtures are part of the repository")
        }
        return Array(data)
    }

    /// One batch of two spans.
    static let jaegerThrift: [UInt8] = fixture("jaeger/opentelemetry-python-batch.bin")

    // MARK: Kinds

    static let posts: [HTTPBodyKind] = [
        HTTPBodyKind(name: "zipkin-json", path: "/api/v2/spans", type: "application/json", body: zipkinJSON),
        HTTPBodyKind(
            name: "zipkin-protobuf", path: "/api/v2/spans", type: "application/x-protobuf", body: zipkinProtobuf),
        HTTPBodyKind(name: "zipkin-v1-json", path: "/api/v1/spans", type: "application/json", body: zipkinV1JSON),
        HTTPBodyKind(
            name: "zipkin-v1-thrift", path: "/api/v1/spans", type: "application/x-thrift", body: zipkinV1Thrift),
        HTTPBodyKind(
            name: "jaeger-thrift", path: "/api/traces?format=jaeger.thrift", type: "application/x-thrift",
            body: jaegerThrift),
        HTTPBodyKind(name: "otlp-protobuf", path: "/v1/traces", type: "application/x-protobuf", body: otlpProtobuf()),
        HTTPBodyKind(name: "otlp-json", path: "/v1/traces", type: "application/json", body: otlpJSON()),
    ]

    static let calls: [CallKind] = [
        CallKind(
            name: "zipkin-grpc", method: "/zipkin.proto3.SpanService/Report", message: zipkinProtobuf, spanCount: 2),
        CallKind(
            name: "jaeger-grpc", method: "/jaeger.api_v2.CollectorService/PostSpans",
            message: fixture("jaeger/opentelemetry-python-grpc.bin"), spanCount: 2),
        CallKind(
            name: "otlp-grpc", method: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            message: otlpProtobuf(), spanCount: 2),
    ]
}
