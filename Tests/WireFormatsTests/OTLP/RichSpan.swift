import Bytes
import Foundation
import TestSupport
import TraceModel

@testable import WireFormats

/// A span of OTLP that has something of everything, and texts of what formats make of it.
enum RichSpan {
    private static func text(_ text: String) -> PlainProtobuf { PlainProtobuf().text(1, text) }

    private static let list = PlainProtobuf().message(
        5, PlainProtobuf().message(1, text("a\"b")).message(1, PlainProtobuf().varint(3, 7)).message(1, PlainProtobuf())
    )
    private static let map = PlainProtobuf().message(
        6, PlainProtobuf().attribute(1, "list", list).attribute(1, "half", PlainProtobuf().fixed64(4, 0.5.bitPattern)))

    private static let resource = PlainProtobuf().attribute(1, "service.name", text("shop"))
        .attribute(1, "service.version", text("1.2")).attribute(1, "zone", text("resource's")).attribute(
            1, "ports", list)
    private static let scope = PlainProtobuf().text(1, "tracer").text(2, "0.9")
    private static let event = PlainProtobuf().fixed64(1, 1_790_000_000_000_002_000).text(2, "retry")
        .attribute(3, "attempt", PlainProtobuf().varint(3, 2)).attribute(3, "map", map)
    private static let link = PlainProtobuf().bytes(1, TraceID(high: 0, low: 0xab).octets)
        .bytes(2, UInt64(0xcd).octets)
    private static let childLink = PlainProtobuf().bytes(1, OTLPSample.traceID).bytes(2, UInt64(0xef).octets)
        .attribute(4, "opentracing.ref_type", text("child_of"))

    static let span = PlainProtobuf().bytes(1, OTLPSample.traceID).bytes(2, OTLPSample.spanID).text(3, "k=v")
        .bytes(4, UInt64(5).octets).text(5, "GET /").varint(6, 2).fixed64(7, 1_790_000_000_000_001_000)
        .fixed64(8, 1_790_000_000_000_501_000).attribute(9, "zone", text("span's")).attribute(9, "map", map)
        .attribute(9, "raw", PlainProtobuf().bytes(7, [1, 2])).varint(10, 3).message(11, event)
        .message(13, link).message(13, childLink).message(15, PlainProtobuf().text(2, "gone").varint(3, 2))

    /// A resource and a scope with these Spans.
    static func group(_ spans: PlainProtobuf..., scope: PlainProtobuf = scope) -> PlainProtobuf {
        let scopeSpans = spans.reduce(PlainProtobuf().message(1, scope)) { $0.message(2, $1) }
        return PlainProtobuf().message(1, resource).message(2, scopeSpans)
    }

    static func trace(_ groups: PlainProtobuf...) throws -> Trace {
        let spans = try decodeOTLP(groups.reduce(PlainProtobuf()) { $0.message(1, $1) }.bytes).spans
        guard let first = spans.first else { throw TestSupportError("no spans") }
        return Trace(traceID: first.traceID, spans: spans)
    }

    static func trace() throws -> Trace { try trace(group(span)) }
}

func written(_ write: (inout ByteWriter) -> Void) -> String {
    var writer = ByteWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}
