public import Bytes
public import TraceModel

/// An operation as Jaeger's services list it.
public struct JaegerOperation: Sendable, Equatable {
    public var name: String
    /// `client`, `server`, `producer`, `consumer`, `internal`, or empty.
    public var kind: String

    public init(name: String, kind: String) {
        self.name = name
        self.kind = kind
    }
}

/// Calls from one service to another as Jaeger's services list them.
public struct JaegerDependency: Sendable, Equatable {
    public var parent: String
    public var child: String
    public var callCount: UInt64
    /// What found the calls; empty if nobody asks.
    public var source: String

    public init(parent: String, child: String, callCount: UInt64, source: String = "") {
        self.parent = parent
        self.child = child
        self.callCount = callCount
        self.source = source
    }
}

/// A time range of Jaeger's services, in nanoseconds since 1970; nil where the client left it open.
public struct JaegerTimeRange: Sendable, Equatable {
    public var start: Int64?
    public var end: Int64?

    public init(start: Int64? = nil, end: Int64? = nil) {
        self.start = start
        self.end = end
    }

    /// A message with start and end as its fields 1 and 2.
    init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
        var fields = ProtobufReader(bytes)
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.bytes(1): start = try fields.readTimestamp()
            case ProtobufField.bytes(2): end = try fields.readTimestamp()
            default: try fields.skip(tag)
            }
        }
    }
}

/// A service's name and a kind of spans: what `GetOperations` asks for, in all three services alike.
public struct JaegerOperationsRequest: Sendable, Equatable {
    public var serviceName = ""
    /// Empty for any.
    public var kind = ""

    public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
        var fields = ProtobufReader(bytes)
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.bytes(1): serviceName = try fields.readText()
            case ProtobufField.bytes(2): kind = try fields.readText()
            default: try fields.skip(tag)
            }
        }
    }
}

/// Messages of the gRPC service `jaeger.api_v2.QueryService`. `GetServicesRequest` and `ArchiveTraceResponse` are
/// empty; the spans of `SpansResponseChunk` are `JaegerProtobufEncoder`'s.
public enum JaegerQueryV2 {
    /// Also `ArchiveTraceRequest`, which has nothing to say of `isRaw`.
    public struct GetTraceRequest: Sendable, Equatable {
        /// Zero when the client sent none.
        public var traceID = TraceID(high: 0, low: 0)
        public var range = JaegerTimeRange()
        /// IDs stay as they were reported.
        public var isRaw = false

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            var fields = ProtobufReader(bytes)
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case ProtobufField.bytes(1): traceID = try fields.readTraceID()
                case ProtobufField.bytes(2): range.start = try fields.readTimestamp()
                case ProtobufField.bytes(3): range.end = try fields.readTimestamp()
                case ProtobufField.varint(4): isRaw = try fields.readBool()
                default: try fields.skip(tag)
                }
            }
        }
    }

    public struct FindTracesRequest: Sendable, Equatable {
        public var query: JaegerTraceQuery

        public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
            query = try .read(within: bytes, .apiV2)
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

    /// Writes a `GetOperationsResponse`: the operations, and the name of each once for clients of before 2019.
    public static func appendOperations(_ operations: some Collection<JaegerOperation>, to writer: inout ByteWriter) {
        var message = ProtobufWriter()
        var names: Set<String> = []
        for operation in operations where names.insert(operation.name).inserted {
            message.write(ProtobufField.bytes(1), element: operation.name)
        }
        for operation in operations { message.write(ProtobufField.bytes(2), operation) }
        writer.write(message.bytes)
    }

    /// Writes a `GetDependenciesResponse`.
    public static func appendDependencies(_ links: some Sequence<JaegerDependency>, to writer: inout ByteWriter) {
        writer.writeJaegerDependencies(links)
    }
}

// Answers that the services write alike.
extension ByteWriter {
    mutating func writeJaegerServices(_ names: some Sequence<String>) {
        var message = ProtobufWriter()
        for name in names { message.write(ProtobufField.bytes(1), element: name) }
        write(message.bytes)
    }

    mutating func writeJaegerOperations(_ operations: some Sequence<JaegerOperation>) {
        var message = ProtobufWriter()
        for operation in operations { message.write(ProtobufField.bytes(1), operation) }
        write(message.bytes)
    }

    mutating func writeJaegerDependencies(_ links: some Sequence<JaegerDependency>) {
        var message = ProtobufWriter()
        for link in links {
            let mark = message.begin(ProtobufField.bytes(1))
            message.write(ProtobufField.bytes(1), text: link.parent)
            message.write(ProtobufField.bytes(2), text: link.child)
            if link.callCount > 0 { message.write(ProtobufField.varint(3), varint: link.callCount) }
            message.write(ProtobufField.bytes(4), text: link.source)
            message.end(mark)
        }
        write(message.bytes)
    }
}

extension ProtobufWriter {
    mutating func write(_ tag: UInt32, _ operation: JaegerOperation) {
        let mark = begin(tag)
        write(ProtobufField.bytes(1), text: operation.name)
        write(ProtobufField.bytes(2), text: operation.kind)
        end(mark)
    }

    /// Fields 2 to 9 of a `TraceSummary`, which the services write alike.
    mutating func write(_ summary: TraceSummary) {
        if let root = summary.root {
            write(ProtobufField.bytes(2), text: root.serviceName)
            write(ProtobufField.bytes(3), text: root.operationName)
        }
        write(ProtobufField.fixed64(4), fixedTime: summary.start)
        write(ProtobufField.fixed64(5), fixedTime: summary.end)
        write(ProtobufField.varint(6), count: summary.spanCount)
        write(ProtobufField.varint(7), count: summary.errorCount)
        write(ProtobufField.varint(8), count: summary.orphanCount)
        for service in summary.services {
            let mark = begin(ProtobufField.bytes(9))
            write(ProtobufField.bytes(1), text: service.name)
            write(ProtobufField.varint(2), count: service.spanCount)
            write(ProtobufField.varint(3), count: service.errorCount)
            end(mark)
        }
    }
}
