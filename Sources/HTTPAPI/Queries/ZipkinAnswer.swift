internal import Bytes
package import NetworkServer
package import TraceModel
internal import WireFormats

/// The answers of Zipkin's query API.
package enum ZipkinAnswer {
    /// Names may be kept by clients when there are more services than this: before, people still try things out.
    static let uncachedServiceCountMax = 3

    static let healthy = HTTPResponse.json(Array(#"{"status":"UP","zipkin":{"status":"UP"}}"#.utf8))

    package static func trace(_ trace: Trace) -> HTTPResponse {
        var writer = ByteWriter(capacity: trace.spans.count * 1024)
        ZipkinJSONEncoder.appendList(trace.spans, to: &writer)
        return .json(writer.bytes)
    }

    package static func traces(_ traces: [Trace]) -> HTTPResponse {
        var writer = ByteWriter()
        ZipkinJSONEncoder.appendTraces(traces, to: &writer)
        return .json(writer.bytes)
    }

    package static func notFound(_ traceID: TraceID) -> HTTPResponse { .text(.notFound, "\(traceID) not found") }

    package static func failure(_ error: QueryError) -> HTTPResponse { .text(.badRequest, error.message) }

    /// - Parameter serviceCount: services known in all.
    package static func names(_ names: [String], serviceCount: Int) -> HTTPResponse {
        var writer = ByteWriter()
        writer.writeJSONStrings(names)
        var response = HTTPResponse.json(writer.bytes)
        if serviceCount > uncachedServiceCountMax {
            response.headers.append(("Cache-Control", "max-age=300, must-revalidate"))
        }
        return response
    }
}

extension ByteWriter {
    /// A list of strings.
    mutating func writeJSONStrings(_ texts: [String]) {
        write(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { write(UInt8(ascii: ",")) }
            writeJSONString(text)
        }
        write(UInt8(ascii: "]"))
    }
}
