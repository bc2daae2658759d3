/// One trace of many spans, as a mesh reports them: a root, and under it what other traces have under theirs.
public struct LongTrace: Sendable {
    private let workload: Workload
    /// At least so many spans.
    public let spanCount: Int

    private static let spansPerPost = 512

    /// Takes the traces of a mesh from the first on, as many as it needs.
    public init(_ workload: Workload, spanCount: Int) {
        precondition(workload.spanCount >= spanCount * 2, "a workload with enough traces")
        self.workload = workload
        self.spanCount = spanCount
    }

    /// 32 lower-case hex digits.
    public var traceID: String { workload.truth(ofTrace: 0).traceID }

    /// Gives every post, as Zipkin's JSON; exactly `spanCount` spans in all.
    public func forEachPost(_ body: ([UInt8]) throws -> Void) rethrows {
        var (left, trace) = (spanCount, 0)
        var pending: [SpanRecord] = []
        var root: SpanRecord?
        while left > 0 {
            var records: [SpanRecord] = []
            workload.plan(trace: trace, into: &records)
            trace += 1
            if let root { records = Self.records(records, under: root) } else { root = records.first }
            records = Array(records.prefix(left))
            left -= records.count
            pending += records
            while pending.count >= Self.spansPerPost || (left == 0 && !pending.isEmpty) {
                try body(json(pending.prefix(Self.spansPerPost)))
                pending.removeFirst(min(Self.spansPerPost, pending.count))
            }
        }
    }

    /// Without the root of their own.
    private static func records(_ records: [SpanRecord], under root: SpanRecord) -> [SpanRecord] {
        let own = records.first?.id
        return records.dropFirst().map { record in
            var record = record
            (record.head.traceHigh, record.head.traceLow) = (root.head.traceHigh, root.head.traceLow)
            if record.parentID == own { record.parentID = root.id }
            return record
        }
    }

    private func json(_ records: ArraySlice<SpanRecord>) -> [UInt8] {
        Workload.text(byteCountMax: records.count * Workload.spanByteCountMax + 2) { cursor in
            for (position, record) in records.enumerated() {
                cursor.byte(UInt8(ascii: position == 0 ? "[" : ","))
                workload.model.writeJSON(record, to: &cursor)
            }
            cursor.byte(UInt8(ascii: "]"))
        }
    }
}
