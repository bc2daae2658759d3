internal import Bytes
internal import TraceModel

/// The span at hand of a decoder, where the builder cannot take it at once, and what became of those before it.
///
/// The builder gets fields by their number, then events, then attributes, in whatever order the sender wrote them.
struct OTLPSpanStage: ~Copyable {
    let limits: SpanLimits
    let options: OTLPOptions
    var outcome = DecodeOutcome()
    var text: OTLPText
    /// A structured value in the making.
    var writer = AttributeWriter()
    /// The span's links so far.
    var links = AttributeWriter()

    // What the spans to come belong to: numbers of interned strings.
    var resource: UInt32 = 0
    var serviceName: UInt32 = 0
    var scope: UInt32 = 0

    // The span at hand.
    var startBits: UInt64 = 0
    var endBits: UInt64 = 0
    var statusCode = StatusCode.unset
    /// It has the attribute `error`, a truth value or, from Envoy, which has no other, the text.
    private var saysError = false
    var droppedEventCount: UInt64 = 0
    var droppedLinkCount: UInt64 = 0
    var facts = OTLPStagedFacts()
    private var hasTraceID = false
    private var hasSpanID = false
    private var rejection: String?
    private var fields = ColumnBuffer<OTLPStagedField>(capacity: 8)
    private var events = ColumnBuffer<OTLPStagedEvent>(capacity: 8)

    private var allowance: BodyAllowance

    init(_ limits: SpanLimits, _ options: OTLPOptions) {
        self.limits = limits
        self.options = options
        text = OTLPText(limits)
        allowance = BodyAllowance(limits)
    }

    /// How many bytes of a batch one byte of a body makes at most: an event without time and attributes makes the most.
    private static let growthMax = 6

    static func checkSize(
        _ bytes: UnsafeRawBufferPointer, _ builder: borrowing SpanBatchBuilder
    ) throws(DecodeError) {
        try BodyAllowance.checkSize(bytes, builder, growthMax: growthMax)
    }

    func checkRoom(in builder: borrowing SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkRoom(in: builder, at: offset)
    }

    func located(_ error: DecodeError) -> DecodeError { allowance.located(error) }

    // MARK: Resource

    /// The spans to come have no resource and no scope.
    mutating func beginResource() {
        resource = 0
        serviceName = 0
        scope = 0
    }

    /// The spans to come have the resource that the writer holds.
    mutating func takeResource(into builder: inout SpanBatchBuilder) {
        resource = builder.intern(writer.bytes)
        serviceName = OTLPModel.serviceName(inResource: writer.bytes).map { builder.intern($0) } ?? 0
    }

    // MARK: Span

    mutating func beginSpan(into builder: inout SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkSpanCount(at: offset)
        try checkRoom(in: builder, at: offset)
        allowance.countSpan()
        builder.beginSpan()
        startBits = 0
        endBits = 0
        statusCode = .unset
        saysError = false
        droppedEventCount = 0
        droppedLinkCount = 0
        if options.keepsSkeinFacts { facts = OTLPStagedFacts() }
        hasTraceID = false
        hasSpanID = false
        rejection = nil
        fields.removeAll()
        events.removeAll()
        links.removeAll()
        text.cutCount = 0
    }

    @inline(__always)
    mutating func setTraceID(_ bytes: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder) {
        guard bytes.count == 16 else { return reject("a trace ID of \(bytes.count) bytes") }
        builder.traceID = TraceID(networkOrder: bytes)
        hasTraceID = builder.traceID.high | builder.traceID.low != 0
    }

    @inline(__always)
    mutating func setSpanID(_ bytes: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder) {
        guard bytes.count == 8 else { return reject("a span ID of \(bytes.count) bytes") }
        builder.spanID = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        hasSpanID = builder.spanID != 0
    }

