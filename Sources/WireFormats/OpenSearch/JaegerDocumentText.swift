internal import Bytes
internal import TraceModel

/// Writes spans as Jaeger's documents. What the spans of a batch have in common is made once for each batch.
struct JaegerDocumentText: ~Copyable {
    let rules: AttributeRules
    private var planner: JaegerDocumentPlanner

    // Of the batch at hand.
    private var batch: SpanBatch?
    /// By shape: the number of its plan + 1, or 0.
    private var planNumbers = ColumnBuffer<UInt32>(capacity: 64)
    private var plans = ColumnBuffer<JaegerDocumentPlan>(capacity: 64)
    var steps = ColumnBuffer<JaegerTagStep>(capacity: 1024)
    var events = ColumnBuffer<JaegerEventStep>(capacity: 64)
    var pieces = DocumentWriter()
    var processes = DocumentPieces()
    var strings = BatchStrings()

    // Templates of the batch at hand; none in small batches.
    var census = JaegerRowCensus()
    private var hasTemplates = false
    /// By group of rows: the number of the first part + 1, or a `TemplateNumber`.
    var templateNumbers = ColumnBuffer<Int32>(capacity: 128)
    var parts = ColumnBuffer<JaegerTemplatePart>(capacity: 1024)
    /// Numbers of known texts.
    var knownProcesses = DocumentPieces()
    var documentTexts = DocumentTexts()

    /// How every document of the last trace begins, up to the span's ID.
    var traceStart = DocumentWriter()
    var traceStartHash: UInt64 = 0
    var traceStartID = TraceID(high: 0, low: 0)

    // While a template is being made.
    /// The group of rows that it is for; -1 for none.
    var markedGroup = -1
    var marks: [JaegerTemplateMark] = []
    /// Whether it can be made.
    var isTemplate = false

