internal import Bytes
package import NetworkServer
package import Topology
internal import TraceModel
package import TraceStore
internal import WireFormats

/// The answers of Jaeger's API v3, as its gateway from gRPC to HTTP writes them: protobuf's JSON, in which what is
/// empty or zero is left out, spans as OTLP/JSON.
package enum JaegerV3Answer {
    package static let notFound = "No traces found"

    package static func services(_ names: [String]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"services\":")
        writer.writeJSONStrings(names)
        writer.write("}")
        return .json(writer.bytes)
    }

    package static func operations(_ operations: [Operation]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"operations\":")
        writer.writeOperations(operations, kindIfUnspecified: "internal")
        writer.write("}")
        return .json(writer.bytes)
    }

    /// Who called whom; counts are of 64 bits, and therefore text.
    package static func dependencies(_ links: [DependencyLink]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"dependencies\":[")
        for (index, link) in links.enumerated() {
            writer.write(index > 0 ? ",{\"parent\":" : "{\"parent\":")
            writer.writeJSONString(link.parent)
            writer.write(",\"child\":")
            writer.writeJSONString(link.child)
            writer.write(",\"callCount\":")
            writer.write(Array("\"\(link.callCount)\"}".utf8))
        }
        writer.write("]}")
        return .json(writer.bytes)
    }

    /// What a search may ask for: any service, and all conditions are met by one span.
    package static let capabilities = HTTPResponse.json(
        Array(#"{"search":{"withoutServiceName":true,"sameSpanConjunction":true}}"#.utf8))

    package static func failure(
        _ status: HTTPStatus, _ message: String, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"error\":{\"httpCode\":")
        writer.write(Array("\(status.code)".utf8))
        writer.write(",\"message\":")
        writer.writeJSONString(message)
        writer.write("}}")
        var response = HTTPResponse.json(writer.bytes, status: status)
        response.headers += headers
        return response
    }
}

/// Writes the spans of traces, one trace after the other, as one answer.
struct JaegerV3TraceList {
    /// Spans that are written between two calls of the outlet.
    private static let spanCountAtOnce = 50
    /// What the encoder writes around the list of each trace, of which here is one.
    private static let listStart: StaticString = "{\"resourceSpans\":["
    private static let listEnd: StaticString = "]}"

    private let isRaw: Bool
    private(set) var isEmpty = true

    init(isRaw: Bool) { self.isRaw = isRaw }

    func begin(_ writer: inout ByteWriter) {
        writer.write("{\"result\":")
        writer.write(Self.listStart)
    }

    /// A trace which may be read while it is written.
    mutating func append(
        _ cursor: TraceCursor, _ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet
    ) throws {
        if !isEmpty { writer.write(UInt8(ascii: ",")) }
        isEmpty = false
        var encoder = OTLPJSONEncoder(cursor.outline, isRaw: isRaw)
        while let piece = try cursor.next() {
            for (index, span) in piece.spans.enumerated() {
                encoder.append(span, piece.place + index, &writer)
                if index % Self.spanCountAtOnce == Self.spanCountAtOnce - 1 { try outlet(&writer) }
            }
        }
        var end = ByteWriter()
        encoder.end(&end)
        writer.write(Array(end.bytes.dropLast(Self.listEnd.utf8CodeUnitCount)))
        try outlet(&writer)
    }

    func end(_ writer: inout ByteWriter) {
        writer.write(Self.listEnd)
        writer.write("}")
    }
}

/// Writes summaries of traces; with none, an object without the list.
struct JaegerSummaryList {
    private var isEmpty = true

    mutating func append(
        _ summary: TraceSummary, _ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet
    ) rethrows {
        writer.write(isEmpty ? "{\"summaries\":[" : ",")
        isEmpty = false
        writer.write(summary)
        try outlet(&writer)
    }

    func end(_ writer: inout ByteWriter) { writer.write(isEmpty ? "{}" : "]}") }
}

extension ByteWriter {
    /// 32-bit counts are numbers, times are text.
    fileprivate mutating func write(_ summary: TraceSummary) {
        write("{\"traceId\":\"")
        write(Array((Hex.string(summary.traceID.high) + Hex.string(summary.traceID.low)).utf8))
        write("\"")
        writeMember("rootServiceName", text: summary.root?.serviceName)
        writeMember("rootOperationName", text: summary.root?.operationName)
        writeMember("minStartTimeUnixNano", time: summary.start)
        writeMember("maxEndTimeUnixNano", time: summary.end)
        writeMember("spanCount", count: summary.spanCount)
        writeMember("errorSpanCount", count: summary.errorCount)
        writeMember("orphanSpanCount", count: summary.orphanCount)
        write(",\"services\":[")
        for (index, service) in summary.services.enumerated() {
            write(index > 0 ? ",{\"name\":" : "{\"name\":")
            writeJSONString(service.name)
            writeMember("spanCount", count: service.spanCount)
            writeMember("errorSpanCount", count: service.errorCount)
            write("}")
        }
        write("]}")
    }

    private mutating func writeMember(_ name: StaticString, text: UnsafeRawBufferPointer?) {
        guard let text, text.count > 0 else { return }
        writeName(name)
        writeJSONString(String(decoding: text, as: UTF8.self))
    }

    private mutating func writeMember(_ name: StaticString, time: Int64?) {
        guard let time, time > 0 else { return }
        writeName(name)
        write(Array("\"\(time)\"".utf8))
    }

    private mutating func writeMember(_ name: StaticString, count: Int) {
        guard count > 0 else { return }
        writeName(name)
        write(Array("\(Int32(clamping: count))".utf8))
    }

    private mutating func writeName(_ name: StaticString) {
        write(",\"")
        write(name)
        write("\":")
    }
}
