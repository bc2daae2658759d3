internal import Bytes
internal import TraceModel

/// What the documents of a batch's spans of one shape have in common: texts, and between them places that each span
/// fills anew.
struct JaegerTemplatePart: BitwiseCopyable {
    enum Kind: UInt8 {
        case traceID, spanID, parentID, start, startMillis, duration
        /// A string of the batch, in quotes.
        case string
        /// Any other value of a tag, or of a field.
        case elementValue, fieldValue
        case eventTime, eventFields, process
        /// The document's end.
        case end
    }

    var kind: Kind
    /// Of a word in the row, or the number of a step or an event.
    var place: Int
    /// Of the known text before it.
    var text: Int
}

/// Where in a document what stands that may be otherwise in the next one.
struct JaegerTemplateMark {
    let kind: JaegerTemplatePart.Kind
    let place: Int
    let range: Range<Int>
}

/// What is the same in all rows of a shape of a batch, apart for spans with and without a parent.
struct JaegerRowCensus: ~Copyable {
    // Not private: debug builds refer to it.
    struct Group: BitwiseCopyable {
        var rowCount = 0
        var firstRow = 0
        /// One bit a word: whether it differs from that of the first row.
        var variedWords: UInt64 = 0
        var wordCount = 0
    }

    private var groups = ColumnBuffer<Group>(capacity: 64)

    /// Rows from which on the work for what they have in common pays.
    static let rowCountMin = 128
    private static let wordCountMax = 64

    static func number(shape: Int, hasParent: Bool) -> Int { shape * 2 + (hasParent ? 1 : 0) }

    mutating func take(_ batch: SpanBatch) {
        groups.removeAll(keepingCapacityUpTo: 1 << 16)
        for shape in 0..<batch.shapeCount {
            var group = Group()
            group.wordCount = batch.shape(shape).valueWordCount
            groups.append(repeating: group, count: 2)
        }
        let columns = batch.pointers
        let groups = groups.start
        for row in 0..<batch.spanCount {
            let group = groups + Self.number(shape: Int(columns.shapes[row]), hasParent: columns.parentIDs[row] != 0)
            if group.pointee.rowCount == 0 { group.pointee.firstRow = row }
            group.pointee.rowCount &+= 1
            let words = columns.valueWords + Int(columns.firstWords[row])
            let firstWords = columns.valueWords + Int(columns.firstWords[group.pointee.firstRow])
            var varied: UInt64 = 0
            for word in 0..<min(group.pointee.wordCount, Self.wordCountMax) where words[word] != firstWords[word] {
                varied |= 1 &<< UInt64(word)
            }
            group.pointee.variedWords |= varied
        }
    }

    /// Whether the rows are so many, and their words so few, that a template pays.
    func isWorthwhile(_ number: Int) -> Bool {
        groups[number].rowCount >= Self.rowCountMin && groups[number].wordCount <= Self.wordCountMax
    }

    /// - Parameter word: -1 for one that the shape has not got.
    func isVaried(_ number: Int, word: Int, count: Int = 1) -> Bool {
        guard word >= 0, count > 0 else { return false }
        return groups[number].variedWords >> UInt64(word) & (1 << UInt64(count) - 1) != 0
    }
}

extension JaegerDocumentText {
    /// The template for a span; nil if there is none for its like.
    mutating func template(_ batch: SpanBatch, _ row: Int, hasParent: Bool) -> Int? {
        let group = JaegerRowCensus.number(shape: Int(batch.shapeColumn[row]), hasParent: hasParent)
        let number = templateNumbers[group]
        if number > 0 { return Int(number) - 1 }
        guard number == TemplateNumber.unknown else { return nil }
        let made = makeTemplate(batch, row, group: group)
        templateNumbers[group] = made.map { Int32($0 + 1) } ?? TemplateNumber.none
        return made
    }

    enum TemplateNumber {
        static let none: Int32 = -1
        static let unknown: Int32 = 0
    }

    /// Writes a span, and makes a template of what all of its group have in common.
    /// - Returns: the number of its first part.
    private mutating func makeTemplate(_ batch: SpanBatch, _ row: Int, group: Int) -> Int? {
        guard census.isWorthwhile(group), !documentTexts.isFull else { return nil }
        marks.removeAll(keepingCapacity: true)
        markedGroup = group
        isTemplate = true
        var document = DocumentWriter()
        writeWhole(batch, row, to: &document)
        markedGroup = -1
        guard isTemplate else { return nil }
        let first = parts.count
        var end = 0
        for mark in marks + [JaegerTemplateMark(kind: .end, place: 0, range: document.count..<document.count)] {
            precondition(mark.range.lowerBound >= end, "what varies is marked in its order")
            let text = UnsafeRawBufferPointer(rebasing: document.bytes[end..<mark.range.lowerBound])
            parts.append(JaegerTemplatePart(kind: mark.kind, place: mark.place, text: documentTexts.number(of: text)))
            end = mark.range.upperBound
        }
        return first
    }

    // MARK: Marks