    var scratch = DocumentWriter()
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
        strings.begin(batch)
        hasTemplates = batch.spanCount >= JaegerRowCensus.rowCountMin
        guard hasTemplates else { return }
        census.take(batch)
        if documentTexts.isFull { documentTexts.removeAll() }
        forgetTemplates(batch)
    }

    private mutating func forgetTemplates(_ batch: SpanBatch) {
        parts.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        knownProcesses.removeAll()
        templateNumbers.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        templateNumbers.append(repeating: TemplateNumber.unknown, count: 2 * batch.shapeCount)
    }

    private mutating func forgetPieces() {
        plans.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        steps.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        events.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        pieces.removeAll()
        processes.removeAll()
    }

    mutating func plan(_ shape: Int, of batch: SpanBatch) -> JaegerDocumentPlan {
        let number = planNumbers[shape]
        if number > 0 { return plans[Int(number) - 1] }
        if pieces.count > Self.pieceByteCountMax {
            forgetPieces()
            // They refer to steps and events.
            if hasTemplates { forgetTemplates(batch) }
            planNumbers.removeAll()
            planNumbers.append(repeating: 0, count: batch.shapeCount)
        }
        let plan = planner.plan(batch.shape(shape), of: batch, pieces: &pieces, steps: &steps, events: &events)
        plans.append(plan)
        planNumbers[shape] = UInt32(plans.count)
        return plan
    }

    // MARK: Span

    /// - Returns: the hash of the document, if it is known already.
    mutating func write(_ batch: SpanBatch, _ row: Int, to document: inout DocumentWriter) -> UInt64? {
        if self.batch !== batch { begin(batch) }
        if hasTemplates, batch.traceIDHighColumn[row] | batch.traceIDLowColumn[row] != 0,
            let template = template(batch, row, hasParent: batch.pointers.parentIDs[row] != 0)
        {
            let first = document.count
            if let hash = write(template: template, batch, row, to: &document) { return hash }
            document.truncate(to: first)
        }
        writeWhole(batch, row, to: &document)
        return nil
    }

    /// Writes a span part by part.
    mutating func writeWhole(_ batch: SpanBatch, _ row: Int, to document: inout DocumentWriter) {
        let plan = plan(Int(batch.shapeColumn[row]), of: batch)
        let words = batch.values(ofRow: row)
        let span = SpanView(batch: batch, row: row)
        let traceID = span.traceID
        document.write("{\"traceID\":\"")
        var start = document.count
        document.writeHex(traceID)
        mark(.traceID, 0, from: start, in: document)
        document.write("\",\"spanID\":\"")
        start = document.count
        document.writeHex(span.spanID.value)
        mark(.spanID, 0, from: start, in: document)
        let parentID = span.parentID?.value ?? 0
        if parentID != 0 {
            document.write("\",\"parentSpanID\":\"")
            start = document.count
            document.writeHex(parentID)
            mark(.parentID, 0, from: start, in: document)
        }
        document.write("\"")
        let flags = Self.flags(plan, words)
        if flags != 0 {
            document.write(",\"flags\":")
            document.writeDecimal(flags)
        }
        if isVaried(plan.flags, count: 2) { isTemplate = false }
        document.write(",\"operationName\":")
        strings.write(plan.operationName, of: batch, to: &document)
        document.write(",\"references\":")
        let links = plan.links < 0 ? nil : batch.string(words[plan.links])
        JaegerDocumentReferences.write(traceID, parentID: parentID, links: links, to: &document)
        markReferences(hasLinks: plan.links >= 0, hasParent: parentID != 0, in: document)
        writeTimes(span, to: &document)
        writeTags(plan, batch, words, to: &document)
        document.write(",\"logs\":")
        writeLogs(plan, batch, words, to: &document)
        document.write(",\"process\":")
        start = document.count
        writeProcess(plan, batch, words, to: &document)
        if [plan.resource, plan.localIPv4, plan.localIPv6].contains(where: { isVaried($0) }) {
            mark(.process, 0, from: start, in: document)
        }
        document.write("}")
    }

    private mutating func writeTimes(_ span: SpanView, to document: inout DocumentWriter) {
        let time = JaegerTime.microseconds(span.start ?? 0)
        document.write(",\"startTime\":")
        var start = document.count
        document.writeDecimal(time)
        mark(.start, 0, from: start, in: document)
        document.write(",\"startTimeMillis\":")
        start = document.count
        document.writeDecimal(time / 1_000)
        mark(.startMillis, 0, from: start, in: document)
        document.write(",\"duration\":")
        start = document.count
        document.writeDecimal(JaegerTime.microseconds(span.duration ?? 0))
        mark(.duration, 0, from: start, in: document)
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
        for index in plan.firstStep..<fieldsStart { write(step: index, isElement: true, batch, words, to: &document) }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
        guard plan.fieldCount > 0 else { return }
        let tagMark = document.count
        document.write(",\"tag\":")
        mark = document.count
        for index in fieldsStart..<fieldsStart + plan.fieldCount {
            write(step: index, isElement: false, batch, words, to: &document)
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
        step number: Int, isElement: Bool, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        let step = steps[number]
        if step.source == .constant { return document.write(piece(step)) }
        if step.source == .value, step.type == .string, !step.isHashed {
            document.write(piece(step))
            let start = document.count
            strings.write(words[step.word], of: batch, to: &document)
            if isVaried(step.word) { mark(.string, step.word, from: start, in: document) }
            if isElement { document.write("}") }
            return
        }
        writeUnusual(step: number, isElement: isElement, batch, words, to: &document)
    }

    @inline(never)
    private mutating func writeUnusual(
        step number: Int, isElement: Bool, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) {
        let step = steps[number]
        let isVaried = isVaried(step.word, count: step.type.wordCount)
        let first = document.count
        document.write(piece(step))
        let start = document.count
        guard writeValue(step, isElement: isElement, batch, words, to: &document) else {
            if isVaried { isTemplate = false }
            return document.truncate(to: first)
        }
        if isVaried {
            // One that is no number has changed what stands before it.
            if step.type == .double { isTemplate = isTemplate && step.isFinite(words) }
            mark(isElement ? .elementValue : .fieldValue, number, from: min(start, document.count), in: document)
        }
        if isElement { document.write("}") }
    }

    /// - Returns: false if there is nothing to tell.
    mutating func writeValue(
        _ step: JaegerTagStep, isElement: Bool, _ batch: SpanBatch, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) -> Bool {
        let value = batch.documentValue(at: words + step.word, type: step.type)
        switch step.source {
        case .constant: return true
        case .value: write(value, isElement, step.isHashed, to: &document)
        case .zipkinError:
            if case .string(let text) = value, !step.isHashed, !isElement, text.equals("true") {
                document.write("true")
            } else {
                write(value, isElement, step.isHashed, to: &document)
            }
        case .scopeName, .scopeVersion:
            guard let scope = try? ScopeView(batch.string(words[step.word])) else { return false }
            let text = step.source == .scopeName ? scope.name : scope.version
            if text.count == 0 { return false }
            write(.string(text), isElement, step.isHashed, to: &document)
        case .address:
            guard let address = IPAddress(networkOrder: batch.string(words[step.word])) else { return false }
            addressText.removeAll()
            address.append(to: &addressText)
            addressText.bytes.withUnsafeBytes { text in
                scratch.removeAll()
                scratch.write(text)
            }
            write(.string(scratch.bytes), isElement, step.isHashed, to: &document)
        case .positive:
            guard case .int(let number) = value, number > 0 else { return false }
            write(value, isElement, step.isHashed, to: &document)
        }
        return true
    }

    /// The value of a tag, which stands on its own in its column.
    private mutating func write(
        _ value: SpanValue, _ isElement: Bool, _ isHashed: Bool, to document: inout DocumentWriter
    ) {
        let top = AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0))
        document.writeValue(value, within: top, isElement, hash: isHashed ? rules : nil, &scratch)
    }
}
