internal import Bytes
internal import TraceModel

/// Writes spans as Jaeger's documents. What the spans of a batch have in common is made once for each batch.
struct JaegerDocumentText: ~Copyable {
    private let rules: AttributeRules
    private var planner: JaegerDocumentPlanner

    // Of the batch at hand.
    private var batch: SpanBatch?
    /// By shape: the number of its plan + 1, or 0.
    private var planNumbers = ColumnBuffer<UInt32>(capacity: 64)
    private var plans = ColumnBuffer<JaegerDocumentPlan>(capacity: 64)
    private var steps = ColumnBuffer<JaegerTagStep>(capacity: 1024)
    private var events = ColumnBuffer<JaegerEventStep>(capacity: 64)
    private var pieces = DocumentWriter()
    private var processes = DocumentPieces()
    /// By string: whether it is known, and plain.
    private var textKinds = ColumnBuffer<UInt8>(capacity: 1024)

    private var scratch = DocumentWriter()
    private var addressText = ByteWriter()

    private static let keptCapacity = 1 << 16
    /// Of all that is made once, beyond which it is made anew.
    private static let pieceByteCountMax = 16 << 20

    init(_ options: JaegerDocumentOptions) {
        let keys: [String]? =
            switch options.fieldAttributes {
            case .keys(let keys): keys + ["span.kind", "error"]
            case .all: nil
            }
        rules = AttributeRules(options.filter, elevatedKeys: keys)
        planner = JaegerDocumentPlanner(rules)
    }

    // MARK: Batch

    private mutating func begin(_ batch: SpanBatch) {
        self.batch = batch
        forgetPieces()
        planNumbers.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        planNumbers.append(repeating: 0, count: batch.shapeCount)
        textKinds.removeAll(keepingCapacityUpTo: Self.keptCapacity * 16)
        textKinds.append(repeating: TextKind.unknown, count: batch.stringCount)
    }

    private mutating func forgetPieces() {
        plans.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        steps.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        events.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        pieces.removeAll()
        processes.removeAll()
    }

    private mutating func plan(_ shape: Int, of batch: SpanBatch) -> JaegerDocumentPlan {
        let number = planNumbers[shape]
        if number > 0 { return plans[Int(number) - 1] }
        if pieces.count > Self.pieceByteCountMax {
            forgetPieces()
            planNumbers.removeAll()
            planNumbers.append(repeating: 0, count: batch.shapeCount)
        }
        let plan = planner.plan(batch.shape(shape), of: batch, pieces: &pieces, steps: &steps, events: &events)
        plans.append(plan)
        planNumbers[shape] = UInt32(plans.count)
        return plan
    }

    // MARK: Span

    mutating func write(_ batch: SpanBatch, _ row: Int, to document: inout DocumentWriter) {
        if self.batch !== batch { begin(batch) }
        let plan = plan(Int(batch.shapeColumn[row]), of: batch)
        let words = batch.values(ofRow: row)
        let span = SpanView(batch: batch, row: row)
        let traceID = span.traceID
        document.write("{\"traceID\":\"")
        document.writeHex(traceID)
        document.write("\",\"spanID\":\"")
        document.writeHex(span.spanID.value)
        let parentID = span.parentID?.value ?? 0
        if parentID != 0 {
            document.write("\",\"parentSpanID\":\"")
            document.writeHex(parentID)
        }
        document.write("\"")
        let flags = Self.flags(plan, words)
        if flags != 0 {
            document.write(",\"flags\":")
            document.writeDecimal(flags)
        }
        document.write(",\"operationName\":")
        write(text: plan.operationName, batch, to: &document)
        document.write(",\"references\":")
        let links = plan.links < 0 ? nil : batch.string(words[plan.links])
        JaegerDocumentReferences.write(traceID, parentID: parentID, links: links, to: &document)
        let start = JaegerTime.microseconds(span.start ?? 0)
        document.write(",\"startTime\":")
        document.writeDecimal(start)
        document.write(",\"startTimeMillis\":")
        document.writeDecimal(start / 1_000)
        document.write(",\"duration\":")
        document.writeDecimal(JaegerTime.microseconds(span.duration ?? 0))
        writeTags(plan, batch, words, to: &document)
        document.write(",\"logs\":")
        writeLogs(plan, batch, words, to: &document)
        document.write(",\"process\":")
        writeProcess(plan, batch, words, to: &document)
        document.write("}")
    }

    private static func flags(_ plan: JaegerDocumentPlan, _ words: UnsafePointer<UInt32>) -> Int64 {
        guard plan.flags >= 0 else { return plan.isDebug ? 3 : 0 }
        let flags = Int64(UInt32(truncatingIfNeeded: SpanBatch.wide(words + plan.flags)))
        return plan.source == .otlp ? flags : flags & 0xff | (plan.isDebug ? 2 : 0)
    }

    private mutating func writeTags(
        _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        document.write(",\"tags\":")
        var mark = document.count
        let fieldsStart = plan.firstStep + plan.tagCount
        for index in plan.firstStep..<fieldsStart { write(steps[index], true, plan, batch, words, to: &document) }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
        guard plan.fieldCount > 0 else { return }
        let tagMark = document.count
        document.write(",\"tag\":")
        mark = document.count
        for index in fieldsStart..<fieldsStart + plan.fieldCount {
            write(steps[index], false, plan, batch, words, to: &document)
        }
        if document.count == mark { return document.truncate(to: tagMark) }
        document.endElements(from: mark, UInt8(ascii: "{"), UInt8(ascii: "}"))
    }

