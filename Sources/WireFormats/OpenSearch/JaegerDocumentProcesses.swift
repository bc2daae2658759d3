internal import Bytes
internal import TraceModel

extension DocumentWriter {
    /// The process of spans: its service, and the attributes of its resource; without a resource the address at which
    /// the service ran.
    mutating func writeProcess(
        _ process: DocumentPieces.Key, _ batch: SpanBatch, _ rules: AttributeRules,
        _ scratch: inout DocumentWriter
    ) {
        let serviceName = batch.string(process.serviceName)
        let resource = process.resource == 0 ? nil : try? ResourceView(batch.string(process.resource))
        write("{\"serviceName\":")
        // What Jaeger calls those that do not tell.
        let isNameless = serviceName.count == 0 && resource?.attributes.body.count ?? 0 == 0
        writeString(isNameless ? JaegerDocumentText.namelessService.rawBytes : serviceName)
        write(",\"tags\":")
        let mark = count
        var fields: [(name: [UInt8], place: Int)] = []
        var values: [[UInt8]] = []
        func elevate(
            _ key: UnsafeRawBufferPointer, _ value: SpanValue, _ reader: AttributeReader, _ hash: AttributeRules?
        ) {
            var text = DocumentWriter()
            text.writeValue(value, within: reader, false, hash: hash, &scratch)
            fields.append((JaegerDocumentField.name(of: key), values.count))
            values.append(Array(text.bytes))
        }
        func add(
            _ key: UnsafeRawBufferPointer, _ value: SpanValue, _ reader: AttributeReader,
            to writer: inout DocumentWriter
        ) {
            let rule = rules.rule(for: key)
            let hash = rule.contains(.hashed) ? rules : nil
            if rule.contains(.dropped) { return }
            var isBytes = false
            if case .bytes = value { isBytes = hash == nil }
            if rule.contains(.elevated) && !isBytes && JaegerDocumentField.isName(key) {
                return elevate(key, value, reader, hash)
            }
            writer.writeTag(key, value, within: reader, hash: hash, &scratch)
        }
        if var reader = resource?.attributes.attributes {
            while let (key, value) = try? reader.nextAttribute() {
                if case .string(let name) = value, key.equals(OTLPModel.serviceNameKey), name.elementsEqual(serviceName)
                {
                    continue
                }
                add(key, value, reader, to: &self)
            }
        } else if let address = IPAddress(networkOrder: batch.string(process.ipv4 != 0 ? process.ipv4 : process.ipv6)) {
            var text = ByteWriter()
            address.append(to: &text)
            let top = AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
            text.bytes.withUnsafeBytes { add(("ip" as StaticString).rawBytes, .string($0), top, to: &self) }
        }
        endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
        if !fields.isEmpty {
            write(",\"tag\":")
            let mark = count
            let names = Dictionary(uniqueKeysWithValues: fields.map { ($0.place, $0.name) })
            for place in JaegerDocumentField.order(fields) {
                writeFieldStart(names[place] ?? [])
                values[place].withUnsafeBytes { write($0) }
            }
            endElements(from: mark, UInt8(ascii: "{"), UInt8(ascii: "}"))
        }
        write("}")
    }
}

extension JaegerDocumentText {
    static let namelessService: StaticString = "OTLPResourceNoServiceName"
}
