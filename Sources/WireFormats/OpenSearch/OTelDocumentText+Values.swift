internal import Bytes
internal import TraceModel

/// Finds the attributes of a shape that are fields of a document.
enum OTelAttributePlanner {
    struct Candidate {
        let name: [UInt8]
        var step: JaegerTagStep
    }

    /// By their names; of those with the same name the last.
    static func candidates(_ shape: SpanShape, _ batch: SpanBatch, _ rules: AttributeRules) -> [Candidate] {
        var candidates: [Candidate] = []
        func add(_ key: UnsafeRawBufferPointer, _ source: JaegerTagStep.Source, _ type: ValueType, _ word: Int) {
            let rule = rules.rule(for: key)
            guard !rule.contains(.dropped) else { return }
            var step = JaegerTagStep(source: source, type: type, word: word)
            step.isHashed = rule.contains(.hashed)
            candidates.append(Candidate(name: OTelDocumentName.name(of: key), step: step))
        }
        let isOTLP = shape.traits.source == .otlp
        var word = 0
        // What the span says itself outdoes what is made of its fields.
        var own: [(key: UnsafeRawBufferPointer, type: ValueType, word: Int)] = []
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if column.role == .attribute { own.append((batch.string(column.key), column.type, word)) }
            if !isOTLP, let field = column.field {
                switch field {
                case .remoteServiceName: add(("peer.service" as StaticString).rawBytes, .value, .string, word)
                case .remoteIPv4, .remoteIPv6:
                    add(("network.peer.address" as StaticString).rawBytes, .address, .bytes, word)
                case .remotePort: add(("network.peer.port" as StaticString).rawBytes, .value, .int, word)
                case .localIPv4, .localIPv6:
                    add(("network.local.address" as StaticString).rawBytes, .address, .bytes, word)
                case .localPort: add(("network.local.port" as StaticString).rawBytes, .value, .int, word)
                default: break
                }
            }
            word += column.type.wordCount
        }
        for attribute in own { add(attribute.key, .value, attribute.type, attribute.word) }
        let names = candidates.enumerated().map { (name: $0.element.name, place: $0.offset) }
        return JaegerDocumentField.order(names).map { candidates[$0] }
    }
}

enum OTelDocumentName {
    /// The key with `@` for every dot, which would make an object within the object. No field may be without a name.
    static func name(of key: UnsafeRawBufferPointer) -> [UInt8] {
        JaegerDocumentField.isName(key) ? JaegerDocumentField.name(of: key) : [UInt8(ascii: "_")]
    }
}

extension DocumentWriter {
    /// A value as it stands in a field: a scalar of JSON.
    mutating func writeOTelValue(_ value: SpanValue, hash rules: AttributeRules?, _ scratch: inout DocumentWriter) {
        writeOTelValue(
            value, within: AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0)), hash: rules, &scratch)
    }

    mutating func writeOTelValue(
        _ value: SpanValue, within reader: AttributeReader, hash rules: AttributeRules?,
        _ scratch: inout DocumentWriter
    ) {
        if rules == nil, case .bytes = value { return writeJSON(value, within: reader) }
        writeValue(value, within: reader, false, hash: rules, &scratch)
    }

    /// The attributes of an event or a link, all as texts, and how many were dropped.
    mutating func writeOTelTexts(_ list: AttributeList?, _ rules: AttributeRules, _ scratch: inout DocumentWriter) {
        write(",\"attributes\":")
        let mark = count
        writeOTelFields(list, "", rules) { writer, value, reader, hash in
            let first = writer.count
            writer.writeOTelValue(value, within: reader, hash: hash, &scratch)
            // Numbers and flags become texts.
            guard writer[first] != UInt8(ascii: "\"") else { return }
            scratch.removeAll()
            scratch.write(UnsafeRawBufferPointer(rebasing: writer.bytes[first...]))
            writer.truncate(to: first)
            writer.writePlainString(scratch.bytes)
        }
        endElements(from: mark, UInt8(ascii: "{"), UInt8(ascii: "}"))
        write(",\"droppedAttributesCount\":")
        writeDecimal(Int64(list?.droppedCount ?? 0))
    }

    /// What a resource and a scope say, each field with a comma before it.
    mutating func writeOTelResource(
        _ key: DocumentPieces.Key, _ batch: SpanBatch, _ rules: AttributeRules, _ scratch: inout DocumentWriter
    ) {
        if key.scope != 0, let scope = try? ScopeView(batch.string(key.scope)) {
            write(",\"instrumentationScope.name\":")
            writeString(scope.name)
            write(",\"instrumentationScope.version\":")
            writeString(scope.version)
        }
        if key.resource != 0, let resource = try? ResourceView(batch.string(key.resource)) {
            writeOTelFields(resource.attributes, "resource.attributes.", rules) { writer, value, reader, hash in
                writer.writeOTelValue(value, within: reader, hash: hash, &scratch)
            }
        } else if batch.string(key.serviceName).count > 0 {
            write(",\"resource.attributes.service@name\":")
            writeString(batch.string(key.serviceName))
        }
    }

    /// Attributes as fields by their names, each with a comma before it; of those with the same name the last.
    private mutating func writeOTelFields(
        _ list: AttributeList?, _ prefix: StaticString, _ rules: AttributeRules,
        _ write: (inout DocumentWriter, SpanValue, AttributeReader, AttributeRules?) -> Void
    ) {
        guard var reader = list?.attributes else { return }
        var values: [(value: SpanValue, hash: AttributeRules?)] = []
        var names: [(name: [UInt8], place: Int)] = []
        while let (key, value) = try? reader.nextAttribute() {
            let rule = rules.rule(for: key)
            guard !rule.contains(.dropped) else { continue }
            names.append((OTelDocumentName.name(of: key), values.count))
            values.append((value, rule.contains(.hashed) ? rules : nil))
        }
        for place in JaegerDocumentField.order(names) {
            self.write(",\"")
            self.write(prefix)
            names[place].name.withUnsafeBytes { writeEscaped($0) }
            self.write("\":")
            write(&self, values[place].value, reader, values[place].hash)
        }
    }
}
