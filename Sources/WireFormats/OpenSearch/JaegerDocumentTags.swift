internal import Bytes
internal import TraceModel

extension DocumentWriter {
    /// One element of a list of tags, with a comma before it.
    /// - Parameters:
    ///   - rules: make the hash that stands for the value; nil: it stands itself.
    ///   - scratch: not this one.
    mutating func writeTag(
        _ key: UnsafeRawBufferPointer, _ value: SpanValue, within reader: AttributeReader, hash rules: AttributeRules?,
        _ scratch: inout DocumentWriter
    ) {
        writeTagStart(key, rules == nil ? value.documentType : .string)
        writeValue(value, within: reader, true, hash: rules, &scratch)
        write(UInt8(ascii: "}"))
    }

    /// The value of a tag, or of a field. Jaeger knows no structures: they are text.
    /// - Parameter isElement: the type has just been written before it.
    mutating func writeValue(
        _ value: SpanValue, within reader: AttributeReader, _ isElement: Bool, hash rules: AttributeRules?,
        _ scratch: inout DocumentWriter
    ) {
        if let rules { return writeHash(of: value, within: reader, rules, &scratch) }
        switch value {
        case .string(let text): writeString(text)
        case .bytes(let bytes):
            write(UInt8(ascii: "\""))
            writeHex(bytes)
            write(UInt8(ascii: "\""))
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): writeDecimal(number)
        case .double(let number) where number.isFinite: writeDouble(number)
        case .double(let number):
            if isElement {
                let typed: StaticString = "\"float64\",\"value\":"
                truncate(to: count - typed.utf8CodeUnitCount)
                write("\"string\",\"value\":")
            }
            write(UInt8(ascii: "\""))
            writeDouble(number)
            write(UInt8(ascii: "\""))
        case .array, .map:
            scratch.removeAll()
            scratch.writeJSON(value, within: reader)
            writeString(scratch.bytes)
        case .none: write("\"\"")
        }
    }

    private mutating func writeHash(
        of value: SpanValue, within reader: AttributeReader, _ rules: AttributeRules, _ scratch: inout DocumentWriter
    ) {
        let hash: UInt64
        switch value {
        case .string(let bytes), .bytes(let bytes): hash = rules.hash(bytes)
        case .double(let number):
            scratch.removeAll()
            scratch.writeDouble(number)
            hash = rules.hash(scratch.bytes)
        case .bool, .int, .array, .map, .none:
            scratch.removeAll()
            scratch.writeJSON(value, within: reader)
            hash = rules.hash(scratch.bytes)
        }
        write(UInt8(ascii: "\""))
        writeHex(hash)
        write(UInt8(ascii: "\""))
    }
}

extension SpanValue {
    fileprivate var documentType: ValueType {
        switch self {
        case .string: .string
        case .bytes: .bytes
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .array: .array
        case .map: .map
        case .none: .none
        }
    }
}

/// References of a span: to its parent first, then its links, which follow from their spans unless their attributes
/// say otherwise. A link to the parent says only of what kind the first one is.
enum JaegerDocumentReferences {
    static func write(
        _ traceID: TraceID, parentID: UInt64, links: UnsafeRawBufferPointer?, to document: inout DocumentWriter
    ) {
        guard parentID != 0 || links != nil else { return document.write("null") }
        let mark = document.count
        if parentID != 0 {
            var isChild = true
            forEach(links) { if isParent($0, traceID, parentID) { isChild = self.isChild($0) } }
            write(traceID, parentID, isChild, to: &document)
        }
        forEach(links) { link in
            if parentID != 0 && isParent(link, traceID, parentID) { return }
            write(link.traceID, link.spanID.value, isChild(link), to: &document)
        }
        if document.count == mark { return document.write("null") }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    private static func forEach(_ links: UnsafeRawBufferPointer?, _ body: (LinkView) -> Void) {
        guard let links else { return }
        var reader = LinkReader(links)
        while let link = try? reader.next() { body(link) }
    }

    private static func isParent(_ link: LinkView, _ traceID: TraceID, _ parentID: UInt64) -> Bool {
        link.spanID.value == parentID && link.traceID == traceID
    }

    private static func isChild(_ link: LinkView) -> Bool {
        var isChild = false
        var attributes = link.attributes.attributes
        while let (key, value) = try? attributes.nextAttribute() {
            if key.equals(JaegerTagKey.referenceType) {
                if case .string(let type) = value { isChild = type.equals(JaegerTagKey.childOf) }
            }
        }
        return isChild
    }

    /// An ID of nothing but zeros is no text at all.
    private static func write(
        _ traceID: TraceID, _ spanID: UInt64, _ isChild: Bool, to document: inout DocumentWriter
    ) {
        document.write(isChild ? ",{\"refType\":\"CHILD_OF\"" : ",{\"refType\":\"FOLLOWS_FROM\"")
        document.write(",\"traceID\":\"")
        if traceID.high | traceID.low != 0 { document.writeHex(traceID) }
        document.write("\",\"spanID\":\"")
        if spanID != 0 { document.writeHex(spanID) }
        document.write("\"}")
    }
}
