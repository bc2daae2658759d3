public import Bytes

/// Attributes that are not the span's own, and how many more the sender dropped. Borrowed from a batch.
public struct AttributeList {
    /// Of a map: see `AttributeReader`.
    public let body: UnsafeRawBufferPointer
    public let droppedCount: UInt32

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        body = try reader.readText()
        droppedCount = UInt32(try reader.readCount(max: Int(UInt32.max)))
    }

    /// The attributes of an event.
    public init(ofEvent bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        try self.init(&reader)
    }

    public var attributes: AttributeReader { AttributeReader(body) }

    /// Whether one of the attributes is as asked for; what comes behind damage is not seen.
    public func contains(where meets: (UnsafeRawBufferPointer, SpanValue) -> Bool) -> Bool {
        var reader = attributes
        while let attribute = try? reader.nextAttribute() {
            if meets(attribute.key, attribute.value) { return true }
        }
        return false
    }
}

/// What the field `resource` says. Borrowed from a batch.
public struct ResourceView {
    public let attributes: AttributeList
    public let schemaURL: UnsafeRawBufferPointer
    /// Of an array with one map for each entity that the resource refers to: the keys `schema_url` and `type` with
    /// strings, `id_keys` and `description_keys` with arrays of strings.
    public let entities: UnsafeRawBufferPointer

    public init(_ bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        attributes = try AttributeList(&reader)
        schemaURL = try reader.readText()
        entities = try reader.readText()
    }
}

/// What the field `scope` says: the library that made the span. Borrowed from a batch.
public struct ScopeView {
    public let attributes: AttributeList
    public let schemaURL: UnsafeRawBufferPointer
    public let name: UnsafeRawBufferPointer
    public let version: UnsafeRawBufferPointer

    public init(_ bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        attributes = try AttributeList(&reader)
        schemaURL = try reader.readText()
        name = try reader.readText()
        version = try reader.readText()
    }
}

/// One of a span's links: a cause elsewhere. Borrowed from a batch.
public struct LinkView {
    public let attributes: AttributeList
    public let flags: UInt32
    public let traceID: TraceID
    public let spanID: SpanID
    public let traceState: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        attributes = try AttributeList(&reader)
        flags = UInt32(try reader.readCount(max: Int(UInt32.max)))
        let high = try reader.readUInt64().byteSwapped
        traceID = TraceID(high: high, low: try reader.readUInt64().byteSwapped)
        spanID = SpanID(try reader.readUInt64().byteSwapped)
        traceState = try reader.readBytes(reader.remaining)
    }
}

/// A cursor over what the field `links` says.
public struct LinkReader {
    private var reader: ByteReader

    public init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    /// The next link; nil after the last.
    public mutating func next() throws(ByteReaderError) -> LinkView? {
        reader.isAtEnd ? nil : try LinkView(try reader.readText())
    }
}
