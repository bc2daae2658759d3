/// One span as it was sent.
public struct SpanTruth: Hashable, Sendable {
    public let id: UInt64
    /// 0: none.
    public let parentID: UInt64
    public let service: String
    /// As sent; servers that follow Zipkin answer in lower case.
    public let operation: String
    public let kind: String?
    /// Microseconds since 1970.
    public let start: Int64
    /// Microseconds.
    public let duration: Int64
    public let isError: Bool
}

/// One trace as it was sent: what every answer about it must say.
public struct TraceTruth: Sendable {
    public let index: Int
    public let traceHigh: UInt64
    public let traceLow: UInt64
    /// The value of the tag `Workload.requestTag` that no other trace has.
    public let requestID: String
    /// The root first, every parent before its children.
    public let spans: [SpanTruth]

    /// 32 lower-case hex digits.
    public var traceID: String { Self.hex(traceHigh) + Self.hex(traceLow) }
    public var services: Set<String> { Set(spans.map(\.service)) }
    public var rootOperation: String { spans[0].operation }
    /// Of the root, microseconds since 1970.
    public var start: Int64 { spans[0].start }
    /// From the first start to the last end, microseconds.
    public var duration: Int64 {
        let first = spans.reduce(Int64.max) { min($0, $1.start) }
        return spans.reduce(Int64.min) { max($0, $1.start + $1.duration) } - first
    }
    public var isError: Bool { spans.contains(where: \.isError) }

    /// 16 lower-case hex digits.
    public static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Workload {
    /// The tag whose value is one trace's alone.
    public var requestTag: String {
        switch configuration.profile {
        case .mesh: "guid:x-request-id"
        case .wide: "http.request.header.x-request-id"
        }
    }

    /// What was sent of one trace; `index` counts from 0 in the order of starts.
    public func truth(ofTrace index: Int) -> TraceTruth {
        precondition((0..<traceCount).contains(index), "a trace of this workload")
        var records: [SpanRecord] = []
        plan(trace: index, into: &records)
        let spans = records.map { record in
            let name = model.name(ofType: record.type)
            return SpanTruth(
                id: record.id, parentID: record.parentID, service: name.service, operation: name.operation,
                kind: name.kind, start: record.start, duration: record.duration, isError: record.isError)
        }
        let head = records[0].head
        let text = Self.text(byteCountMax: 36) { $0.uuid(head.requestHigh, head.requestLow) }
        return TraceTruth(
            index: index, traceHigh: head.traceHigh, traceLow: head.traceLow,
            requestID: String(decoding: text, as: UTF8.self), spans: spans)
    }

    /// A trace's spans as Zipkin's JSON has them, in one array.
    public func json(ofTrace index: Int) -> [UInt8] {
        var records: [SpanRecord] = []
        plan(trace: index, into: &records)
        return Self.text(byteCountMax: records.count * Self.spanByteCountMax) { cursor in
            for (position, record) in records.enumerated() {
                cursor.byte(UInt8(ascii: position == 0 ? "[" : ","))
                model.writeJSON(record, to: &cursor)
            }
            cursor.byte(UInt8(ascii: "]"))
        }
    }

    static func text(byteCountMax: Int, _ write: (inout ByteCursor) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCountMax) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            var cursor = ByteCursor(base)
            write(&cursor)
            count = cursor.position - base
        }
    }
}
