public import Bytes
public import TraceModel

/// Messages of the gRPC services `jaeger.storage.v2.TraceReader` and `DependencyReader`. `GetServicesRequest` is empty;
/// the spans of `TracesData` are `OTLPProtobufEncoder`'s.
public enum JaegerStorageV2 {
    public struct GetTracesRequest: Sendable, Equatable {
        public struct Item: Sendable, Equatable {
            /// Zero when the client sent none.
            public var traceID = TraceID(high: 0, low: 0)
            public var range = JaegerTimeRange()
        }

        public var items: [Item] = []

        private static let itemCountMax = 10_000

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            var fields = ProtobufReader(bytes)
            while !fields.isAtEnd {
                let offset = fields.offset
                let tag = try fields.readTag()
                switch tag {
                case ProtobufField.bytes(1) where items.count >= Self.itemCountMax:
                    throw DecodeError(
                        .tooLarge, "more than \(Self.itemCountMax) traces are asked for", offset: offset)
                case ProtobufField.bytes(1): items.append(try Self.readItem(try fields.readMessage()))
                default: try fields.skip(tag)
                }
            }
        }

        private static func readItem(_ message: ProtobufReader) throws(DecodeError) -> Item {
            var item = Item()
            var fields = message
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case ProtobufField.bytes(1): item.traceID = try fields.readTraceID()
                case ProtobufField.bytes(2): item.range.start = try fields.readTimestamp()
                case ProtobufField.bytes(3): item.range.end = try fields.readTimestamp()
                default: try fields.skip(tag)
                }
            }
            return item
        }
    }

    /// Also `FindTraceIDsRequest` and `FindTraceSummariesRequest`.
    public struct FindTracesRequest: Sendable, Equatable {
        public var query: JaegerTraceQuery

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            query = try .read(within: bytes, .storageV2)
        }
    }

    public struct GetDependenciesRequest: Sendable, Equatable {
        public var range: JaegerTimeRange

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            range = try JaegerTimeRange(decoding: bytes)
        }
    }

    /// A trace found, and when its spans were: a hint for reading it.
    public struct FoundTraceID: Sendable, Equatable {
        public var traceID: TraceID
        public var range: JaegerTimeRange

        public init(traceID: TraceID, range: JaegerTimeRange = JaegerTimeRange()) {
            self.traceID = traceID
            self.range = range
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

    /// Writes a `GetDependenciesResponse`.
    public static func appendDependencies(_ links: some Sequence<JaegerDependency>, to writer: inout ByteWriter) {
        writer.writeJaegerDependencies(links)
    }

    /// Writes a `FindTraceIDsResponse`.
    /// - Parameter nextPageToken: where the search goes on; empty at its end.
    public static func appendTraceIDs(
        _ traces: some Sequence<FoundTraceID>, nextPageToken: String = "", to writer: inout ByteWriter
    ) {
        var message = ProtobufWriter()
        for trace in traces {
            let mark = message.begin(ProtobufField.bytes(1))
            message.write(ProtobufField.bytes(1), trace.traceID)
            if let start = trace.range.start { message.write(ProtobufField.bytes(2), time: start) }
            if let end = trace.range.end { message.write(ProtobufField.bytes(3), time: end) }
            message.end(mark)
        }
        message.write(ProtobufField.bytes(2), text: nextPageToken)
        writer.write(message.bytes)
    }

    /// Writes a `FindTraceSummariesResponse`; several, one after the other, are one with the summaries of all.
    public static func appendSummaries(_ summaries: some Sequence<TraceSummary>, to writer: inout ByteWriter) {
        var message = ProtobufWriter()
        for summary in summaries {
            let mark = message.begin(ProtobufField.bytes(1))
            message.write(ProtobufField.bytes(1), summary.traceID)
            message.write(summary)
            message.end(mark)
        }
        writer.write(message.bytes)
    }
}