    @inline(__always)
    mutating func setParentID(_ bytes: UnsafeRawBufferPointer, _ builder: inout SpanBatchBuilder) {
        if bytes.count == 0 {
            builder.parentID = 0
            return
        }
        guard bytes.count == 8 else { return reject("a parent span ID of \(bytes.count) bytes") }
        builder.parentID = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    /// The span at hand will be left out; the first reason counts.
    @inline(never)
    mutating func reject(_ reason: @autoclosure () -> String) {
        if rejection == nil { rejection = reason() }
    }

    /// Takes the span in, or counts it as rejected.
    mutating func endSpan(into builder: inout SpanBatchBuilder) {
        if !hasTraceID { reject("no trace ID") }
        if !hasSpanID { reject("no span ID") }
        if let rejection {
            outcome.rejectedCount += 1
            if outcome.firstRejection == nil { outcome.firstRejection = "span \(allowance.spanNumber): \(rejection)" }
            return
        }
        let times = OTLPTimes(startBits: startBits, endBits: endBits)
        builder.start = times.start
        builder.duration = times.duration
        if let end = times.end { setField(.end, int: end) }
        builder.serviceName = serviceName
        builder.traits.statusCode = statusCode
        builder.traits.isError = statusCode == .error || saysError
        builder.traits.source = .otlp
        builder.traits.hasOrderedAttributes = true
        if droppedEventCount > 0 { setField(.droppedEventCount, int: Int64(droppedEventCount)) }
        if droppedLinkCount > 0 { setField(.droppedLinkCount, int: Int64(droppedLinkCount)) }
        if resource != 0 { setField(.resource, reference: resource) }
        if scope != 0 { setField(.scope, reference: scope) }
        if links.count > 0 { setField(.links, reference: builder.intern(links.bytes)) }
        if options.keepsSkeinFacts { applyFacts(to: &builder) }
        if text.cutCount > 0 {
            builder.addAttribute(key: builder.intern(SpanLimits.cutCountKey), int: Int64(text.cutCount))
        }
        giveFields(to: &builder)
        for index in 0..<events.count {
            let event = events.start[index]
            builder.addEvent(name: event.name, time: event.time, attributes: event.attributes)
        }
        builder.endSpan()
        outcome.acceptedCount += 1
    }

    /// What is told at the end.
    func finished() -> DecodeOutcome {
        var outcome = outcome
        outcome.replacedStringCount = text.replacedCount
        return outcome
    }

    // MARK: Fields and events

    mutating func setField(_ field: SpanField, reference: UInt32) { set(field, UInt64(reference)) }

    mutating func setField(_ field: SpanField, int: Int64) { set(field, UInt64(bitPattern: int)) }

    mutating func removeField(_ field: SpanField) {
        for index in 0..<fields.count where fields[index].field == field.rawValue {
            fields[index] = fields[fields.count - 1]
            fields.truncate(to: fields.count - 1)
            return
        }
    }

    private mutating func set(_ field: SpanField, _ bits: UInt64) {
        // A field counts once: the last.
        removeField(field)
        fields.append(OTLPStagedField(field: field.rawValue, bits: bits))
    }

    private mutating func giveFields(to builder: inout SpanBatchBuilder) {
        if fields.count > 1 {
            var staged = UnsafeMutableBufferPointer(start: fields.start, count: fields.count)
            staged.sort { $0.field < $1.field }
        }
        for index in 0..<fields.count {
            let staged = fields.start[index]
            guard let field = SpanField(rawValue: staged.field) else { continue }
            if field.valueType == .int {
                builder.setField(field, int: Int64(bitPattern: staged.bits))
            } else {
                builder.setField(field, reference: UInt32(truncatingIfNeeded: staged.bits))
            }
        }
    }

    /// Adds what the sender says, or what is left out here, up to 32 bits.
    mutating func addDroppedEvents(_ count: UInt64) {
        droppedEventCount = min(droppedEventCount + (count & 0xffff_ffff), UInt64(UInt32.max))
    }

    /// Likewise.
    mutating func addDroppedLinks(_ count: UInt64) {
        droppedLinkCount = min(droppedLinkCount + (count & 0xffff_ffff), UInt64(UInt32.max))
    }

    /// - Parameter attributes: number of the event's attributes, 0 for none.
    mutating func addEvent(name: UInt32, timeBits: UInt64, attributes: UInt32) {
        events.append(OTLPStagedEvent(time: Int64(bitPattern: timeBits), name: name, attributes: attributes))
    }

    // MARK: Attributes

    /// Adds an attribute, or notes what it says if it is a fact.
    @inline(__always)
    mutating func addAttribute(
        key: UnsafeRawBufferPointer, _ value: SpanValue, _ builder: inout SpanBatchBuilder
    ) {
        var key = key
        if options.keepsSkeinFacts && key.hasPrefix(OTLPFact.prefix) {
            if key.hasPrefix(OTLPFact.escape) {
                key = UnsafeRawBufferPointer(rebasing: key[OTLPFact.escape.utf8CodeUnitCount...])
            } else if takeFact(key, value, &builder) {
                return
            }
        }
        let countMax = allowance.attributeCountMax
        guard builder.attributeCount < countMax else { return reject("more than \(countMax) attributes") }
        let number = builder.intern(text.clean(key))
        switch value {
        case .string(let string):
            if key.equals("error"), string.equals("true") { saysError = true }
            builder.addAttribute(key: number, string: builder.intern(text.clean(string)))
        case .bytes(let bytes):
            builder.addAttribute(key: number, type: .bytes, reference: builder.intern(text.cut(bytes: bytes)))
        case .bool(let flag):
            if flag, key.equals("error") { saysError = true }
            builder.addAttribute(key: number, bool: flag)
        case .int(let int): builder.addAttribute(key: number, int: int)
        case .double(let double): builder.addAttribute(key: number, double: double)
        case .array(let body): builder.addAttribute(key: number, type: .array, reference: builder.intern(body))
        case .map(let body): builder.addAttribute(key: number, type: .map, reference: builder.intern(body))
        case .none: builder.addAttributeWithoutValue(key: number)
        }
    }
}

// Not private: such types break debug builds as elements of a column.

struct OTLPStagedField: BitwiseCopyable {
    var field: UInt8
    /// A number, or that of a string.
    var bits: UInt64
}

struct OTLPStagedEvent: BitwiseCopyable {
    var time: Int64
    // Numbers of interned strings.
    var name: UInt32
    var attributes: UInt32
}

extension TraceID {
    /// 16 bytes.
    init(networkOrder bytes: UnsafeRawBufferPointer) {
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
