internal import Bytes
internal import TraceModel

/// OTLP's keys and values in JSON. What is damaged ends where the damage is.
extension ByteWriter {
    /// A comma and a member; nothing if the text is empty.
    mutating func writeMember(_ name: StaticString, text: UnsafeRawBufferPointer?) {
        guard let text, text.count > 0 else { return }
        writeName(name)
        writeJSONString(text)
    }

    /// Likewise; nothing for 0.
    mutating func writeMember(_ name: StaticString, number: UInt64) {
        guard number > 0 else { return }
        writeName(name)
        writeDecimal(bits: number)
    }

    /// Likewise, as text.
    mutating func writeMember(_ name: StaticString, quoted number: UInt64) {
        guard number > 0 else { return }
        writeName(name)
        write("\"")
        writeDecimal(bits: number)
        write("\"")
    }

    private mutating func writeName(_ name: StaticString) {
        write(",\"")
        write(name)
        write("\":")
    }

    /// A number without a sign.
    mutating func writeDecimal(bits: UInt64) {
        if let number = Int64(exactly: bits) { return writeDecimal(number) }
        // Beyond Int64: the last digit on its own.
        writeDecimal(Int64(bits / 10))
        writeDecimal(Int64(bits % 10))
    }

    /// A comma and the members of a list that is not empty.
    mutating func writeList(_ list: AttributeList) {
        guard list.body.count > 0 || list.droppedCount > 0 else { return }
        write(",\"attributes\":[")
        writeRest(ofList: list)
    }

    /// The attributes after the bracket, and what follows it.
    mutating func writeRest(ofList list: AttributeList) {
        writeAttributes(list.attributes)
        write("]")
        writeMember("droppedAttributesCount", number: UInt64(list.droppedCount))
    }

    private mutating func writeAttributes(_ reader: AttributeReader) {
        var reader = reader
        var isFirst = true
        while let (key, value) = try? reader.nextAttribute() {
            if !isFirst { write(",") }
            isFirst = false
            writeAttribute(key: key, value, within: reader)
        }
    }

    mutating func writeAttribute(key: UnsafeRawBufferPointer, _ value: SpanValue) {
        writeAttribute(key: key, value, within: AttributeReader(key))
    }

    private mutating func writeAttribute(
        key: UnsafeRawBufferPointer, _ value: SpanValue, within reader: AttributeReader
    ) {
        write("{\"key\":")
        writeJSONString(key)
        write(",\"value\":")
        write(value, within: reader)
        write("}")
    }

    /// - Parameter reader: what the value was read with, so that its depth is known.
    private mutating func write(_ value: SpanValue, within reader: AttributeReader) {
        switch value {
        case .string(let text):
            write("{\"stringValue\":")
            writeJSONString(text)
        case .bytes(let bytes):
            write("{\"bytesValue\":\"")
            writeBase64(bytes)
            write("\"")
        case .bool(let flag): write(flag ? "{\"boolValue\":true" : "{\"boolValue\":false")
        case .int(let number):
            write("{\"intValue\":\"")
            writeDecimal(number)
            write("\"")
        case .double(let number):
            write("{\"doubleValue\":")
            writeDouble(number)
        case .array(let body):
            write("{\"arrayValue\":{\"values\":[")
            if var values = try? reader.reader(of: body) {
                var isFirst = true
                while let value = try? values.nextValue() {
                    if !isFirst { write(",") }
                    isFirst = false
                    write(value, within: values)
                }
            }
            write("]}")
        case .map(let body):
            write("{\"kvlistValue\":{\"values\":[")
            if let attributes = try? reader.reader(of: body) { writeAttributes(attributes) }
            write("]}")
        case .none: write("{")
        }
        write("}")
    }

    /// JSON has no word for infinity, nor for what is no number.
    private mutating func writeDouble(_ number: Double) {
        if number.isNaN { return write("\"NaN\"") }
        if number.isInfinite { return write(number < 0 ? "\"-Infinity\"" : "\"Infinity\"") }
        write(Array(number.description.utf8))
    }

    /// A comma and the list of a resource's entities, if it has any.
    mutating func writeEntities(_ reader: AttributeReader) {
        var entities = reader
        var isFirst = true
        while case .map(let body) = try? entities.nextValue(), var entity = try? entities.reader(of: body) {
            write(isFirst ? ",\"entityRefs\":[{" : ",{")
            isFirst = false
            var isFirstMember = true
            while let (key, value) = try? entity.nextAttribute() {
                guard let name = OTLPEntityKey.inJSON.first(where: { key.equals($0.key) })?.name else { continue }
                if !isFirstMember { write(",") }
                isFirstMember = false
                writeJSONString(name)
                write(":")
                writeEntityValue(value)
            }
            write("}")
        }
        if !isFirst { write("]") }
    }

    private mutating func writeEntityValue(_ value: SpanValue) {
        switch value {
        case .string(let text): writeJSONString(text)
        case .array(let body):
            var strings = AttributeReader(body)
            var isFirst = true
            write("[")
            while case .string(let text) = try? strings.nextValue() {
                if !isFirst { write(",") }
                isFirst = false
                writeJSONString(text)
            }
            write("]")
        case .bytes, .bool, .int, .double, .map, .none: write("null")
        }
    }
}
