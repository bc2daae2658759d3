internal import Bytes
package import NetworkServer
package import Topology
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
        answer(isPretty, total: operations.count) { $0.writeOperations(operations, kindIfUnspecified: "") }
    }

    /// Who called whom.
    package static func dependencies(_ links: [DependencyLink], isPretty: Bool = false) -> HTTPResponse {
        answer(isPretty, total: 0) { writer in
            writer.write(UInt8(ascii: "["))
            for (index, link) in links.enumerated() {
                writer.write(index > 0 ? ",{\"parent\":" : "{\"parent\":")
                writer.writeJSONString(link.parent)
                writer.write(",\"child\":")
                writer.writeJSONString(link.child)
                writer.write(",\"callCount\":")
                writer.write(Array("\(link.callCount)}".utf8))
            }
            writer.write(UInt8(ascii: "]"))
        }
    }

    /// One number.
    static func number(_ number: Int64, isPretty: Bool) -> HTTPResponse {
        answer(isPretty, total: 0) { $0.writeNumber(number) }
    }

    /// Traces in memory.
    /// - Parameter notes: of spans that were left out.
    package static func traces(
        _ traces: [Trace], notes: [String] = [], form: JaegerQueryParameters.Form = .init()
    ) -> HTTPResponse {
        var writer = ByteWriter()
        var list = JaegerTraceList(isRaw: form.isRaw)
        list.begin(&writer)
        for trace in traces { list.append(trace, &writer) { _ in } }
        list.end(&writer, notes: notes)
        return response(writer, form.isPretty, .ok)
    }

    /// The answer to an error; nil for what is the program's own.
    static func failure(_ error: any Error, isPretty: Bool) -> HTTPResponse? {
        switch error {
        case let error as QueryError: failure(.badRequest, error.message, isPretty: isPretty)
        case let error as StoreError:
            failure(error.httpStatus, error.message, headers: error.httpHeaders, isPretty: isPretty)
        default: nil
        }
    }

    /// The answer to an error, laid out as the request asks.
    @Sendable static func failure(_ error: any Error, _ request: HTTPRequest) -> HTTPResponse? {
        failure(error, isPretty: JaegerQueryParameters.isPretty(QueryParameters(request.query)))
    }

    /// No data, and one error with the status as its code.
    package static func failure(
        _ status: HTTPStatus, _ message: String, headers: [(name: String, value: String)] = [], isPretty: Bool = false
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":")
        writer.write(Array("\(status.code)".utf8))
        writer.write(",\"msg\":")
        writer.writeJSONString(message)
        writer.write("}]}")
        var failure = response(writer, isPretty, status)
        failure.headers += headers
        return failure
    }

    package static let traceNotFound = "trace not found"
    /// Jaeger's own words where it has no second store for traces that are to be kept.
    package static let noArchive = "archive span storage was not configured"

    private static func answer(
        _ isPretty: Bool, total: Int, _ writeData: (inout ByteWriter) -> Void
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"data\":")
        writeData(&writer)
        writer.write(",\"total\":")
        writer.write(Array("\(total)".utf8))
        writer.write(",\"limit\":0,\"offset\":0,\"errors\":null}")
        return response(writer, isPretty, .ok)
    }

    private static func response(_ writer: ByteWriter, _ isPretty: Bool, _ status: HTTPStatus) -> HTTPResponse {
        .json(isPretty ? JSONIndenter.indented(writer.bytes) : writer.bytes, status: status)
    }
}

/// Writes traces one after the other into the envelope.
struct JaegerTraceList {
    /// Spans that are written between two calls of the outlet.
    private static let spanCountAtOnce = 50

    private let isRaw: Bool
    private var isFirst = true

    init(isRaw: Bool) { self.isRaw = isRaw }

    func begin(_ writer: inout ByteWriter) { writer.write("{\"data\":[") }

    mutating func append(
        _ trace: Trace, _ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet
    ) rethrows {
        if !isFirst { writer.write(UInt8(ascii: ",")) }
        isFirst = false
        var encoder = JaegerJSONEncoder(trace, isRaw: isRaw)
        encoder.begin(&writer)
        for place in trace.spans.indices {
            encoder.append(place, &writer)
            if place % Self.spanCountAtOnce == Self.spanCountAtOnce - 1 { try outlet(&writer) }
        }
        encoder.end(&writer)
        try outlet(&writer)
    }

    /// A trace from its first span on, which is read while it is written.
    mutating func append(
        _ cursor: TraceCursor, _ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet
    ) throws {
        if let trace = cursor.trace { return try append(trace, &writer, outlet) }
        if !isFirst { writer.write(UInt8(ascii: ",")) }
        isFirst = false
        var encoder = JaegerJSONEncoder(cursor.outline, isRaw: isRaw)
        encoder.begin(&writer)
        while let piece = try cursor.next() {
            for (index, span) in piece.spans.enumerated() {
                encoder.append(span, piece.place + index, &writer)
                if index % Self.spanCountAtOnce == Self.spanCountAtOnce - 1 { try outlet(&writer) }
            }
        }
        encoder.end(&writer)
        try outlet(&writer)
    }

    /// - Parameters:
    ///   - missing: traces that were asked for in vain.
    ///   - notes: what else is to be told of an answer that is not all that was asked for.
    func end(_ writer: inout ByteWriter, missing: [TraceID] = [], notes: [String] = []) {
        writer.write("],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":")
        guard !missing.isEmpty || !notes.isEmpty else {
            writer.write("null}")
            return
        }
        writer.write(UInt8(ascii: "["))
        for (index, traceID) in missing.enumerated() {
            if index > 0 { writer.write(UInt8(ascii: ",")) }
            writer.write("{\"msg\":")
            writer.writeJSONString(JaegerAnswer.traceNotFound)
            writer.write(",\"traceID\":")
            writer.writeJSONString(traceID.description)
            writer.write(UInt8(ascii: "}"))
        }
        for (index, note) in notes.enumerated() {
            if index + missing.count > 0 { writer.write(UInt8(ascii: ",")) }
            writer.write("{\"msg\":")
            writer.writeJSONString(note)
            writer.write(UInt8(ascii: "}"))
        }
        writer.write("]}")
    }
}

extension ByteWriter {
    /// A list of operations with their kinds.
    mutating func writeOperations(_ operations: [Operation], kindIfUnspecified: String) {
        write(UInt8(ascii: "["))
        for (index, operation) in operations.enumerated() {
            if index > 0 { write(UInt8(ascii: ",")) }
            write("{\"name\":")
            writeJSONString(operation.name)
            write(",\"spanKind\":")
            writeJSONString(operation.kind.jaegerName ?? kindIfUnspecified)
            write(UInt8(ascii: "}"))
        }
        write(UInt8(ascii: "]"))
    }
}