    // MARK: Tags

    private func piece(_ step: JaegerTagStep) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: pieces.bytes[step.pieceStart..<step.pieceStart + step.pieceCount])
    }

    /// - Parameter isElement: of the list, not a field.
    @inline(__always)
    private mutating func write(
        _ step: JaegerTagStep, _ isElement: Bool, _ plan: JaegerDocumentPlan, _ batch: SpanBatch,
        _ words: UnsafePointer<UInt32>, to document: inout DocumentWriter
    ) {
        if step.source == .constant { return document.write(piece(step)) }
        if step.source == .value, step.type == .string, !step.isHashed {
            document.write(piece(step))
            write(text: words[step.word], batch, to: &document)
            if isElement { document.write("}") }
            return
        }
        writeUnusual(step, isElement, batch, words, to: &document)
    }

    @inline(never)
    private mutating func writeUnusual(
        _ step: JaegerTagStep, _ isElement: Bool, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        let value = batch.documentValue(at: words + step.word, type: step.type)
        let mark = document.count
        document.write(piece(step))
        switch step.source {
        case .constant: return
        case .value: write(value, isElement, step.isHashed, to: &document)
        case .zipkinError:
            if case .string(let text) = value, !step.isHashed, !isElement, text.equals("true") {
                document.write("true")
            } else {
                write(value, isElement, step.isHashed, to: &document)
            }
        case .scopeName, .scopeVersion:
            guard let scope = try? ScopeView(batch.string(words[step.word])) else { return document.truncate(to: mark) }
            let text = step.source == .scopeName ? scope.name : scope.version
            if text.count == 0 { return document.truncate(to: mark) }
            write(.string(text), isElement, step.isHashed, to: &document)
        case .address:
            guard let address = IPAddress(networkOrder: batch.string(words[step.word])) else {
                return document.truncate(to: mark)
            }
            addressText.removeAll()
            address.append(to: &addressText)
            addressText.bytes.withUnsafeBytes { text in
                scratch.removeAll()
                scratch.write(text)
            }
            write(.string(scratch.bytes), isElement, step.isHashed, to: &document)
        case .positive:
            guard case .int(let number) = value, number > 0 else { return document.truncate(to: mark) }
            write(value, isElement, step.isHashed, to: &document)
        }
        if isElement { document.write("}") }
    }

    /// A string of the batch, in quotes.
    @inline(__always)
    private mutating func write(text number: UInt32, _ batch: SpanBatch, to document: inout DocumentWriter) {
        let text = batch.string(number)
        var kind = textKinds[Int(number)]
        if kind == TextKind.unknown {
            kind = DocumentWriter.isPlain(text) ? TextKind.plain : TextKind.escaped
            textKinds[Int(number)] = kind
        }
        if kind == TextKind.plain { document.writePlainString(text) } else { document.writeString(text) }
    }

    private enum TextKind {
        static let unknown: UInt8 = 0
        static let plain: UInt8 = 1
        static let escaped: UInt8 = 2
    }

    /// The value of a tag, which stands on its own in its column.
    private mutating func write(
        _ value: SpanValue, _ isElement: Bool, _ isHashed: Bool, to document: inout DocumentWriter
    ) {
        let top = AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
        document.writeValue(value, within: top, isElement, hash: isHashed ? rules : nil, &scratch)
    }

    // MARK: Logs

    private mutating func writeLogs(
        _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        guard plan.eventCount > 0 else { return document.write("null") }
        let mark = document.count
        for index in plan.firstEvent..<plan.firstEvent + plan.eventCount {
            let event = events[index]
            let time = Int64(bitPattern: SpanBatch.wide(words + event.time))
            document.write(",{\"timestamp\":")
            document.writeDecimal(JaegerTime.microseconds(time))
            document.write(",\"fields\":")
            let attributes = event.attributes < 0 ? nil : batch.string(words[event.attributes])
            writeFields(batch.string(words[event.name]), attributes, plan.source, to: &document)
            document.write("}")
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
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

    private mutating func writeProcess(
        _ plan: JaegerDocumentPlan, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        func number(_ word: Int) -> UInt32 { word < 0 ? 0 : words[word] }
        let process = DocumentPieces.Key(
            serviceName: plan.serviceName, resource: number(plan.resource), ipv4: number(plan.localIPv4),
            ipv6: number(plan.localIPv6), scope: 0)
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
}

extension SpanBatch {
    @inline(__always)
    func documentValue(at word: UnsafePointer<UInt32>, type: ValueType) -> SpanValue {
        switch type {
        case .string: .string(string(word[0]))
        case .bytes: .bytes(string(word[0]))
        case .bool: .bool(word[0] != 0)
        case .int: .int(Int64(bitPattern: SpanBatch.wide(word)))
        case .double: .double(Double(bitPattern: SpanBatch.wide(word)))
        case .array: .array(string(word[0]))
        case .map: .map(string(word[0]))
        case .none: .none
        }
    }
}
