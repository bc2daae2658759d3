internal import Bytes
internal import TraceModel

/// Values of spans as plain JSON, for formats that have only text where a value has a structure.
extension ByteWriter {
    /// One value in compact JSON; bytes as base64, numbers that JSON has no word for as text. Of a structure that is
    /// damaged or too deep only what can be read.
    /// - Parameter reader: what the value was read with, so that its depth is known.
    mutating func writeJSON(_ value: SpanValue, within reader: AttributeReader) {
        switch value {
        case .string(let text): writeJSONString(text)
        case .bytes(let bytes):
            write(UInt8(ascii: "\""))
            writeBase64(bytes)
            write(UInt8(ascii: "\""))
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): writeDecimal(number)
        case .double(let number):
            if !number.isFinite { write(UInt8(ascii: "\"")) }
            writeText(number)
            if !number.isFinite { write(UInt8(ascii: "\"")) }
        case .array(let body):
            write(UInt8(ascii: "["))
            if var values = try? reader.reader(of: body) {
                var isFirst = true
                while let value = try? values.nextValue() {
                    if !isFirst { write(UInt8(ascii: ",")) }
                    isFirst = false
                    writeJSON(value, within: values)
                }
            }
            write(UInt8(ascii: "]"))
        case .map(let body):
            if let attributes = try? reader.reader(of: body) { writeJSONObject(attributes) } else { write("{}") }
        case .none: write("null")
        }
    }

    /// The attributes of a map as one object.
    mutating func writeJSONObject(_ attributes: AttributeReader) {
        var attributes = attributes
        var isFirst = true
        write(UInt8(ascii: "{"))
        while let (key, value) = try? attributes.nextAttribute() {
            if !isFirst { write(UInt8(ascii: ",")) }
            isFirst = false
            writeJSONString(key)
            write(UInt8(ascii: ":"))
            writeJSON(value, within: attributes)
        }
        write(UInt8(ascii: "}"))
    }

    /// The shortest digits that give the number back; `inf`, `-inf` or `nan` for what has none.
    mutating func writeText(_ number: Double) {
        var text = number.description
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
}