    /// Notes what was written from `start` on as something that each span fills anew.
    @inline(__always)
    mutating func mark(
        _ kind: JaegerTemplatePart.Kind, _ place: Int, from start: Int, in document: borrowing DocumentWriter
    ) {
        guard markedGroup >= 0 else { return }
        marks.append(JaegerTemplateMark(kind: kind, place: place, range: start..<document.count))
    }

    /// Notes the IDs in what was just written of references.
    mutating func markReferences(hasLinks: Bool, hasParent: Bool, in document: borrowing DocumentWriter) {
        guard markedGroup >= 0, hasLinks || hasParent else { return }
        if hasLinks { isTemplate = false }
        // TRACEID","spanID":"SPANID"}]
        let end = document.count - 3
        let traceEnd = end - 16 - 12
        marks.append(JaegerTemplateMark(kind: .traceID, place: 0, range: traceEnd - 32..<traceEnd))
        marks.append(JaegerTemplateMark(kind: .parentID, place: 0, range: end - 16..<end))
    }

    /// Whether words of the group that is marked are not the same in all rows.
    func isVaried(_ word: Int, count: Int = 1) -> Bool {
        markedGroup >= 0 && census.isVaried(markedGroup, word: word, count: count)
    }

    // MARK: Writing

    /// Writes a span as its template says.
    /// - Returns: the hash of the document; nil if the span does not fit, and what was written is worth nothing.
    mutating func write(
        template first: Int, _ batch: SpanBatch, _ row: Int, to document: inout DocumentWriter
    ) -> UInt64? {
        let columns = batch.pointers
        let words = columns.valueWords + Int(columns.firstWords[row])
        let start = JaegerTime.microseconds(max(batch.startColumn[row], 0))
        // The first two parts.
        enterTrace(batch, row, first)
        document.write(traceStart.bytes)
        document.writeHex(columns.spanIDs[row])
        var state = document.hash(from: document.count - 16, traceStartHash)
        var number = first + 2
        while true {
            let part = parts[number]
            number &+= 1
            documentTexts.write(part.text, to: &document, &state)
            let mark = document.count
            switch part.kind {
            case .end: return state
            case .traceID:
                document.writeHex(batch.traceIDHighColumn[row])
                document.writeHex(batch.traceIDLowColumn[row])
            case .spanID: document.writeHex(columns.spanIDs[row])
            case .parentID: document.writeHex(columns.parentIDs[row])
            case .start: document.writeDecimal(start)
            case .startMillis: document.writeDecimal(start / 1_000)
            case .duration: document.writeDecimal(JaegerTime.microseconds(max(columns.durations[row], 0)))
            case .process:
                if writeKnownProcess(batch, row, words, to: &document, &state) { continue }
                writeProcess(plan(Int(columns.shapes[row]), of: batch), batch, words, to: &document)
            case .string:
                strings.write(words[part.place], of: batch, to: &document)
            case .eventTime:
                let time = Int64(bitPattern: SpanBatch.wide(words + part.place))
                document.writeDecimal(JaegerTime.microseconds(time))
            default:
                guard writeRest(part, batch, row, words, to: &document) else { return nil }
            }
            state = document.hash(from: mark, state)
        }
    }

    private mutating func enterTrace(_ batch: SpanBatch, _ row: Int, _ first: Int) {
        let traceID = TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row])
        guard traceID != traceStartID else { return }
        traceStartID = traceID
        traceStart.removeAll()
        traceStartHash = FNV1a.offsetBasis
        documentTexts.write(parts[first].text, to: &traceStart, &traceStartHash)
        let mark = traceStart.count
        traceStart.writeHex(traceID)
        traceStartHash = traceStart.hash(from: mark, traceStartHash)
        documentTexts.write(parts[first + 1].text, to: &traceStart, &traceStartHash)
    }

    /// - Returns: false if the span does not fit.
    @inline(never)
    private mutating func writeRest(
        _ part: JaegerTemplatePart, _ batch: SpanBatch, _ row: Int, _ words: UnsafePointer<UInt32>,
        to document: inout DocumentWriter
    ) -> Bool {
        switch part.kind {
        case .elementValue, .fieldValue:
            let step = steps[part.place]
            if step.type == .double && !step.isFinite(words) { return false }
            return writeValue(step, isElement: part.kind == .elementValue, batch, words, to: &document)
        case .eventFields:
            let plan = plan(Int(batch.shapeColumn[row]), of: batch)
            writeFields(of: events[part.place], plan, batch, words, to: &document)
            return true
        default: return false
        }
    }

    /// - Returns: false if there is no room for one that is known.
    private mutating func writeKnownProcess(
        _ batch: SpanBatch, _ row: Int, _ words: UnsafePointer<UInt32>, to document: inout DocumentWriter,
        _ state: inout UInt64
    ) -> Bool {
        let plan = plan(Int(batch.shapeColumn[row]), of: batch)
        let process = Self.process(plan, words)
        if let known = knownProcesses.find(process) {
            documentTexts.write(known.lowerBound, to: &document, &state)
            return true
        }
        guard !documentTexts.isFull else { return false }
        var text = DocumentWriter()
        writeProcess(plan, batch, words, to: &text)
        let number = documentTexts.number(of: text.bytes)
        knownProcesses.remember(process, number..<number + 1)
        documentTexts.write(number, to: &document, &state)
        return true
    }
}
