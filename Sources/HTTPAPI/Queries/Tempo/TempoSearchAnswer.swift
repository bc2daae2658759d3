internal import Bytes
internal import QueryLanguage
internal import TraceModel
internal import TraceStore
internal import WireFormats

/// Writes Tempo's message `SearchResponse` in protobuf's JSON, which strict readers take: 64-bit numbers as text, no
/// field that the message has not got.
struct TempoSearchAnswer {
    private let fields: [TraceQLQuery.Field]
    private let spansPerSpanset: Int
    private var isFirst = true

    /// What Tempo tells of a trace whose root has not come.
    private static let noRoot = "<root span not yet received>"

    init(_ query: TraceQLQuery, spansPerSpanset: Int) {
        fields = query.selectedFields
        self.spansPerSpanset = spansPerSpanset
    }

    func begin(_ writer: inout ByteWriter) { writer.write("{\"traces\":[") }

    func end(_ outcome: TraceSearchOutcome, _ writer: inout ByteWriter) {
        let scanned = outcome.scanned
        writer.write("],\"metrics\":{\"inspectedTraces\":")
        writer.writeNumber(UInt32(clamping: scanned.traceCount))
        writer.write(",\"inspectedSpans\":\"")
        writer.writeNumber(scanned.spanCount)
        writer.write("\",\"totalBlocks\":")
        writer.writeNumber(UInt32(clamping: scanned.blockCount))
        writer.write(",\"completedJobs\":1,\"totalJobs\":1}}")
    }

    mutating func append(_ found: FoundTrace, _ writer: inout ByteWriter) {
        // Kiali reads the first span of the first spanset without looking.
        let spansets = found.spansets.filter { !$0.places.isEmpty }
        guard let first = spansets.first else { return }
        if !isFirst { writer.write(",") }
        isFirst = false
        let summary = TraceSummary(found.trace)
        let service = summary.root.map { String(decoding: $0.serviceName, as: UTF8.self) } ?? ""
        writer.write("{\"traceID\":")
        writer.writeJSONString(Self.text(found.trace.traceID))
        writer.write(",\"rootServiceName\":")
        writer.writeJSONString(service.isEmpty ? Self.noRoot : service)
        writer.write(",\"rootTraceName\":")
        writer.writeJSONString(summary.root.map { String(decoding: $0.operationName, as: UTF8.self) } ?? "")
        writer.write(",\"startTimeUnixNano\":\"")
        writer.writeNumber(max(0, summary.start ?? 0))
        writer.write("\",\"durationMs\":")
        writer.writeNumber(UInt32(clamping: summary.duration / 1_000_000))
        writer.write(",\"spanSet\":")
        let reader = TraceFieldReader(found.trace)
        write(first, found.trace, reader, &writer)
        writer.write(",\"spanSets\":[")
        for (number, spanset) in spansets.enumerated() {
            if number > 0 { writer.write(",") }
            write(spanset, found.trace, reader, &writer)
        }
        writer.write("],\"serviceStats\":{")
        write(summary.services, &writer)
        writer.write("}}")
    }

    /// As Tempo prints it: without zeros at its start.
    private static func text(_ traceID: TraceID) -> String {
        String(traceID.description.drop { $0 == "0" })
    }

    private func write(_ services: [TraceSummary.Service], _ writer: inout ByteWriter) {
        for (number, service) in services.enumerated() {
            if number > 0 { writer.write(",") }
            writer.writeJSONString(service.name)
            writer.write(":{\"spanCount\":")
            writer.writeNumber(UInt32(clamping: service.spanCount))
            if service.errorCount > 0 {
                writer.write(",\"errorCount\":")
                writer.writeNumber(UInt32(clamping: service.errorCount))
            }
            writer.write("}")
        }
    }

    // MARK: Spansets

    private func write(
        _ spanset: Spanset, _ trace: Trace, _ reader: TraceFieldReader, _ writer: inout ByteWriter
    ) {
        writer.write("{\"spans\":[")
        for (number, place) in spanset.places.prefix(spansPerSpanset).enumerated() {
            if number > 0 { writer.write(",") }
            writeSpan(place, trace, reader, &writer)
        }
        writer.write("],\"matched\":")
        writer.writeNumber(UInt32(clamping: spanset.places.count))
        if !spanset.attributes.isEmpty {
            writer.write(",\"attributes\":[")
            for (number, attribute) in spanset.attributes.enumerated() {
                if number > 0 { writer.write(",") }
                writer.writeTempoAttribute(attribute.name, attribute.value)
            }
            writer.write("]")
        }
        writer.write("}")
    }

    private func writeSpan(
        _ place: Int, _ trace: Trace, _ reader: TraceFieldReader, _ writer: inout ByteWriter
    ) {
        let span = trace.spans[place]
        writer.write("{\"spanID\":")
        writer.writeJSONString(span.spanID.description)
        if fields.contains(.intrinsic(.name)) {
            writer.write(",\"name\":")
            writer.writeJSONString(String(decoding: span.operationName, as: UTF8.self))
        }
        writer.write(",\"startTimeUnixNano\":\"")
        writer.writeNumber(max(0, span.start ?? 0))
        writer.write("\",\"durationNanos\":\"")
        writer.writeNumber(max(0, span.duration ?? 0))
        writer.write("\"")
        var isFirst = true
        for field in fields {
            guard field.isTold, let value = reader.value(of: field, place: place), value != .none else { continue }
            writer.write(isFirst ? ",\"attributes\":[" : ",")
            isFirst = false
            writer.writeTempoAttribute(field.key, value)
        }
        writer.write(isFirst ? "}" : "]}")
    }
}

extension TraceQLQuery.Field {
    /// Whether it is told among a span's attributes; false for what stands elsewhere in the answer.
    fileprivate var isTold: Bool {
        switch self {
        case .intrinsic(.name), .intrinsic(.duration), .intrinsic(.traceDuration), .intrinsic(.rootName),
            .intrinsic(.rootServiceName), .intrinsic(.traceID), .intrinsic(.spanID):
            false
        case .attribute, .intrinsic, .ofParent: true
        }
    }
}

extension ByteWriter {
    /// OpenTelemetry's message `KeyValue`.
    mutating func writeTempoAttribute(_ key: String, _ value: FieldValue) {
        write("{\"key\":")
        writeJSONString(key)
        write(",\"value\":")
        writeTempoValue(value)
        write("}")
    }

    /// OpenTelemetry's message `AnyValue`; bytes, maps and lists of lists as text.
    private mutating func writeTempoValue(_ value: FieldValue) {
        switch value {
        case .int(let number):
            write("{\"intValue\":\"")
            writeNumber(number)
            write("\"}")
        case .double(let number):
            write("{\"doubleValue\":")
            write(Array(Self.json(number).utf8))
            write("}")
        case .bool(let flag): write(flag ? "{\"boolValue\":true}" : "{\"boolValue\":false}")
        case .array(let values) where values.allSatisfy(\.isScalar):
            write("{\"arrayValue\":{\"values\":[")
            for (number, value) in values.enumerated() {
                if number > 0 { write(",") }
                writeTempoValue(value)
            }
            write("]}}")
        case .string, .duration, .status, .kind, .bytes, .array, .map, .none:
            write("{\"stringValue\":")
            writeJSONString(value.text)
            write("}")
        }
    }

    private static func json(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
        return "\(number)"
    }
}

extension FieldValue {
    fileprivate var isScalar: Bool {
        switch self {
        case .array, .map: false
        case .string, .int, .double, .bool, .duration, .status, .kind, .bytes, .none: true
        }
    }
}
