internal import Bytes
internal import TraceModel

/// Writes spans as Data Prepper's documents. What the spans of a batch have in common is made once for each batch.
struct OTelDocumentText: ~Copyable {
    private let rules: AttributeRules

    // Of the batch at hand.
    private var batch: SpanBatch?
    /// By shape: the number of its plan + 1, or 0.
    private var planNumbers = ColumnBuffer<UInt32>(capacity: 64)
    private var plans = ColumnBuffer<Plan>(capacity: 64)
    private var steps = ColumnBuffer<JaegerTagStep>(capacity: 1024)
    private var pieces = DocumentWriter()
    private var resources = DocumentPieces()
    private var strings = BatchStrings()

    // Of the root that came last.
    private var root: SpanView?
    private var rootText = DocumentWriter()

    private var scratch = DocumentWriter()

    // Not private: debug builds refer to it.
    struct Plan: BitwiseCopyable {
        let firstStep: Int
        let stepCount: Int
    }

    private static let keptCapacity = 1 << 16
    private static let pieceByteCountMax = 16 << 20

    init(_ filter: AttributeFilter) { rules = AttributeRules(filter, elevatedKeys: []) }

    private mutating func begin(_ batch: SpanBatch) {
        self.batch = batch
        plans.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        steps.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        pieces.removeAll()
        resources.removeAll()
        strings.begin(batch)
        planNumbers.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        planNumbers.append(repeating: 0, count: batch.shapeCount)
    }

    // MARK: Span

    /// All but what the trace says; the object is not ended.
    mutating func write(_ span: SpanView, to document: inout DocumentWriter) {
        if batch !== span.batch || pieces.count > Self.pieceByteCountMax { begin(span.batch) }
        let fields = OTelDocumentFields(span)
        let traits = span.traits
        let times = OTelTimes(span)
        document.write("{\"traceId\":\"")
        document.writeHex(span.traceID)
        document.write("\",\"spanId\":\"")
        document.writeHex(span.spanID.value)
        document.write("\",\"parentSpanId\":\"")
        if let parentID = span.parentID { document.writeHex(parentID.value) }
        document.write("\",\"traceState\":")
        document.writeString(fields.traceState)
        document.write(",\"name\":")
        strings.write(span.shape.operationName, of: span.batch, to: &document)
        document.write(",\"kind\":\"")
        document.write(Self.kindName(traits.kind))
        document.write("\",\"startTime\":\"")
        document.writeTime(times.start)
        document.write("\",\"endTime\":\"")
        document.writeTime(times.end)
        document.write("\",\"durationInNanos\":")
        document.writeDecimal(times.duration)
        document.write(",\"serviceName\":")
        strings.write(span.shape.serviceName, of: span.batch, to: &document)
        document.write(",\"status.code\":")
        document.writeDecimal(Self.statusCode(traits))
        if fields.statusMessage.count > 0 {
            document.write(",\"status.message\":")
            document.writeString(fields.statusMessage)
        }
        document.write(",\"droppedAttributesCount\":")
        document.writeDecimal(fields.droppedAttributeCount)
        document.write(",\"droppedEventsCount\":")
        document.writeDecimal(fields.droppedEventCount)
        document.write(",\"droppedLinksCount\":")
        document.writeDecimal(fields.droppedLinkCount)
        writeEvents(span, to: &document)
        writeLinks(fields.links, to: &document)
        writeAttributes(span, to: &document)
        writeResource(span, fields, to: &document)
    }

    /// What the root of a trace says of it, and the end of the object.
    mutating func write(root: SpanView?, to document: inout DocumentWriter) {
        guard let root else {
            document.write(",\"traceGroup\":null,\"traceGroupFields\":")
            return document.write("{\"endTime\":null,\"durationInNanos\":null,\"statusCode\":null}}")
        }
        if self.root?.batch !== root.batch || self.root?.row != root.row {
            self.root = root
            rootText.removeAll()
            Self.write(root: root, to: &rootText)
        }
        document.write(rootText.bytes)
    }

    private static func write(root: SpanView, to document: inout DocumentWriter) {
        let times = OTelTimes(root)
        document.write(",\"traceGroup\":")
        document.writeString(root.operationName)
        document.write(",\"traceGroupFields\":{\"endTime\":\"")
        document.writeTime(times.end)
        document.write("\",\"durationInNanos\":")
        document.writeDecimal(times.duration)
        document.write(",\"statusCode\":")
        document.writeDecimal(statusCode(root.traits))
        document.write("}}")
    }

    static func kindName(_ kind: SpanKind) -> StaticString {
        switch kind {
        case .unspecified: "SPAN_KIND_UNSPECIFIED"
        case .client: "SPAN_KIND_CLIENT"
        case .server: "SPAN_KIND_SERVER"
        case .producer: "SPAN_KIND_PRODUCER"
        case .consumer: "SPAN_KIND_CONSUMER"
        case .local: "SPAN_KIND_INTERNAL"
        }
    }

    /// An error of another model is one here too.
    private static func statusCode(_ traits: SpanTraits) -> Int64 {
        let isError = traits.source != .otlp && traits.statusCode == .unset && traits.isError
        return Int64((isError ? StatusCode.error : traits.statusCode).rawValue)
    }

    // MARK: Attributes

