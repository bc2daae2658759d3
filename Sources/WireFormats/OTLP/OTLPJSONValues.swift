internal import Bytes
internal import TraceModel

/// OTLP's values in JSON, read into the form that batches keep.
extension JSONScanner {
    /// Reads a list of attributes.
    mutating func readAttributes(
        _ text: inout OTLPText, _ octets: inout ColumnBuffer<UInt8>, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        try expect(UInt8(ascii: "["))
        var isFirst = true
        while try nextElement(isFirst: &isFirst) { try readAttribute(&text, &octets, to: &writer) }
    }

    mutating func readAttribute(
        _ text: inout OTLPText, _ octets: inout ColumnBuffer<UInt8>, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        try readAttribute(&text, &octets, to: &writer, depth: 0)
    }

    private mutating func readAttribute(
        _ text: inout OTLPText, _ octets: inout ColumnBuffer<UInt8>, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        let place = offset
        let first = writer.count
        var hasKey = false
        var hasValue = false
        try expect(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try nextKey(isFirst: &isFirst) {
            let isKey = name.equals("key")
            let isValue = name.equals("value")
            if try takeNull() { continue }
            if isKey {
                guard !hasKey else { throw malformed("an attribute has two keys", at: place) }
                hasKey = true
                let middle = writer.count
                writer.append(key: text.clean(try readString()))
                if hasValue { writer.swapParts(from: first, middle: middle) }
            } else if isValue {
                guard !hasValue else { throw malformed("an attribute has two values", at: place) }
                hasValue = true
                try readValue(&text, &octets, to: &writer, depth: depth)
            } else {
                try skipValue()
            }
        }
        if !hasKey {
            let middle = writer.count
            writer.append(key: UnsafeRawBufferPointer(start: nil, count: 0))
            writer.swapParts(from: first, middle: middle)
        }
        if !hasValue { writer.appendNone() }
    }

    /// Reads an AnyValue. Of several members that are values the last counts.
    /// - Parameter depth: of what the value stands in.
    private mutating func readValue(
        _ text: inout OTLPText, _ octets: inout ColumnBuffer<UInt8>, to writer: inout AttributeWriter, depth: Int
    ) throws(DecodeError) {
        let mark = writer.count
        try expect(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try nextKey(isFirst: &isFirst) {
            let kind = OTLPJSONValueKind(name)
            if try takeNull() { continue }
            if kind == .unknown {
                try skipValue()
                continue
            }
            writer.truncate(to: mark)
            switch kind {
            case .string: writer.append(string: text.clean(try readString()))
            case .bool: writer.append(bool: try readBool())
            case .int: writer.append(int: try readInteger())
            case .double: writer.append(double: try readDouble())
            case .bytes:
                let place = offset
                guard octets.readBase64(try readString()) else { throw malformed("bytes are not base64", at: place) }
                writer.append(bytes: text.cut(bytes: octets.bytes))
            case .array, .map:
                guard depth < AttributeCoding.depthMax else {
                    throw malformed("values stand more than \(AttributeCoding.depthMax) levels deep")
                }
                let container = kind == .array ? writer.beginArray() : writer.beginMap()
                if depth == 0 { text.beginStructure(at: writer.count) }
                try readElements(&text, &octets, to: &writer, depth: depth + 1, areAttributes: kind == .map)
                writer.end(container)
            case .unknown: break
            }
        }
        if writer.count == mark { writer.appendNone() }
    }

    /// Reads an object with the list `values`.
    private mutating func readElements(
        _ text: inout OTLPText, _ octets: inout ColumnBuffer<UInt8>, to writer: inout AttributeWriter, depth: Int,
        areAttributes: Bool
    ) throws(DecodeError) {
        try expect(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try nextKey(isFirst: &isFirst) {
            guard name.equals("values") else {
                try skipValue()
                continue
            }
            if try takeNull() { continue }
            try expect(UInt8(ascii: "["))
            var isFirst = true
            while try nextElement(isFirst: &isFirst) {
                if !text.hasRoom(at: writer.count) {
                    try skipValue()
                } else if areAttributes {
                    try readAttribute(&text, &octets, to: &writer, depth: depth)
                } else {
                    try readValue(&text, &octets, to: &writer, depth: depth)
                }
            }
        }
    }

    /// Reads a list of entities as `ResourceView.entities` describes them.
    mutating func readEntities(_ text: inout OTLPText, to writer: inout AttributeWriter) throws(DecodeError) {
        try expect(UInt8(ascii: "["))
        var isFirst = true
        while try nextElement(isFirst: &isFirst) {
            let places = try findEntityMembers()
            let end = offset
            let entity = writer.beginMap()
            // In the order of the protobuf's fields, whatever the sender's is.
            try appendEntityText(at: places.schemaURL, as: OTLPEntityKey.schemaURL, &text, to: &writer)
            try appendEntityText(at: places.type, as: OTLPEntityKey.type, &text, to: &writer)
            try appendEntityKeys(at: places.idKeys, as: OTLPEntityKey.idKeys, &text, to: &writer)
            try appendEntityKeys(at: places.descriptionKeys, as: OTLPEntityKey.descriptionKeys, &text, to: &writer)
            writer.end(entity)
            seek(to: end)
        }
    }

    /// Goes over an entity, and notes where the value of each member starts: the last, if a member stands twice.
    private mutating func findEntityMembers() throws(DecodeError) -> OTLPJSONEntityPlaces {
        var places = OTLPJSONEntityPlaces()
        try expect(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try nextKey(isFirst: &isFirst) {
            let place = places.place(named: name)
            if try takeNull() { continue }
            if let place { places[keyPath: place] = offset }
            try skipValue()
        }
        return places
    }

    /// An empty string is as good as none.
    private mutating func appendEntityText(
        at place: Int?, as key: StaticString, _ text: inout OTLPText, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        guard let place else { return }
        seek(to: place)
        let string = try readString()
        guard string.count > 0 else { return }
        writer.append(key: key.rawBytes)
        writer.append(string: text.clean(string))
    }

    /// An empty list is as good as none.
    private mutating func appendEntityKeys(
        at place: Int?, as key: StaticString, _ text: inout OTLPText, to writer: inout AttributeWriter
    ) throws(DecodeError) {
        guard let place else { return }
        seek(to: place)
        try expect(UInt8(ascii: "["))
        var isFirst = true
        guard try nextElement(isFirst: &isFirst) else { return }
        writer.append(key: key.rawBytes)
        let array = writer.beginArray()
        repeat { writer.append(string: text.clean(try readString())) } while try nextElement(isFirst: &isFirst)
        writer.end(array)
    }
}

/// Where the values of an entity's members start; nil for those it has not got.
private struct OTLPJSONEntityPlaces {
    var schemaURL: Int?
    var type: Int?
    var idKeys: Int?
    var descriptionKeys: Int?

    func place(named name: UnsafeRawBufferPointer) -> WritableKeyPath<Self, Int?>? {
        if name.equals("schemaUrl") { return \.schemaURL }
        if name.equals("type") { return \.type }
        if name.equals("idKeys") { return \.idKeys }
        return name.equals("descriptionKeys") ? \.descriptionKeys : nil
    }
}

extension OTLPEntityKey {
    /// Keys as they are in JSON.
    static let inJSON: [(name: StaticString, key: StaticString)] = [
        ("schemaUrl", schemaURL), ("type", type), ("idKeys", idKeys), ("descriptionKeys", descriptionKeys),
    ]
}

/// The members of an AnyValue.
enum OTLPJSONValueKind {
    case string, bool, int, double, bytes, array, map, unknown

    @inline(__always)
    init(_ name: UnsafeRawBufferPointer) {
        self = .unknown
        switch name.count {
        case 8: if name.equals("intValue") { self = .int }
        case 9: if name.equals("boolValue") { self = .bool }
        case 10: if name.equals("arrayValue") { self = .array } else if name.equals("bytesValue") { self = .bytes }
        case 11:
            if name.equals("stringValue") {
                self = .string
            } else if name.equals("doubleValue") {
                self = .double
            } else if name.equals("kvlistValue") {
                self = .map
            }
        default: break
        }
    }
}
