internal import TraceModel

/// Values with a structure as the compact JSON that Jaeger keeps in their place.
extension DocumentWriter {
    /// One value. The keys of maps are sorted, and of equal ones the last counts; bytes are base64. Of a structure that
    /// is damaged or too deep only what can be read.
    /// - Parameter reader: what the value was read with, so that its depth is known.
    mutating func writeJSON(_ value: SpanValue, within reader: AttributeReader) {
        switch value {
        case .string(let text): writeString(text)
        case .bytes(let bytes):
            write(UInt8(ascii: "\""))
            Base64.forEachDigit(of: bytes) { write($0) }
            write(UInt8(ascii: "\""))
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): writeDecimal(number)
        case .double(let number):
            if !number.isFinite { write(UInt8(ascii: "\"")) }
            writeDouble(number)
            if !number.isFinite { write(UInt8(ascii: "\"")) }
        case .array(let body):
            let mark = count
            if var values = try? reader.reader(of: body) {
                while let value = try? values.nextValue() {
                    write(UInt8(ascii: ","))
                    writeJSON(value, within: values)
                }
            }
            endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
        case .map(let body): writeJSONObject(body, within: reader)
        case .none: write("null")
        }
    }

    private mutating func writeJSONObject(_ body: UnsafeRawBufferPointer, within reader: AttributeReader) {
        let mark = count
        if var attributes = try? reader.reader(of: body) {
            var members: [(key: UnsafeRawBufferPointer, value: SpanValue)] = []
            while let attribute = try? attributes.nextAttribute() { members.append(attribute) }
            let order = members.indices.sorted {
                let (a, b) = (members[$0].key, members[$1].key)
                return a.lexicographicallyPrecedes(b) || $0 < $1 && a.elementsEqual(b)
            }
            for (place, index) in order.enumerated() {
                let member = members[index]
                if place + 1 < order.count, members[order[place + 1]].key.elementsEqual(member.key) { continue }
                write(UInt8(ascii: ","))
                writeString(member.key)
                write(UInt8(ascii: ":"))
                writeJSON(member.value, within: attributes)
            }
        }
        endElements(from: mark, UInt8(ascii: "{"), UInt8(ascii: "}"))
    }
}
