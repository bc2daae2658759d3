internal import Bytes
package import NetworkServer
package import TraceModel
package import TraceStore
internal import WireFormats

/// The answers of Jaeger's query API: all in one envelope, `data,total,limit,offset,errors`.
package enum JaegerAnswer {
    /// A list of names.
    package static func names(_ names: [String], isPretty: Bool = false) -> HTTPResponse {
        answer(isPretty, total: names.count) { $0.writeJSONStrings(names) }
    }

    /// Operations with their kinds.
    package static func operations(_ operations: [Operation], isPretty: Bool = false) -> HTTPResponse {
        answer(isPretty, total: operations.count) { writer in
            writer.write(UInt8(ascii: "["))
            for (index, operation) in operations.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                writer.write("{\"name\":")
                writer.writeJSONString(operation.name)
                writer.write(",\"spanKind\":")
                writer.writeJSONString(operation.kind.jaegerName ?? "")
                writer.write(UInt8(ascii: "}"))
            }
            writer.write(UInt8(ascii: "]"))
        }
    }

    /// Traces, and the IDs of those that were asked for in vain.
    package static func traces(
        _ traces: [Trace], missing: [TraceID] = [], form: JaegerQueryParameters.Form = .init()
    ) -> HTTPResponse {
        answer(form.isPretty, total: 0, missing: missing) { writer in
            writer.write(UInt8(ascii: "["))
            for (index, trace) in traces.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                JaegerJSONEncoder.append(trace, isRaw: form.isRaw, to: &writer)
            }
            writer.write(UInt8(ascii: "]"))
        }
    }

    /// No data, and one error with the status as its code.
    package static func failure(_ status: HTTPStatus, _ message: String, isPretty: Bool = false) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":")
        writer.write(Array("\(status.code)".utf8))
        writer.write(",\"msg\":")
        writer.writeJSONString(message)
        writer.write("}]}")
        return response(writer, isPretty, status)
    }

    package static let traceNotFound = "trace not found"

    private static func answer(
        _ isPretty: Bool, total: Int, missing: [TraceID] = [], _ writeData: (inout ByteWriter) -> Void
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"data\":")
        writeData(&writer)
        writer.write(",\"total\":")
        writer.write(Array("\(total)".utf8))
        writer.write(",\"limit\":0,\"offset\":0,\"errors\":")
        if missing.isEmpty {
            writer.write("null}")
        } else {
            writer.write(UInt8(ascii: "["))
            for (index, traceID) in missing.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                writer.write("{\"msg\":")
                writer.writeJSONString(traceNotFound)
                writer.write(",\"traceID\":")
                writer.writeJSONString(traceID.description)
                writer.write(UInt8(ascii: "}"))
            }
            writer.write("]}")
        }
        return response(writer, isPretty, .ok)
    }

    private static func response(_ writer: ByteWriter, _ isPretty: Bool, _ status: HTTPStatus) -> HTTPResponse {
        .json(isPretty ? JSONIndenter.indented(writer.bytes) : writer.bytes, status: status)
    }
}
