internal import TraceModel

/// A key and its value as they lie in a body.
struct OTLPProtobufAttribute {
    /// One value of any type, not looked into; none if it has no type that is known.
    enum Value {
        case string(UnsafeRawBufferPointer)
        case bytes(UnsafeRawBufferPointer)
        case bool(Bool)
        case int(Int64)
        case double(Double)
        case array(ProtobufReader)
        case map(ProtobufReader)
        case none

        @inline(__always)
        init(_ message: ProtobufReader) throws(DecodeError) {
            self = .none
            var fields = message
            while !fields.isAtEnd {
                let tag = try fields.readTag()
                switch tag {
                case OTLPTag.AnyValue.string: self = .string(try fields.readBytes())
                case OTLPTag.AnyValue.bool: self = .bool(try fields.readVarint() != 0)
                case OTLPTag.AnyValue.int: self = .int(Int64(bitPattern: try fields.readVarint()))
                case OTLPTag.AnyValue.double: self = .double(Double(bitPattern: try fields.readFixed64()))
                case OTLPTag.AnyValue.array: self = .array(try fields.readMessage())
                case OTLPTag.AnyValue.map: self = .map(try fields.readMessage())
                case OTLPTag.AnyValue.bytes: self = .bytes(try fields.readBytes())
                default: try fields.skip(tag)
                }
            }
        }
    }

    var key = UnsafeRawBufferPointer(start: nil, count: 0)
    var value = Value.none

    @inline(__always)
    init(_ message: ProtobufReader) throws(DecodeError) {
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.KeyValue.key: key = try fields.readBytes()
            case OTLPTag.KeyValue.value: value = try Value(try fields.readMessage())
            default: try fields.skip(tag)
            }
        }
    }
}

extension OTLPText {
    /// Writes a KeyValue.
    mutating func append(
        attribute message: ProtobufReader, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        try append(try OTLPProtobufAttribute(message), to: &writer, depth: 0)
    }

    /// Writes the values of an ArrayValue that stands `depth` levels deep.
    mutating func append(
        valuesOf list: ProtobufReader, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        guard depth <= AttributeCoding.depthMax else { throw Self.tooDeep(list) }
        var fields = list
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.List.values:
                let value = try OTLPProtobufAttribute.Value(try fields.readMessage())
                guard hasRoom(at: writer.count) else { return }
                try append(value, to: &writer, depth: depth)
            default: try fields.skip(tag)
            }
        }
    }

    /// Writes the attributes of a KeyValueList that stands `depth` levels deep.
    mutating func append(
        attributesOf list: ProtobufReader, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        guard depth <= AttributeCoding.depthMax else { throw Self.tooDeep(list) }
        var fields = list
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.List.values:
                let attribute = try OTLPProtobufAttribute(try fields.readMessage())
                guard hasRoom(at: writer.count) else { return }
                try append(attribute, to: &writer, depth: depth)
            default: try fields.skip(tag)
            }
        }
    }

    private static func tooDeep(_ list: ProtobufReader) -> DecodeError {
        list.malformed("values stand more than \(AttributeCoding.depthMax) levels deep")
    }

    private mutating func append(
        _ attribute: OTLPProtobufAttribute, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        writer.append(key: clean(attribute.key))
        try append(attribute.value, to: &writer, depth: depth)
    }

    /// - Parameter depth: of what stands in the value, if it is an array or a map.
    private mutating func append(
        _ value: OTLPProtobufAttribute.Value, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        switch value {
        case .string(let text): writer.append(string: clean(text))
        case .bytes(let bytes): writer.append(bytes: cut(bytes: bytes))
        case .bool(let flag): writer.append(bool: flag)
        case .int(let number): writer.append(int: number)
        case .double(let number): writer.append(double: number)
        case .array(let list):
            let mark = writer.beginArray()
            if depth == 0 { beginStructure(at: writer.count) }
            try append(valuesOf: list, to: &writer, depth: depth + 1)
            writer.end(mark)
        case .map(let list):
            let mark = writer.beginMap()
            if depth == 0 { beginStructure(at: writer.count) }
            try append(attributesOf: list, to: &writer, depth: depth + 1)
            writer.end(mark)
        case .none: writer.appendNone()
        }
    }

    /// Writes an EntityRef as a map; what it has not got is left out.
    mutating func append(entity message: ProtobufReader, to writer: inout AttributeWriter) throws(DecodeError) {
        var schemaURL = UnsafeRawBufferPointer(start: nil, count: 0)
        var type = schemaURL
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.Entity.schemaURL: schemaURL = try fields.readBytes()
            case OTLPTag.Entity.type: type = try fields.readBytes()
            default: try fields.skip(tag)
            }
        }
        let mark = writer.beginMap()
        if schemaURL.count > 0 {
            writer.append(key: OTLPEntityKey.schemaURL.rawBytes)
            writer.append(string: clean(schemaURL))
        }
        if type.count > 0 {
            writer.append(key: OTLPEntityKey.type.rawBytes)
            writer.append(string: clean(type))
        }
        try append(OTLPTag.Entity.idKeys, of: message, as: OTLPEntityKey.idKeys, to: &writer)
        try append(OTLPTag.Entity.descriptionKeys, of: message, as: OTLPEntityKey.descriptionKeys, to: &writer)
        writer.end(mark)
    }

    /// Writes the strings of a repeated field as an array.
    private mutating func append(
        _ wanted: UInt32, of message: ProtobufReader, as key: StaticString, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        var array: Int?
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            guard tag == wanted else {
                try fields.skip(tag)
                continue
            }
            if array == nil {
                writer.append(key: key.rawBytes)
                array = writer.beginArray()
            }
            writer.append(string: clean(try fields.readBytes()))
        }
        if let array { writer.end(array) }
    }
}

/// Keys of the map that stands for an entity of a resource.
enum OTLPEntityKey {
    static let schemaURL: StaticString = "schema_url"
    static let type: StaticString = "type"
    static let idKeys: StaticString = "id_keys"
    static let descriptionKeys: StaticString = "description_keys"
}
