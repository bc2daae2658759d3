public import Bytes
public import TraceModel

/// Messages of the gRPC service `jaeger.api_v3.QueryService`. `GetServicesRequest` is empty; the spans of `TracesData`
/// are `OTLPProtobufEncoder`'s.
public enum JaegerQueryV3 {
    public struct GetTraceRequest: Sendable, Equatable {
        /// Hex digits, or whatever the client took for them.
        public var traceID = ""
        public var range = JaegerTimeRange()
        /// IDs stay as they were reported.
        public var isRaw = false

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            var fields = ProtobufReader(bytes)
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case ProtobufField.bytes(1): traceID = try fields.readText()
                case ProtobufField.bytes(2): range.start = try fields.readTimestamp()
                case ProtobufField.bytes(3): range.end = try fields.readTimestamp()
                case ProtobufField.varint(4): isRaw = try fields.readBool()
                default: try fields.skip(tag)
                }
            }
        }
    }

    /// Also `FindTraceSummariesRequest`.
    public struct FindTracesRequest: Sendable, Equatable {
        public var query: JaegerTraceQuery

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            query = try .read(within: bytes, .apiV3)
        }
    }

    public struct GetDependenciesRequest: Sendable, Equatable {
        public var range: JaegerTimeRange

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            range = try JaegerTimeRange(decoding: bytes)
        }
    }

    /// Writes a `GetServicesResponse`.
    public static func appendServices(_ names: some Sequence<String>, to writer: inout ByteWriter) {
        writer.writeJaegerServices(names)
    }

    /// Writes a `GetOperationsResponse`.
    public static func appendOperations(_ operations: some Sequence<JaegerOperation>, to writer: inout ByteWriter) {
        writer.writeJaegerOperations(operations)
    }

    /// Writes a `DependenciesResponse`, which has no place for a source.
    public static func appendDependencies(_ links: some Sequence<JaegerDependency>, to writer: inout ByteWriter) {
        writer.writeJaegerDependencies(
            links.map { JaegerDependency(parent: $0.parent, child: $0.child, callCount: $0.callCount) })
    }

    /// Writes a `FindTraceSummariesResponse`; several, one after the other, are one with the summaries of all.
    public static func appendSummaries(_ summaries: some Sequence<TraceSummary>, to writer: inout ByteWriter) {
        var message = ProtobufWriter()
        for summary in summaries {
            let mark = message.begin(ProtobufField.bytes(1))
            var digits = ByteWriter(capacity: 32)
            digits.writeHex(summary.traceID.high)
            digits.writeHex(summary.traceID.low)
            digits.bytes.withUnsafeBytes { message.write(ProtobufField.bytes(1), bytes: $0) }
            message.write(summary)
            message.end(mark)
        }
        writer.write(message.bytes)
    }
}
