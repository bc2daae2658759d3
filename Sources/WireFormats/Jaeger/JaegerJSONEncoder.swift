public import Bytes
public import TraceModel

/// One trace as the JSON of Jaeger's query service, in the form that its UI, Kiali, Grafana and KubeSphere read.
///
/// Written at once by `append`, or piece by piece: `begin`, each span, `end`. Spans that share an ID, as Zipkin's
/// client and server halves do, are told apart here: the server's half gets an ID of its own and the client's half for
/// a parent, and the server's children follow it.
public struct JaegerJSONEncoder {
    /// Writes one trace as an object.
    /// - Parameter isRaw: shared IDs stay as they were reported.
    public static func append(_ trace: Trace, isRaw: Bool = false, to writer: inout ByteWriter) {
        var encoder = JaegerJSONEncoder(trace, isRaw: isRaw)
        encoder.begin(&writer)
        for place in trace.spans.indices { encoder.append(place, &writer) }
        encoder.end(&writer)
    }

    private let traceID: TraceID
    /// Of a trace that is in memory.
    private let spans: [SpanView]
    private let ids: JaegerSpanIDs
    /// The trace's ID in quotes.
    private let traceIDText: [UInt8]
    private var processes = JaegerProcesses()
    private var tags = JaegerTags()
    private var isFirst = true

    public init(_ trace: Trace, isRaw: Bool = false) {
        self.init(trace.traceID, trace.spans, JaegerSpanIDs(trace, keepsSharedIDs: isRaw))
    }

    /// For a trace whose spans come one by one.
    public init(_ outline: TraceOutline, isRaw: Bool = false) {
        self.init(outline.traceID, [], JaegerSpanIDs(outline, keepsSharedIDs: isRaw))
    }

    private init(_ traceID: TraceID, _ spans: [SpanView], _ ids: JaegerSpanIDs) {
        self.traceID = traceID
        self.spans = spans
        self.ids = ids
        var text = ByteWriter()
        text.writeJaegerTraceID(traceID)
        traceIDText = text.bytes
    }

    /// Writes what stands before the spans.
    public func begin(_ writer: inout ByteWriter) {
        writer.write("{\"traceID\":")
        writer.write(traceIDText)
        writer.write(",\"spans\":[")
    }

    /// Writes one span of a trace in memory, and a comma if it is not the first.
    /// - Parameter place: of the span in the trace.
    public mutating func append(_ place: Int, _ writer: inout ByteWriter) { append(spans[place], place, &writer) }

    /// Writes one span, and a comma if it is not the first.
    /// - Parameter place: of the span in the trace.
    public mutating func append(_ span: SpanView, _ place: Int, _ writer: inout ByteWriter) {
        let fields = JaegerSpanFields(span)
        let traits = span.traits
        writer.write(isFirst ? "{\"traceID\":" : ",{\"traceID\":")
        isFirst = false
        writer.write(traceIDText)
        writer.write(",\"spanID\":\"")
        writer.writeHex(ids.spanIDs[place])
        writer.write("\"")
        let flags = fields.flags(traits)
        if flags != 0 {
            writer.write(",\"flags\":")
            writer.writeDecimal(flags)
        }
        writer.write(",\"operationName\":")
        writer.writeJSONString(span.operationName)
        writer.write(",\"references\":[")
        appendReferences(span, fields, ids.parentIDs[place], &writer)
        writer.write("],\"startTime\":")
        writer.writeDecimal(JaegerTime.microseconds(span.start ?? 0))
        writer.write(",\"duration\":")
        writer.writeDecimal(JaegerTime.microseconds(span.duration ?? 0))
        writer.write(",\"tags\":[")
        var list = JaegerTagWriter()
        tags.forEach(span, fields) { list.append($0, $1, to: &writer) }
        writer.write("],\"logs\":[")
        if fields.hasEvents { appendLogs(span, traits.source, &writer) }
        writer.write("],\"processID\":\"p")
        writer.writeDecimal(Int64(processes.number(of: JaegerProcess(span, fields)) + 1))
        writer.write("\",\"warnings\":null}")
    }

