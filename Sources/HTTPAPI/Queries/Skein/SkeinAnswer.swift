internal import Bytes
internal import FoundationEssentials
internal import NetworkServer
internal import QueryLanguage
internal import TraceModel
internal import TraceStore
internal import WireFormats

extension HTTPRouter {
    /// Routes what the program's own API is asked to a worker thread. Refusals and errors are answered in its JSON.
    mutating func onSkein(
        _ method: HTTPMethod, _ pattern: String,
        _ answer: @escaping @Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse
    ) {
        on(
            method, pattern,
            refusalWriter: { error, _ in SkeinAnswer.failure(error.status, error.message, headers: error.headers) },
            .query(failure: { error, _ in SkeinAnswer.failure(error) }, answer))
    }
}

/// The answers of the program's own query API, in JSON. Times since 1970 are text, because JavaScript's numbers do not
/// hold their nanoseconds; durations are numbers.
enum SkeinAnswer {
    static func failure(
        _ status: HTTPStatus, _ message: String, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"error\":{\"status\":")
        writer.writeNumber(status.code)
        writer.write(",\"message\":")
        writer.writeJSONString(message)
        writer.write("}}")
        var failure = HTTPResponse.json(writer.bytes, status: status)
        failure.headers += headers
        return failure
    }

    /// The answer to an error; nil for what is the program's own.
    @Sendable static func failure(_ error: any Error) -> HTTPResponse? {
        switch error {
        case let error as QueryError: failure(.badRequest, error.message)
        case let error as StoreError: failure(error.httpStatus, error.message, headers: error.httpHeaders)
        default: nil
        }
    }

    /// A value as JSON, keys sorted.
    static func json(_ value: some Encodable) throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(Array(try encoder.encode(value)))
    }

    /// What may be looked at in a browser.
    static func document(_ contentType: String, _ body: [UInt8]) -> HTTPResponse {
        // Names come from outside: whatever they look like, no browser is to run a script for them.
        HTTPResponse(
            status: .ok,
            headers: [
                ("content-type", contentType), ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ], body: body)
    }

    static func services(_ names: [String]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"services\":")
        writer.writeList(names) { $0.writeJSONString($1) }
        writer.write("}")
        return .json(writer.bytes)
    }

    static func operations(_ operations: [Operation]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"operations\":")
        writer.writeList(operations) { writer, operation in
            writer.write("{\"name\":")
            writer.writeJSONString(operation.name)
            writer.write(",\"kind\":")
            writer.writeJSONString(operation.kind.jaegerName ?? "unspecified")
            writer.write("}")
        }
        writer.write("}")
        return .json(writer.bytes)
    }

    // MARK: Search

    /// - Parameter cursor: of the next page; nil if there is none.
    static func search(
        _ traces: [FoundTrace], _ outcome: TraceSearchOutcome, _ search: SkeinQueryParameters.Search,
        cursor: String?, notes: [String]
    ) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"traces\":")
        writer.writeList(traces) { append($1, search, to: &$0) }
        writer.write(",\"count\":{\"value\":")
        switch outcome.count {
        case .exactly(let count):
            writer.writeNumber(count)
            writer.write(",\"isExact\":true")
            append(outcome.estimate, to: &writer)
        case .atLeast(let count):
            writer.writeNumber(count)
            writer.write(",\"isExact\":false")
        }
        writer.write("},\"cursor\":")
        if let cursor { writer.writeJSONString(cursor) } else { writer.write("null") }
        writer.write(",\"scanned\":{\"segments\":")
        writer.writeNumber(outcome.scanned.segmentCount)
        writer.write(",\"blocks\":")
        writer.writeNumber(outcome.scanned.blockCount)
        writer.write(",\"traces\":")
        writer.writeNumber(outcome.scanned.traceCount)
        writer.write(",\"spans\":")
        writer.writeNumber(outcome.scanned.spanCount)
        writer.write("},\"notes\":")
        writer.writeList(notes) { $0.writeJSONString($1) }
        writer.write("}")
        return .json(writer.bytes)
    }

    /// How many traces were offered, where the sampler stored only some.
    private static func append(_ estimate: SampleEstimate, to writer: inout ByteWriter) {
        if estimate.isExact { return }
        let interval = estimate.interval
        writer.write(",\"estimate\":{\"value\":")
        writer.writeNumber(Int(estimate.value.rounded()))
        writer.write(",\"low\":")
        writer.writeNumber(Int(interval.lowerBound.rounded(.down)))
        writer.write(",\"high\":")
        writer.writeNumber(Int(interval.upperBound.rounded(.up)))
        writer.write(",\"confidence\":0.95}")
    }

    private static func append(
        _ found: FoundTrace, _ search: SkeinQueryParameters.Search, to writer: inout ByteWriter
    ) {
        writer.write("{")
        appendSummary(TraceSummary(found.trace), to: &writer)
        writer.write(",\"matched\":{\"spanCount\":")
        let places = Set(found.spansets.flatMap(\.places)).sorted()
        writer.writeNumber(places.count)
        writer.write(",\"spans\":")
        let reader = TraceFieldReader(found.trace)
        let fields = search.language.selectedFields
        writer.writeList(places.prefix(search.spanLimit)) { writer, place in
            let span = found.trace.spans[place]
            writer.write("{")
            appendNames(span, to: &writer)
            writer.write(",\"attributes\":{")
            var isFirst = true
            for field in fields {
                guard let value = reader.value(of: field, place: place) else { continue }
                if !isFirst { writer.write(",") }
                isFirst = false
                writer.writeJSONString("\(field)")
                writer.write(":")
                writer.writeJSON(value)
            }
            writer.write("}}")
        }
        writer.write("}}")
    }

    // MARK: Parts

    /// Members of an object, without its braces.
    static func appendSummary(_ summary: TraceSummary, to writer: inout ByteWriter) {
        writer.write("\"traceID\":")
        writer.writeJSONString(summary.traceID.description)
        writer.write(",\"root\":")
        if let root = summary.root {
            writer.write("{")
            appendNames(root, to: &writer)
            writer.write("}")
        } else {
            writer.write("null")
        }
        writer.write(",\"startTimeUnixNano\":\"")
        writer.writeNumber(summary.start ?? 0)
        writer.write("\",\"durationNanos\":")
        writer.writeNumber(summary.duration)
        writer.write(",\"spanCount\":")
        writer.writeNumber(summary.spanCount)
        writer.write(",\"errorCount\":")
        writer.writeNumber(summary.errorCount)
        writer.write(",\"orphanCount\":")
        writer.writeNumber(summary.orphanCount)
        if summary.samplingProbability < 1 {
            writer.write(",\"samplingProbability\":")
            writer.write(Array("\(summary.samplingProbability)".utf8))
        }
        writer.write(",\"services\":")
        writer.writeList(summary.services) { writer, service in
            writer.write("{\"name\":")
            writer.writeJSONString(service.name)
            writer.write(",\"spanCount\":")
            writer.writeNumber(service.spanCount)
            writer.write(",\"errorCount\":")
            writer.writeNumber(service.errorCount)
            writer.write("}")
        }
    }

    private static func appendNames(_ span: SpanView, to writer: inout ByteWriter) {
        writer.write("\"spanID\":")
        writer.writeJSONString(span.spanID.description)
        writer.write(",\"service\":")
        writer.writeJSONString(String(decoding: span.serviceName, as: UTF8.self))
        writer.write(",\"operation\":")
        writer.writeJSONString(String(decoding: span.operationName, as: UTF8.self))
        writer.write(",\"startTimeUnixNano\":\"")
        writer.writeNumber(span.start ?? 0)
        writer.write("\",\"durationNanos\":")
        writer.writeNumber(max(0, span.duration ?? 0))
        writer.write(span.isError ? ",\"isError\":true" : ",\"isError\":false")
    }
}

extension ByteWriter {
    mutating func writeNumber(_ number: some BinaryInteger) { write(Array("\(number)".utf8)) }

    mutating func writeList<Items: Collection>(
        _ items: Items, _ writeItem: (inout ByteWriter, Items.Element) -> Void
    ) {
        write(UInt8(ascii: "["))
        var isFirst = true
        for item in items {
            if !isFirst { write(UInt8(ascii: ",")) }
            isFirst = false
            writeItem(&self, item)
        }
        write(UInt8(ascii: "]"))
    }

    /// Numbers and truth values as they are, all else as text.
    fileprivate mutating func writeJSON(_ value: FieldValue) {
        switch value {
        case .int(let number) where abs(Double(number)) < 9e15: writeNumber(number)
        case .double(let number) where number.isFinite: write(Array("\(number)".utf8))
        case .bool(let flag): write(flag ? "true" : "false")
        default: writeJSONString(value.text)
        }
    }
}