    private mutating func writeAttributes(_ span: SpanView, to document: inout DocumentWriter) {
        let plan = plan(span)
        let batch = span.batch
        let words = batch.values(ofRow: span.row)
        for index in plan.firstStep..<plan.firstStep + plan.stepCount {
            let step = steps[index]
            document.write(
                UnsafeRawBufferPointer(rebasing: pieces.bytes[step.pieceStart..<step.pieceStart + step.pieceCount]))
            if step.source == .value, step.type == .string, !step.isHashed {
                strings.write(words[step.word], of: batch, to: &document)
            } else if step.source == .address {
                writeAddress(batch.string(words[step.word]), isHashed: step.isHashed, to: &document)
            } else {
                let value = batch.documentValue(at: words + step.word, type: step.type)
                document.writeOTelValue(value, hash: step.isHashed ? rules : nil, &scratch)
            }
        }
    }

    private mutating func writeAddress(
        _ bytes: UnsafeRawBufferPointer, isHashed: Bool, to document: inout DocumentWriter
    ) {
        var text = ByteWriter()
        IPAddress(networkOrder: bytes)?.append(to: &text)
        text.bytes.withUnsafeBytes {
            document.writeOTelValue(.string($0), hash: isHashed ? rules : nil, &scratch)
        }
    }

    private mutating func plan(_ span: SpanView) -> Plan {
        let shapeNumber = Int(span.batch.shapeColumn[span.row])
        let known = planNumbers[shapeNumber]
        if known > 0 { return plans[Int(known) - 1] }
        let candidates = OTelAttributePlanner.candidates(span.shape, span.batch, rules)
        let firstStep = steps.count
        for candidate in candidates {
            var step = candidate.step
            step.pieceStart = pieces.count
            pieces.write(",\"span.attributes.")
            candidate.name.withUnsafeBytes { pieces.writeEscaped($0) }
            pieces.write("\":")
            step.pieceCount = pieces.count - step.pieceStart
            steps.append(step)
        }
        plans.append(Plan(firstStep: firstStep, stepCount: candidates.count))
        planNumbers[shapeNumber] = UInt32(plans.count)
        return plans[plans.count - 1]
    }

    private mutating func writeResource(
        _ span: SpanView, _ fields: OTelDocumentFields, to document: inout DocumentWriter
    ) {
        let key = DocumentPieces.Key(
            serviceName: span.shape.serviceName, resource: fields.resource, ipv4: 0, ipv6: 0, scope: fields.scope)
        let piece: Range<Int>
        if let known = resources.find(key) {
            piece = known
        } else {
            let first = pieces.count
            pieces.writeOTelResource(key, span.batch, rules, &scratch)
            piece = first..<pieces.count
            resources.remember(key, piece)
        }
        document.write(UnsafeRawBufferPointer(rebasing: pieces.bytes[piece]))
    }

    // MARK: Events and links

    private mutating func writeEvents(_ span: SpanView, to document: inout DocumentWriter) {
        document.write(",\"events\":")
        let mark = document.count
        span.forEachEvent { name, time, attributes in
            document.write(",{\"name\":")
            document.writeString(name)
            document.write(",\"time\":\"")
            document.writeTime(max(time, 0))
            document.write("\"")
            let list = attributes.flatMap { try? AttributeList(ofEvent: $0) }
            document.writeOTelTexts(list, rules, &scratch)
            document.write("}")
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    private mutating func writeLinks(_ links: UnsafeRawBufferPointer?, to document: inout DocumentWriter) {
        document.write(",\"links\":")
        let mark = document.count
        if let links {
            var reader = LinkReader(links)
            while let link = try? reader.next() {
                document.write(",{\"traceId\":\"")
                document.writeHex(link.traceID)
                document.write("\",\"spanId\":\"")
                document.writeHex(link.spanID.value)
                document.write("\",\"traceState\":")
                document.writeString(link.traceState)
                document.writeOTelTexts(link.attributes, rules, &scratch)
                document.write("}")
            }
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
    }
}

/// Times of a span in nanoseconds since 1970, none before it.
struct OTelTimes {
    let start: Int64
    let end: Int64
    let duration: Int64

    init(_ span: SpanView) {
        start = max(span.start ?? 0, 0)
        let sum = start.addingReportingOverflow(max(span.duration ?? 0, 0))
        end = sum.overflow ? .max : sum.partialValue
        duration = end - start
    }
}

/// What a span has once beside its attributes.
struct OTelDocumentFields {
    private(set) var traceState = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var statusMessage = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var links: UnsafeRawBufferPointer?
    private(set) var droppedAttributeCount: Int64 = 0
    private(set) var droppedEventCount: Int64 = 0
    private(set) var droppedLinkCount: Int64 = 0
    /// Numbers of the batch's strings.
    private(set) var resource: UInt32 = 0
    private(set) var scope: UInt32 = 0

    init(_ span: SpanView) {
        let shape = span.shape
        var word = span.batch.values(ofRow: span.row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if let field = column.field { set(field, span.batch.documentValue(at: word, type: column.type), word[0]) }
            word += column.type.wordCount
        }
    }

    private mutating func set(_ field: SpanField, _ value: SpanValue, _ number: UInt32) {
        switch (field, value) {
        case (.traceState, .string(let text)): traceState = text
        case (.statusMessage, .string(let text)): statusMessage = text
        case (.links, .array(let bytes)): links = bytes
        case (.droppedAttributeCount, .int(let count)): droppedAttributeCount = count
        case (.droppedEventCount, .int(let count)): droppedEventCount = count
        case (.droppedLinkCount, .int(let count)): droppedLinkCount = count
        case (.resource, _): resource = number
        case (.scope, _): scope = number
        default: break
        }
    }
}
