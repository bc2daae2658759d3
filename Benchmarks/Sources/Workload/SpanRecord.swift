/// What all spans of a trace share.
struct TraceHead {
    var traceHigh: UInt64 = 0
    var traceLow: UInt64 = 0
    var requestHigh: UInt64 = 0
    var requestLow: UInt64 = 0
    /// Who asked: picks the user agent and the address.
    var client: UInt32 = 0
    /// What was asked for: picks the product or the user.
    var subject: UInt32 = 0
}

/// One span as numbers; a profile's model turns it into text.
struct SpanRecord {
    var head: TraceHead
    var id: UInt64
    /// 0: none.
    var parentID: UInt64
    /// Microseconds since 1970.
    var start: Int64
    /// Microseconds.
    var duration: Int64
    /// The model's kind of span: service, operation, and the layout of the text.
    var type: Int32
    /// Who reports it.
    var pod: Int32
    /// The other side, in the model's terms.
    var peer: Int32 = -1
    var status: Int32 = 200
    var size: Int32 = 0
    /// Random bits for whatever else varies.
    var variety: UInt32 = 0
    /// From the end of the span to its event, in microseconds.
    var eventDelay: Int32 = 0
    var isError = false
    /// Which of the reporter's worker threads.
    var worker: Int8 = 0

    @inline(__always)
    var end: Int64 { start &+ duration }
}

extension SpanRecord {
    /// The value of a slot that is a number.
    @inline(__always)
    func number(_ slot: Slot) -> UInt64 {
        switch slot {
        case .traceIDHigh: head.traceHigh
        case .traceIDLow: head.traceLow
        case .spanID: id
        case .parentID: parentID
        case .timestamp: UInt64(bitPattern: start)
        case .endTimestamp: UInt64(bitPattern: end)
        case .duration: UInt64(bitPattern: duration)
        case .eventTimestamp: UInt64(bitPattern: eventTime)
        case .status: UInt64(truncatingIfNeeded: status)
        case .threadID: UInt64(threadID)
        case .largeNumber: UInt64(largeNumber)
        default: preconditionFailure("the slot is a number")
        }
    }

    @inline(__always)
    var eventTime: Int64 { end &+ Int64(eventDelay) }
    @inline(__always)
    var threadID: Int64 { Int64(variety & 63) &+ 1 }
    @inline(__always)
    var largeNumber: Int64 { Int64(variety) &+ 8_000_000_000 }
}

/// What a kind of span is called.
struct SpanTypeName {
    let service: String
    let operation: String
    /// Zipkin's kind, nil for none.
    let kind: String?
}
