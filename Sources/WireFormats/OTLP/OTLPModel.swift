internal import TraceModel

/// Values that OTLP and the model say with different numbers.
enum OTLPModel {
    static func kind(_ number: UInt64) -> SpanKind {
        switch number {
        case 1: .local
        case 2: .server
        case 3: .client
        case 4: .producer
        case 5: .consumer
        default: .unspecified
        }
    }

    static func number(_ kind: SpanKind) -> UInt64 {
        switch kind {
        case .unspecified: 0
        case .local: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    static func statusCode(_ number: UInt64) -> StatusCode { UInt8(exactly: number).flatMap(StatusCode.init) ?? .unset }

    /// The text of the last attribute `service.name` of a resource, if it has any.
    static func serviceName(inResource bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let resource = try? ResourceView(bytes) else { return nil }
        var name: UnsafeRawBufferPointer?
        var attributes = resource.attributes.attributes
        while let (key, value) = try? attributes.nextAttribute() {
            if key.equals(serviceNameKey), case .string(let text) = value { name = text }
        }
        return name
    }

    static let serviceNameKey: StaticString = "service.name"
    static let unknownService: StaticString = "unknown_service"

    static func kindName(_ kind: SpanKind) -> StaticString {
        switch kind {
        case .unspecified: "SPAN_KIND_UNSPECIFIED"
        case .local: "SPAN_KIND_INTERNAL"
        case .server: "SPAN_KIND_SERVER"
        case .client: "SPAN_KIND_CLIENT"
        case .producer: "SPAN_KIND_PRODUCER"
        case .consumer: "SPAN_KIND_CONSUMER"
        }
    }

    static func statusName(_ code: StatusCode) -> StaticString {
        switch code {
        case .unset: "STATUS_CODE_UNSET"
        case .ok: "STATUS_CODE_OK"
        case .error: "STATUS_CODE_ERROR"
        }
    }
}

/// Start and end as OTLP has them, in the model's terms. Nanoseconds since 1970 as 64 bits; 0 is absent.
///
/// Every pair is kept but those with a start of 2^63 exactly, which is absent.
struct OTLPTimes: Equatable {
    // As in SpanBatchBuilder.
    var start = SpanBatch.absentTime
    var duration = SpanBatch.absentTime
    /// What the field `end` says; nil without it.
    var end: Int64?

    init(startBits: UInt64, endBits: UInt64) {
        if startBits != 0 { start = Int64(bitPattern: startBits) }
        guard endBits != 0 else { return }
        // The difference is modulo 2^64, like the sum that gives the end back.
        if start != SpanBatch.absentTime { duration = Int64(bitPattern: endBits) &- start }
        if duration == SpanBatch.absentTime { end = Int64(bitPattern: endBits) }
    }

    init(_ span: SpanView) {
        if let time = span.start { start = time }
        if let time = span.duration { duration = time }
        if case .int(let time) = span.value(of: .end) { end = time }
    }

    var startBits: UInt64 { start == SpanBatch.absentTime ? 0 : UInt64(bitPattern: start) }

    var endBits: UInt64 {
        if let end { return UInt64(bitPattern: end) }
        if start == SpanBatch.absentTime || duration == SpanBatch.absentTime { return 0 }
        return UInt64(bitPattern: start &+ duration)
    }
}
