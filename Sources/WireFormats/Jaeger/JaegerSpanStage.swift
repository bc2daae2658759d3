internal import Bytes
internal import TraceModel

/// The span at hand of a Jaeger decoder, where the builder cannot take it at once, and what became of those before it.
///
/// The builder gets fields by their number, then events, then attributes, in whatever order the sender wrote them.
/// What is kept as bytes of the body stays valid, because the body outlives the stage.
struct JaegerSpanStage: ~Copyable {
    var text: OTLPText
    /// A structured value in the making.
    var writer = AttributeWriter()

    /// The process that made the spans to come.
    var process = JaegerProcessNumbers()

    // The span at hand.
    /// Its own process, which outdoes that of the batch.
    var ownProcess: JaegerProcessNumbers?
    var flags: UInt32 = 0
    var tags = JaegerStagedTags()
    private var links = AttributeWriter()
    private var references = ColumnBuffer<JaegerReference>(capacity: 8)
    private var events = ColumnBuffer<OTLPStagedEvent>(capacity: 8)

    /// Of the body's spans so far.
    var memo = JaegerTagMemo()
    private(set) var allowance: BodyAllowance

    init(_ limits: SpanLimits) {
        text = OTLPText(limits)
        allowance = BodyAllowance(limits)
    }

    /// How many bytes of a batch one byte of a body makes at most: a span with two short IDs makes the most.
    private static let growthMax = 24

    static func checkSize(
        _ bytes: UnsafeRawBufferPointer, _ builder: borrowing SpanBatchBuilder
    ) throws(DecodeError) {
        try BodyAllowance.checkSize(bytes, builder, growthMax: growthMax)
    }

    /// To be asked before a process, a span and an event.
    func checkRoom(in builder: borrowing SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkRoom(in: builder, at: offset)
    }

    func located(_ error: DecodeError) -> DecodeError { allowance.located(error) }

    /// What is told at the end.
    var outcome: DecodeOutcome {
        var outcome = DecodeOutcome(acceptedCount: allowance.spanNumber)
        outcome.replacedStringCount = text.replacedCount
        return outcome
    }

    // MARK: Span

    mutating func beginSpan(into builder: inout SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        try allowance.checkSpanCount(at: offset)
        try checkRoom(in: builder, at: offset)
        allowance.countSpan()
        builder.beginSpan()
        ownProcess = nil
        flags = 0
        tags = JaegerStagedTags()
        references.removeAll()
        events.removeAll()
        text.cutCount = 0
        memo.beginSpan()
    }

    mutating func addReference(_ reference: JaegerReference) { references.append(reference) }

    /// Takes the span in.
    /// - Parameter offset: where it began.
    mutating func endSpan(into builder: inout SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        guard builder.traceID.high | builder.traceID.low != 0 else {
            throw DecodeError(.malformed, "a span without a trace ID", offset: offset)
        }
        guard builder.spanID != 0 else { throw DecodeError(.malformed, "a span without a span ID", offset: offset) }
        let process = ownProcess ?? process
        builder.serviceName = process.serviceName
        builder.traits.source = .jaeger
        builder.traits.hasOrderedAttributes = true
        builder.traits.isDebug = flags & JaegerFlags.debug != 0
        if builder.parentID == 0 && references.count > 0 { builder.parentID = parentByReference(builder.traceID) }
        let status = takeStatus(into: &builder)
        // Fields in the order of their numbers.
        if let state = tags.traceState {
            builder.setField(.traceState, reference: builder.intern(text.clean(state)))
        }
        // Without the bit of debug, which is a trait; 0 where nothing is left of the flags says that they were sent.
        if flags != 0 { builder.setField(.flags, int: Int64(flags & ~JaegerFlags.debug)) }
        if let message = status { builder.setField(.statusMessage, reference: builder.intern(text.clean(message))) }
        let droppedLinkCount = references.count > 0 ? writeLinks(builder.traceID, builder.parentID) : 0
        if droppedLinkCount > 0 { builder.setField(.droppedLinkCount, int: droppedLinkCount) }
        if process.resource != 0 { builder.setField(.resource, reference: process.resource) }
        let scope = takeScope(into: &builder)
        if scope != 0 { builder.setField(.scope, reference: scope) }
        if references.count > 0 && links.count > 0 {
            builder.setField(.links, reference: builder.intern(links.bytes))
        }
        for index in 0..<events.count {
            let event = events.start[index]
            builder.addEvent(name: event.name, time: event.time, attributes: event.attributes)
        }
        if text.cutCount > 0 {
            builder.addAttribute(key: builder.intern(SpanLimits.cutCountKey), int: Int64(text.cutCount))
        }
        builder.endSpan()
    }

    // MARK: References

