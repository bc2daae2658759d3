internal import Bytes
internal import TraceModel

/// Attributes of `storage.v2`, which are typed as OTLP's.
extension JaegerTraceQuery {
    /// Text of what is no text: numbers as they are printed, bytes in base64, arrays and maps in compact JSON.
    static func readAttribute(_ message: ProtobufReader) throws(DecodeError) -> Attribute {
        var key = ""
        var value = ""
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case ProtobufField.bytes(1): key = try fields.readText()
            case ProtobufField.bytes(2): value = try text(of: try fields.readMessage())
            default: try fields.skip(tag)
            }
        }
        return Attribute(key: key, value: value)
    }

    private static func text(of message: ProtobufReader) throws(DecodeError) -> String {
        var writer = ByteWriter()
        try write(message, isText: true, depth: 0, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// - Parameter isText: a string or bytes stand without quotes.
    private static func write(
        _ message: ProtobufReader, isText: Bool, depth: Int, to writer: inout ByteWriter
    ) throws(DecodeError) {
        guard depth <= AttributeCoding.depthMax else {
            throw message.malformed("an attribute with more than \(AttributeCoding.depthMax) levels")
        }
        // Of several values the last counts.
        var last: (tag: UInt32, place: ProtobufReader)?
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            if (1...7).contains(tag >> 3) { last = (tag, fields) }
            try fields.skip(tag)
        }
        guard let tag = last?.tag, var place = last?.place else {
            if !isText { writer.write("null") }
            return
        }
        switch tag {
        case OTLPTag.AnyValue.string:
            let text = try place.readBytes()
            if isText { writer.write(text) } else { writer.writeJSONString(text) }
        case OTLPTag.AnyValue.bytes:
            let bytes = try place.readBytes()
            if !isText { writer.write(UInt8(ascii: "\"")) }
            writer.writeBase64(bytes)
            if !isText { writer.write(UInt8(ascii: "\"")) }
        case OTLPTag.AnyValue.bool: writer.write(try place.readBool() ? "true" : "false")
        case OTLPTag.AnyValue.int: writer.writeDecimal(Int64(bitPattern: try place.readVarint()))
        case OTLPTag.AnyValue.double: writer.writeText(Double(bitPattern: try place.readFixed64()))
        case OTLPTag.AnyValue.array, OTLPTag.AnyValue.map:
            let isMap = tag == OTLPTag.AnyValue.map
            try writeList(try place.readMessage(), isMap: isMap, depth: depth + 1, to: &writer)
        default: throw message.malformed("an attribute's value has another wire type than its field")
        }
    }

    private static func writeList(
        _ message: ProtobufReader, isMap: Bool, depth: Int, to writer: inout ByteWriter
    ) throws(DecodeError) {
        var isFirst = true
        var fields = message
        writer.write(isMap ? "{" : "[")
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            guard tag == OTLPTag.List.values else {
                try fields.skip(tag)
                continue
            }
            if !isFirst { writer.write(",") }
            isFirst = false
            let element = try fields.readMessage()
            if isMap {
                try writeMember(element, depth: depth, to: &writer)
            } else {
                try write(element, isText: false, depth: depth, to: &writer)
            }
        }
        writer.write(isMap ? "}" : "]")
    }

    private static func writeMember(
        _ message: ProtobufReader, depth: Int, to writer: inout ByteWriter
    ) throws(DecodeError) {
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = ProtobufReader(key)
        var fields = message
        while !fields.isAtEnd {
            let tag = try fields.readTag()
            switch tag {
            case OTLPTag.KeyValue.key: key = try fields.readBytes()
            case OTLPTag.KeyValue.value: value = try fields.readMessage()
            default: try fields.skip(tag)
            }
        }
        writer.writeJSONString(key)
        writer.write(":")
        try write(value, isText: false, depth: depth, to: &writer)
    }
}
