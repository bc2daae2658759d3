internal import Bytes
internal import TraceModel

/// A span of Zipkin's version 1 as it was sent: of one service, or of both sides of a call.
struct ZipkinV1Span: ~Copyable {
    var traceID = TraceID(high: 0, low: 0)
    var spanID: UInt64 = 0
    var parentID: UInt64 = 0
    /// Number of an interned string.
    var name: UInt32 = 0
    // Microseconds; 0 is absent.
    var timestamp: Int64 = 0
    var duration: Int64 = 0
    var isDebug = false
    private(set) var annotations = ColumnBuffer<ZipkinV1Annotation>(capacity: 8)
    private(set) var tags = ColumnBuffer<ZipkinV1Tag>(capacity: 16)

    mutating func removeAll() {
        traceID = TraceID(high: 0, low: 0)
        spanID = 0
        parentID = 0
        name = 0
        timestamp = 0
        duration = 0
        isDebug = false
        annotations.removeAll(keepingCapacityUpTo: 1 << 12)
        tags.removeAll(keepingCapacityUpTo: 1 << 12)
    }

    mutating func addAnnotation(time: Int64, value: UInt32, endpoint: ZipkinEndpoint) {
        let order = UInt32(truncatingIfNeeded: annotations.count)
        annotations.append(ZipkinV1Annotation(time: time, value: value, endpoint: endpoint, order: order))
    }

    /// What a binary annotation has as its value.
    enum Value {
        /// Number of an interned string.
        case text(UInt32)
        case yes
        /// No, or of a type that nothing is made of.
        case other
    }

    /// Takes a binary annotation: an address of the other side, or a tag.
    /// - Parameter offset: of the annotation in the body.
    /// - Returns: false if it says nothing that is kept.
    mutating func addBinaryAnnotation(
        key: UInt32, _ value: Value, endpoint: ZipkinEndpoint, _ stage: borrowing ZipkinSpanStage,
        _ builder: borrowing SpanBatchBuilder, at offset: Int
    ) throws(DecodeError) -> Bool {
        let name = builder.string(key)
        let mayBeAddress = !endpoint.isEmpty && (name.equals("sa") || name.equals("ca") || name.equals("ma"))
        let text: UInt32
        let isAddress: Bool
        switch value {
        case .other: return false
        case .yes:
            guard mayBeAddress else { return false }
            (text, isAddress) = (0, true)
        case .text(let number): (text, isAddress) = (number, mayBeAddress && builder.string(number).equals("1"))
        }
        guard tags.count < stage.allowance.attributeCountMax else {
            throw DecodeError(
                .tooManyAttributes, "more than \(stage.allowance.attributeCountMax) binary annotations", offset: offset)
        }
        let order = UInt32(truncatingIfNeeded: tags.count)
        tags.append(ZipkinV1Tag(key: key, value: text, isAddress: isAddress, endpoint: endpoint, order: order))
        return true
    }

    /// Annotations by time, then by value; tags by key: so that the order of their sender decides nothing else.
    mutating func sort(_ builder: borrowing SpanBatchBuilder) {
        func order(_ a: UInt32, _ b: UInt32) -> Bool {
            builder.string(a).lexicographicallyPrecedes(builder.string(b))
        }
        var annotations = UnsafeMutableBufferPointer(start: annotations.start, count: annotations.count)
        annotations.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            return a.value != b.value ? order(a.value, b.value) : a.order < b.order
        }
        var tags = UnsafeMutableBufferPointer(start: tags.start, count: tags.count)
        tags.sort { a, b in a.key != b.key ? order(a.key, b.key) : a.order < b.order }
    }
}

// Not private: such types break debug builds as elements of a column. Strings are numbers of interned ones.

struct ZipkinV1Annotation: BitwiseCopyable {
    /// Microseconds since 1970.
    var time: Int64
    var value: UInt32
    /// Of the service that wrote it; perhaps empty.
    var endpoint: ZipkinEndpoint
    /// Place in the sender's order.
    var order: UInt32
}

/// A binary annotation.
struct ZipkinV1Tag: BitwiseCopyable {
    var key: UInt32
    var value: UInt32
    /// The endpoint is that of the other side, and there is no value.
    var isAddress: Bool
    /// Of the service that wrote it; perhaps empty.
    var endpoint: ZipkinEndpoint
    /// Place in the sender's order.
    var order: UInt32
}