    /// The first span of the same trace that this one is a child of; if there is none, the first that it follows.
    private func parentByReference(_ traceID: TraceID) -> UInt64 {
        var followed: UInt64 = 0
        for index in 0..<references.count {
            let reference = references.start[index]
            guard reference.traceID == traceID, reference.spanID != 0 else { continue }
            if reference.isChild { return reference.spanID }
            if followed == 0 { followed = reference.spanID }
        }
        return followed
    }

    /// Writes the references to `links`, all but that to the parent.
    /// - Returns: how many were left out because they refer to nothing.
    private mutating func writeLinks(_ traceID: TraceID, _ parentID: UInt64) -> Int64 {
        links.removeAll()
        var droppedCount: Int64 = 0
        for index in 0..<references.count {
            let reference = references.start[index]
            if reference.isChild && reference.spanID == parentID && reference.traceID == traceID { continue }
            guard reference.spanID != 0, reference.traceID.high | reference.traceID.low != 0 else {
                droppedCount += 1
                continue
            }
            let link = links.begin()
            let attributes = links.begin()
            // Of a link one takes for granted that it was followed.
            if reference.isChild {
                links.append(key: JaegerTagKey.referenceType.rawBytes)
                links.append(string: JaegerTagKey.childOf.rawBytes)
            }
            links.end(attributes)
            links.append(varint: 0)
            links.append(
                linkFlags: 0, traceID: reference.traceID, spanID: reference.spanID,
                traceState: UnsafeRawBufferPointer(start: nil, count: 0))
            links.end(link)
        }
        return droppedCount
    }

    // MARK: Events

    /// Starts an event: its fields go to `writer` as attributes.
    mutating func beginEvent(
        in builder: borrowing SpanBatchBuilder, at offset: Int
    ) throws(DecodeError) -> JaegerStagedLog {
        try checkRoom(in: builder, at: offset)
        writer.removeAll()
        return JaegerStagedLog(attributes: writer.begin())
    }

    /// - Parameter time: nanoseconds since 1970.
    mutating func endEvent(_ log: JaegerStagedLog, time: Int64, _ builder: inout SpanBatchBuilder) {
        var attributes: UInt32 = 0
        if writer.count > log.attributes + 1 {
            writer.end(log.attributes)
            writer.append(varint: 0)
            attributes = builder.intern(writer.bytes)
        } else if log.name == 0 && time == 0 {
            // It says nothing, and a body could have very many.
            return
        }
        events.append(OTLPStagedEvent(time: time, name: log.name, attributes: attributes))
    }

    /// Adds a field of a log. The first text `event` names the event. Without it the first `message` does, which stays
    /// an attribute too, because the name is given back as `event`.
    @inline(__always)
    mutating func addField(_ tag: JaegerTag, to log: inout JaegerStagedLog, _ builder: inout SpanBatchBuilder) {
        if case .string(let name) = tag.value, name.count > 0 {
            if !log.hasEventName && tag.key.equals(JaegerTagKey.event) {
                log.name = builder.intern(text.clean(name))
                log.hasEventName = true
                return
            }
            if log.name == 0 && tag.key.equals(JaegerTagKey.message) { log.name = builder.intern(text.clean(name)) }
        }
        append(tag)
    }

    /// Adds an attribute to those in `writer`.
    mutating func append(_ tag: JaegerTag) {
        writer.append(key: text.clean(tag.key))
        switch tag.value {
        case .string(let string): writer.append(string: text.clean(string))
        case .bytes(let bytes): writer.append(bytes: text.cut(bytes: bytes))
        default: writer.append(tag.value)
        }
    }
}

/// A key and its value as they lie in a body.
struct JaegerTag {
    var key = UnsafeRawBufferPointer(start: nil, count: 0)
    /// No array and no map; none for a type that is not known.
    var value = SpanValue.none
}

/// Numbers of interned strings, 0 for none.
struct JaegerProcessNumbers {
    var serviceName: UInt32 = 0
    var resource: UInt32 = 0
}

struct JaegerStagedProcess {
    let serviceName: UnsafeRawBufferPointer
    /// The number of the name as an interned string.
    let number: UInt32
    /// Where the writer began the attributes.
    let attributes: Int
    /// Strings that were cut in the span within which the process stands.
    let cutCount: Int
}

struct JaegerStagedLog {
    /// Where the writer began the event's attributes.
    let attributes: Int
    /// Number of an interned string.
    var name: UInt32 = 0
    var hasEventName = false

    init(attributes: Int) { self.attributes = attributes }
}

// Not private: such types break debug builds as elements of a column.

struct JaegerReference: BitwiseCopyable {
    var traceIDHigh: UInt64 = 0
    var traceIDLow: UInt64 = 0
    var spanID: UInt64 = 0
    /// CHILD_OF; all others FOLLOWS_FROM.
    var isChild = true

    var traceID: TraceID { TraceID(high: traceIDHigh, low: traceIDLow) }
}

enum JaegerFlags {
    static let debug: UInt32 = 2
}
