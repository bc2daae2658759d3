public import Bytes
public import TraceModel

/// Traces as the JSON of Jaeger's query service, in the form that its UI, Kiali, Grafana and KubeSphere read.
///
/// Spans that share an ID, as Zipkin's client and server halves do, are told apart here: the server's half gets an ID
/// of its own and the client's half for a parent, and the server's children follow it. An event is told by its name
/// and time.
public struct JaegerJSONEncoder {
    /// Writes one trace as an object.
    /// - Parameter isRaw: shared IDs stay as they were reported.
    public static func append(_ trace: Trace, isRaw: Bool = false, to writer: inout ByteWriter) {
        var encoder = JaegerJSONEncoder(trace, isRaw: isRaw)
        encoder.append(to: &writer)
    }

    private let trace: Trace
    private let ids: JaegerSpanIDs
    private var processes: [JaegerProcess] = []
    private var processNumbers: [JaegerProcess: Int] = [:]

    private init(_ trace: Trace, isRaw: Bool) {
        self.trace = trace
        ids = JaegerSpanIDs(trace, keepsSharedIDs: isRaw)
    }

    private mutating func append(to writer: inout ByteWriter) {
        writer.write("{\"traceID\":")
        writeTraceID(&writer)
        writer.write(",\"spans\":[")
        for (index, span) in trace.spans.enumerated() {
            if index > 0 { writer.write(",") }
            append(span, index, to: &writer)
        }
        writer.write("],\"processes\":{")
        for (index, process) in processes.enumerated() {
            if index > 0 { writer.write(",") }
            writer.write("\"p")
            writer.writeDecimal(Int64(index + 1))
            writer.write("\":")
            process.append(to: &writer)
        }
        writer.write("},\"warnings\":null}")
    }

    private func writeTraceID(_ writer: inout ByteWriter) {
        writer.write("\"")
        if trace.traceID.high != 0 { writer.writeHex(trace.traceID.high) }
        writer.writeHex(trace.traceID.low)
        writer.write("\"")
    }

    private mutating func append(_ span: SpanView, _ index: Int, to writer: inout ByteWriter) {
        writer.write("{\"traceID\":")
        writeTraceID(&writer)
        writer.write(",\"spanID\":\"")
        writer.writeHex(ids.spanIDs[index])
        writer.write("\"")
        let flags = flags(of: span)
        if flags != 0 {
            writer.write(",\"flags\":")
            writer.writeDecimal(flags)
        }
        writer.write(",\"operationName\":")
        writer.writeJSONString(span.operationName)
        writer.write(",\"references\":[")
        if ids.parentIDs[index] != 0 {
            writer.write("{\"refType\":\"CHILD_OF\",\"traceID\":")
            writeTraceID(&writer)
            writer.write(",\"spanID\":\"")
            writer.writeHex(ids.parentIDs[index])
            writer.write("\"}")
        }
        writer.write("],\"startTime\":")
        writer.writeDecimal(JaegerTime.microseconds(span.start ?? 0))
        writer.write(",\"duration\":")
        writer.writeDecimal(JaegerTime.microseconds(span.duration ?? 0))
        writer.write(",\"tags\":[")
        JaegerTags.append(span, to: &writer)
        writer.write("],\"logs\":[")
        appendLogs(span, to: &writer)
        writer.write("],\"processID\":\"p")
        writer.writeDecimal(Int64(number(of: JaegerProcess(span))))
        writer.write("\",\"warnings\":null}")
    }

    /// 1 is sampled, 2 debug.
    private func flags(of span: SpanView) -> Int64 {
        if case .int(let flags) = span.value(of: .flags) { return flags & 0xff | (span.traits.isDebug ? 2 : 0) }
        return span.traits.isDebug ? 3 : 0
    }

    private func appendLogs(_ span: SpanView, to writer: inout ByteWriter) {
        var isFirst = true
        span.forEachEvent { name, time, _ in
            if !isFirst { writer.write(",") }
            isFirst = false
            writer.write("{\"timestamp\":")
            writer.writeDecimal(JaegerTime.microseconds(time))
            writer.write(",\"fields\":[")
            if name.count > 0 {
                writer.write("{\"key\":\"event\",\"type\":\"string\",\"value\":")
                writer.writeJSONString(name)
                writer.write("}")
            }
            writer.write("]}")
        }
    }

    private mutating func number(of process: JaegerProcess) -> Int {
        if let known = processNumbers[process] { return known }
        processes.append(process)
        processNumbers[process] = processes.count
        return processes.count
    }
}

/// The process that made a span: its service and where it ran.
private struct JaegerProcess: Hashable {
    var serviceName: [UInt8]
    var ipv4: [UInt8] = []
    var ipv6: [UInt8] = []

    init(_ span: SpanView) {
        serviceName = Array(span.serviceName)
        if case .bytes(let address) = span.value(of: .localIPv4) { ipv4 = Array(address) }
        if case .bytes(let address) = span.value(of: .localIPv6) { ipv6 = Array(address) }
    }

    func append(to writer: inout ByteWriter) {
        writer.write("{\"serviceName\":")
        serviceName.withUnsafeBytes { writer.writeJSONString($0) }
        writer.write(",\"tags\":[")
        let address = ipv4.isEmpty ? ipv6 : ipv4
        if let address = address.withUnsafeBytes({ IPAddress(networkOrder: $0) }) {
            writer.write("{\"key\":\"ip\",\"type\":\"string\",\"value\":\"")
            address.append(to: &writer)
            writer.write("\"}")
        }
        writer.write("]}")
    }
}

enum JaegerTime {
    /// Rounded down; 0 for what is negative, because readers take these numbers for unsigned.
    static func microseconds(_ nanoseconds: Int64) -> Int64 { max(nanoseconds, 0) / 1000 }
}
