internal import TraceModel

/// Which traces a client of Jaeger's gRPC services looks for. The three services ask alike.
///
/// Times are in nanoseconds since 1970, durations in nanoseconds; nil where the client sent none.
public struct JaegerTraceQuery: Sendable, Equatable {
    public struct Attribute: Sendable, Equatable {
        public var key: String
        public var value: String
    }

    /// Empty for any.
    public var serviceName = ""
    public var operationName = ""
    /// Each key once in `api_v2` and `api_v3`; values that were no texts are told as texts.
    public var attributes: [Attribute] = []
    public var startMin: Int64?
    public var startMax: Int64?
    public var durationMin: Int64?
    public var durationMax: Int64?
    /// Traces asked for; 0, or less, when the client left it open.
    public var limit = 0
    /// IDs stay as they were reported.
    public var isRaw = false
    /// The client sent a filter of its experimental language, which must not be passed over.
    public var hasFilter = false
    /// Where a page of `storage.v2` is to go on; empty at the beginning. `pageSize` 0 when the client left it open.
    public var pageToken = ""
    public var pageSize = 0

    public init() {}

    /// Which of the services sent the message: a few fields differ.
    enum Dialect {
        case apiV2, apiV3, storageV2
    }

    private static let attributeCountMax = 1_024

    init(_ message: ProtobufReader, _ dialect: Dialect) throws(DecodeError) {
        var fields = message
        while !fields.isAtEnd {
            let offset = fields.offset
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.bytes(3) where attributes.count >= Self.attributeCountMax:
                throw DecodeError(
                    .tooManyAttributes, "more than \(Self.attributeCountMax) attributes are sought", offset: offset)
            case ProtobufField.bytes(1): serviceName = try fields.readText()
            case ProtobufField.bytes(2): operationName = try fields.readText()
            case ProtobufField.bytes(3) where dialect == .storageV2:
                attributes.append(try Self.readAttribute(try fields.readMessage()))
            case ProtobufField.bytes(3): add(try fields.readEntry())
            case ProtobufField.bytes(4): startMin = try fields.readTimestamp()
            case ProtobufField.bytes(5): startMax = try fields.readTimestamp()
            case ProtobufField.bytes(6): durationMin = try fields.readDuration()
            case ProtobufField.bytes(7): durationMax = try fields.readDuration()
            case ProtobufField.varint(8): limit = try fields.readInt32()
            case ProtobufField.varint(9) where dialect != .storageV2: isRaw = try fields.readBool()
            case ProtobufField.bytes(9) where dialect == .storageV2, ProtobufField.bytes(10) where dialect == .apiV3:
                _ = try fields.readBytes()
                hasFilter = true
            case ProtobufField.bytes(10) where dialect == .storageV2: try readPage(try fields.readMessage())
            default: try fields.skip(tag)
            }
        }
    }

    /// Of a key that stands twice the last value counts.
    private mutating func add(_ entry: (key: String, value: String)) {
        attributes.removeAll { $0.key == entry.key }
        attributes.append(Attribute(key: entry.key, value: entry.value))
    }

    private mutating func readPage(_ message: ProtobufReader) throws(DecodeError) {
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.varint(1): pageSize = try fields.readInt32()
            case ProtobufField.bytes(2): pageToken = try fields.readText()
            default: try fields.skip(tag)
            }
        }
    }

    /// A message whose only field is the query.
    static func read(
        within bytes: UnsafeRawBufferPointer, _ dialect: Dialect
    ) throws(DecodeError) -> JaegerTraceQuery {
        var query = JaegerTraceQuery()
        var fields = ProtobufReader(bytes)
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.bytes(1): query = try JaegerTraceQuery(try fields.readMessage(), dialect)
            default: try fields.skip(tag)
            }
        }
        return query
    }
}
