internal import Bytes
package import NetworkServer
package import Topology
package import TraceModel
internal import TraceStore
internal import WireFormats

/// The answers of Zipkin's query API.
package enum ZipkinAnswer {
    /// Names may be kept by clients when there are more services than this: before, people still try things out.
    static let uncachedServiceCountMax = 3

    // MARK: Traces

    /// Writes a trace as a list of spans.
    /// - Throws: what `outlet` throws, and `StoreError` once the work is to end.
    static func append(
        _ cursor: TraceCursor, _ work: QueryWork, _ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet
    ) throws {
        var encoder = ZipkinJSONEncoder()
        encoder.begin(&writer)
        while let piece = try cursor.next() {
            for span in piece.spans {
                encoder.append(span, &writer)
                try outlet(&writer)
            }
            try work.check()
        }
        encoder.end(&writer)
    }

    package static func notFound(_ traceID: TraceID) -> HTTPResponse { .text(.notFound, "\(traceID) not found") }

    // MARK: Names and links

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

    package static func links(_ links: [DependencyLink]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write(UInt8(ascii: "["))
        for (number, link) in links.enumerated() {
            if number > 0 { writer.write(UInt8(ascii: ",")) }
            writer.write("{\"parent\":")
            writer.writeJSONString(link.parent)
            writer.write(",\"child\":")
            writer.writeJSONString(link.child)
            writer.write(",\"callCount\":")
            writer.write(Array("\(link.callCount)".utf8))
            if link.errorCount > 0 {
                writer.write(",\"errorCount\":")
                writer.write(Array("\(link.errorCount)".utf8))
            }
            writer.write(UInt8(ascii: "}"))
        }
        writer.write(UInt8(ascii: "]"))
        return .json(writer.bytes)
    }

    // MARK: What the page and watchers ask

    /// How Lens is to behave: lookback in milliseconds; rates of errors from which a link turns yellow, and red.
    static let configuration: HTTPResponse = {
        let limit = ZipkinQueryParameters.limitDefault
        var response = HTTPResponse.json(
            Array(
                """
                {"environment":"","queryLimit":\(limit),"defaultLookback":900000,"searchEnabled":true,\
                "suggestLens":false,"logsUrl":null,"supportUrl":null,"archivePostUrl":null,"archiveUrl":null,\
                "dependency":{"enabled":true,"lowErrorRate":0.5,"highErrorRate":0.75}}
                """.utf8))
        response.headers.append(("Cache-Control", "max-age=600"))
        return response
    }()

    static func info(version: String) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"zipkin\":{\"version\":")
        writer.writeJSONString(version)
        writer.write(",\"commit\":\"\"}}")
        return .json(writer.bytes)
    }

    static func health(isUp: Bool) -> HTTPResponse {
        let status = isUp ? "UP" : "DOWN"
        let text = """
            {"status":"\(status)","zipkin":{"status":"\(status)","details":{"skein":{"status":"\(status)"}}}}
            """
        return .json(Array(text.utf8), status: isUp ? .ok : .serviceUnavailable)
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