    /// Writes what stands behind the spans: the processes of those that were written.
    public mutating func end(_ writer: inout ByteWriter) {
        writer.write("],\"processes\":{")
        for (number, process) in processes.list.enumerated() {
            writer.write(number > 0 ? ",\"p" : "\"p")
            writer.writeDecimal(Int64(number + 1))
            writer.write("\":{\"serviceName\":")
            writer.writeJSONString(process.serviceName)
            writer.write(",\"tags\":[")
            var list = JaegerTagWriter()
            tags.forEach(process) { list.append($0, $1, to: &writer) }
            writer.write("]}")
        }
        writer.write("},\"warnings\":null}")
        withExtendedLifetime(processes) {}
    }

    private func appendReferences(
        _ span: SpanView, _ fields: JaegerSpanFields, _ parentID: UInt64, _ writer: inout ByteWriter
    ) {
        var isFirst = true
        JaegerReference.forEach(span, fields, parentID: parentID) { reference in
            if !isFirst { writer.write(",") }
            isFirst = false
            writer.write("{\"refType\":\"")
            writer.write(reference.isChild ? "CHILD_OF" : "FOLLOWS_FROM")
            writer.write("\",\"traceID\":")
            if reference.traceID == traceID {
                writer.write(traceIDText)
            } else {
                writer.writeJaegerTraceID(reference.traceID)
            }
            writer.write(",\"spanID\":\"")
            writer.writeHex(reference.spanID)
            writer.write("\"}")
        }
    }

    private mutating func appendLogs(_ span: SpanView, _ source: SpanSource, _ writer: inout ByteWriter) {
        var isFirst = true
        span.forEachEvent { name, time, attributes in
            writer.write(isFirst ? "{\"timestamp\":" : ",{\"timestamp\":")
            isFirst = false
            writer.writeDecimal(JaegerTime.microseconds(time))
            writer.write(",\"fields\":[")
            var list = JaegerTagWriter()
            tags.forEachField(ofEvent: name, attributes, source) { list.append($0, $1, to: &writer) }
            writer.write("]}")
        }
    }
}

/// Writes key-value pairs, typed, with commas between.
struct JaegerTagWriter {
    private var isFirst = true

    /// Integers beyond this, and below its negative, are text: JavaScript cannot hold them.
    private static let safeInteger: Int64 = 1 << 53 - 1

    /// - Parameter value: as `JaegerTags` gives it.
    mutating func append(_ key: UnsafeRawBufferPointer, _ value: SpanValue, to writer: inout ByteWriter) {
        writer.write(isFirst ? "{\"key\":" : ",{\"key\":")
        isFirst = false
        writer.writeJSONString(key)
        switch value {
        case .string(let text):
            writer.write(",\"type\":\"string\",\"value\":")
            writer.writeJSONString(text)
        case .bytes(let bytes):
            writer.write(",\"type\":\"binary\",\"value\":\"")
            writer.writeBase64(bytes)
            writer.write(UInt8(ascii: "\""))
        case .bool(let flag):
            writer.write(",\"type\":\"bool\",\"value\":")
            writer.write(flag ? "true" : "false")
        case .int(let number):
            writer.write(",\"type\":\"int64\",\"value\":")
            let isSafe = number >= -Self.safeInteger && number <= Self.safeInteger
            if !isSafe { writer.write(UInt8(ascii: "\"")) }
            writer.writeDecimal(number)
            if !isSafe { writer.write(UInt8(ascii: "\"")) }
        case .double(let number):
            // JSON has no word for infinity, nor for what is not a number.
            writer.write(",\"type\":\"float64\",\"value\":")
            if !number.isFinite { writer.write(UInt8(ascii: "\"")) }
            writer.writeText(number)
            if !number.isFinite { writer.write(UInt8(ascii: "\"")) }
        case .array, .map, .none:
            preconditionFailure("tags have no values with a structure")
        }
        writer.write(UInt8(ascii: "}"))
    }
}

extension ByteWriter {
    /// In quotes; 16 digits if the high half is zero.
    fileprivate mutating func writeJaegerTraceID(_ traceID: TraceID) {
        write("\"")
        if traceID.high != 0 { writeHex(traceID.high) }
        writeHex(traceID.low)
        write("\"")
    }
}

enum JaegerTime {
    /// Rounded down; 0 for what is negative, because readers take these numbers for unsigned.
    static func microseconds(_ nanoseconds: Int64) -> Int64 { max(nanoseconds, 0) / 1000 }
}
