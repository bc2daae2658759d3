internal import Bytes
internal import TraceModel

/// The parts of a document that are lists and objects of their own.
extension JaegerDocumentText {
    // MARK: Logs

    mutating func writeLogs(
        _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        guard plan.eventCount > 0 else { return document.write("null") }
        let mark = document.count
        for index in plan.firstEvent..<plan.firstEvent + plan.eventCount {
            let event = events[index]
            let time = Int64(bitPattern: SpanBatch.wide(words + event.time))
            document.write(",{\"timestamp\":")
            var start = document.count
            document.writeDecimal(JaegerTime.microseconds(time))
            self.mark(.eventTime, event.time, from: start, in: document)
            document.write(",\"fields\":")
            start = document.count
            writeFields(of: event, plan, batch, words, to: &document)
            if isVaried(event.name) || isVaried(event.attributes) {
                self.mark(.eventFields, index, from: start, in: document)
            }
            document.write("}")
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    mutating func writeFields(
        of event: JaegerEventStep, _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        let attributes = event.attributes < 0 ? nil : batch.string(words[event.attributes])
        writeFields(batch.string(words[event.name]), attributes, plan.source, to: &document)
    }

    private mutating func writeFields(
        _ name: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer?, _ source: SpanSource,
        to document: inout DocumentWriter
    ) {
        let mark = document.count
        let list = attributes.flatMap { try? AttributeList(ofEvent: $0) }
        if name.count > 0, !(list.map { Self.hasName(name, $0, source) } ?? false) {
            write(JaegerTagKey.event.rawBytes, .string(name), nil, to: &document)
        }
        if var reader = list?.attributes {
            while let (key, value) = try? reader.nextAttribute() { write(key, value, reader, to: &document) }
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    /// Whether an event's attributes tell its name already: as `event`, or, with Jaeger's, as the message that it was
    /// taken from.
    private static func hasName(
        _ name: UnsafeRawBufferPointer, _ list: AttributeList, _ source: SpanSource
    ) -> Bool {
        guard source == .jaeger else { return list.contains { key, _ in key.equals(JaegerTagKey.event) } }
        var reader = list.attributes
        while let (key, value) = try? reader.nextAttribute() {
            guard case .string(let text) = value, key.equals(JaegerTagKey.message) else { continue }
            return text.elementsEqual(name)
        }
        return false
    }

    /// One field of a log.
    private mutating func write(
        _ key: UnsafeRawBufferPointer, _ value: SpanValue, _ reader: AttributeReader?, to document: inout DocumentWriter
    ) {
        let rule = rules.eventRule(for: key)
        guard !rule.contains(.dropped) else { return }
        let reader = reader ?? AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
        document.writeTag(key, value, within: reader, hash: rule.contains(.hashed) ? rules : nil, &scratch)
    }

    // MARK: Process

    mutating func writeProcess(
        _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        let process = Self.process(plan, words)
        let piece: Range<Int>
        if let known = processes.find(process) {
            piece = known
        } else {
            let first = pieces.count
            pieces.writeProcess(process, batch, rules, &scratch)
            piece = first..<pieces.count
            processes.remember(process, piece)
        }
        document.write(UnsafeRawBufferPointer(rebasing: pieces.bytes[piece]))
    }

    static func process(_ plan: JaegerDocumentPlan, _ words: UnsafePointer<UInt32>) -> DocumentPieces.Key {
        func number(_ word: Int) -> UInt32 { word < 0 ? 0 : words[word] }
        return DocumentPieces.Key(
            serviceName: plan.serviceName, resource: number(plan.resource), ipv4: number(plan.localIPv4),
            ipv6: number(plan.localIPv6), scope: 0)
    }
}
