import Bytes
import Foundation
import TestSupport
import TraceModel
import WireFormats

/// Decodes a body given as text.
func decodeZipkin(_ text: String, limits: SpanLimits = SpanLimits()) throws -> SpanBatch {
    try decodeZipkin(Array(text.utf8), limits: limits)
}

func decodeZipkin(_ body: [UInt8], limits: SpanLimits = SpanLimits()) throws -> SpanBatch {
    var builder = SpanBatchBuilder()
    let outcome = try body.withUnsafeBytes { bytes in
        try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
    }
    precondition(outcome.acceptedCount == builder.spanCount, "every span is counted")
    return builder.makeBatch()
}

/// A body of one span with IDs and the given members.
func bodyOfSpan(_ members: String) -> String { #"[{"traceId":"a1","id":"b2",\#(members)}]"# }

/// The one span of `bodyOfSpan`, written again.
func rewriteSpan(_ members: String, limits: SpanLimits = SpanLimits()) throws -> String {
    let batch = try decodeZipkin(bodyOfSpan(members), limits: limits)
    var writer = ByteWriter()
    ZipkinJSONEncoder.append(SpanView(batch: batch, row: 0), to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// What `rewriteSpan` gives for a span with the given members, already in Zipkin's own form.
func spanText(_ members: String) -> String {
    #"{"traceId":"00000000000000a1","id":"00000000000000b2"\#(members.isEmpty ? "" : ",")\#(members)}"#
}

func encodeZipkin(_ batch: SpanBatch) -> String {
    var writer = ByteWriter()
    ZipkinJSONEncoder.appendList(batch.spans, to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// The error that a body is refused with; nil if it is accepted.
func refusal(of text: String, limits: SpanLimits = SpanLimits()) -> DecodeError? {
    refusal(of: Array(text.utf8), limits: limits)
}

func refusal(of body: [UInt8], limits: SpanLimits = SpanLimits()) -> DecodeError? {
    do {
        _ = try decodeZipkin(body, limits: limits)
        return nil
    } catch {
        return error as? DecodeError
    }
}

/// JSON as an independent reader understands it, keys sorted.
func canonicalJSON(_ text: String) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
}

enum ZipkinSample {
    /// A proxy's post: a client and a server span, members in varying order.
    static let proxyBody = #"""
        [{"localEndpoint":{"serviceName":"productpage.shop","port":0,"ipv4":"192.0.2.2"},
          "traceId":"34401ca8008dea4c58c69391133c37ae","parentId":"1ab134ae3d8229f8","kind":"CLIENT",
          "timestamp":1795241656321007,"duration":3960,"id":"404e4f519b36c790",
          "annotations":[{"timestamp":1795241656325064,"value":"cr"}],"name":"details.shop.svc.cluster.local:9080/*",
          "tags":{"node_id":"sidecar~192.0.2.2~productpage-v1.shop","http.status_code":"200","peer.address":"192.0.2.7",
            "http.url":"http://details:9080/details/0?q=%3Ctea%3E&r=\"\u003cb\u003e\\","user_agent":"caf\u00e9 中文 😀",
            "http.method":"GET","response_flags":"-","component":"proxy","error":"true","empty":""}},
         {"traceId":"34401ca8008dea4c58c69391133c37ae","name":"productpage.shop:9080/productpage","id":"1ab134ae3d8229f8",
          "annotations":[{"value":"ss","timestamp":1795241656340648}],"duration":28054,
          "localEndpoint":{"ipv4":"192.0.2.2","ipv6":"2001:db8::c001","serviceName":"productpage.shop","port":9080},
          "remoteEndpoint":{"ipv6":"2001:db8:0:0:1::9","port":43210,"serviceName":"gateway"},
          "kind":"SERVER","timestamp":1795241656312472,"tags":{"http.status_code":"200","http.method":"GET"},
          "debug":true,"shared":true}]
        """#

    /// The same, as Zipkin writes it.
    static let proxyBodyRewritten =
        #"[{"traceId":"34401ca8008dea4c58c69391133c37ae","parentId":"1ab134ae3d8229f8","id":"404e4f519b36c790","#
        + #""kind":"CLIENT","name":"details.shop.svc.cluster.local:9080/*","timestamp":1795241656321007,"#
        + #""duration":3960,"localEndpoint":{"serviceName":"productpage.shop","ipv4":"192.0.2.2"},"#
        + #""annotations":[{"timestamp":1795241656325064,"value":"cr"}],"tags":{"component":"proxy","empty":"","#
        + #""error":"true","http.method":"GET","http.status_code":"200","#
        + #""http.url":"http://details:9080/details/0?q=%3Ctea%3E&r=\"<b>\\","#
        + #""node_id":"sidecar~192.0.2.2~productpage-v1.shop","peer.address":"192.0.2.7","response_flags":"-","#
        + #""user_agent":"café 中文 😀"}},"#
        + #"{"traceId":"34401ca8008dea4c58c69391133c37ae","id":"1ab134ae3d8229f8","kind":"SERVER","#
        + #""name":"productpage.shop:9080/productpage","timestamp":1795241656312472,"duration":28054,"#
        + #""localEndpoint":{"serviceName":"productpage.shop","ipv4":"192.0.2.2","ipv6":"2001:db8::c001","port":9080},"#
        + #""remoteEndpoint":{"serviceName":"gateway","ipv6":"2001:db8::1:0:0:9","port":43210},"#
        + #""annotations":[{"timestamp":1795241656340648,"value":"ss"}],"#
        + #""tags":{"http.method":"GET","http.status_code":"200"},"debug":true,"shared":true}]"#
}

/// What was read from one body.
struct ZipkinDecoded {
    var batch: SpanBatch
    var outcome: DecodeOutcome

    /// The spans as Zipkin writes them.
    var text: String { encodeZipkin(batch) }
}

/// The formats of a body of Zipkin's.
enum ZipkinFormat: CaseIterable {
    case json, protobuf, jsonV1, thriftV1

    func decode(_ body: [UInt8], limits: SpanLimits = SpanLimits()) throws -> ZipkinDecoded {
        var builder = SpanBatchBuilder()
        let outcome = try body.withUnsafeBytes { bytes in
            switch self {
            case .json: try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
            case .protobuf: try ZipkinProtobufDecoder.decode(bytes, limits: limits, into: &builder)
            case .jsonV1: try ZipkinV1JSONDecoder.decode(bytes, limits: limits, into: &builder)
            case .thriftV1: try ZipkinV1ThriftDecoder.decode(bytes, limits: limits, into: &builder)
            }
        }
        precondition(outcome.acceptedCount == builder.spanCount, "every span is counted")
        return ZipkinDecoded(batch: builder.makeBatch(), outcome: outcome)
    }

    func decode(_ text: String, limits: SpanLimits = SpanLimits()) throws -> ZipkinDecoded {
        try decode(Array(text.utf8), limits: limits)
    }

    /// The error that a body is refused with; nil if it is accepted.
    func refusal(of body: [UInt8], limits: SpanLimits = SpanLimits()) -> DecodeError? {
        do {
            _ = try decode(body, limits: limits)
            return nil
        } catch {
            return error as? DecodeError
        }
    }

    func refusal(of text: String, limits: SpanLimits = SpanLimits()) -> DecodeError? {
        refusal(of: Array(text.utf8), limits: limits)
    }
}

extension [UInt8] {
    /// A copy with one to three random changes.
    func damaged(_ random: inout SeededGenerator) -> [UInt8] {
        var body = self
        for _ in 0...Int.random(in: 0..<3, using: &random) where !body.isEmpty {
            let place = Int.random(in: 0..<body.count, using: &random)
            let end = Swift.min(body.count, place + Int.random(in: 1...30, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: body.remove(at: place)
            case 2: body.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
            case 3: body.removeSubrange(place..<end)
            case 4: body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &random))
            default: body[place] = UInt8.random(in: .min ... .max, using: &random)
            }
        }
        return body
    }
}
