internal import Bytes
public import TraceModel

/// Documents that say which operations of which services there are: one for each pair and index, and again after some
/// hours, for whatever became of the first.
///
/// Bounded: it remembers 100,000 pairs at most, and writes again what it forgot, which does no harm: the ID is made of
/// the pair.
public struct JaegerServiceDocuments: ~Copyable {
    static let base = "jaeger-service"

    private let naming: IndexNaming
    /// By the index and the pair's hash, which is the document's ID too: when it was written.
    private var written: [Key: Int64] = [:]

    // Of the batch at hand.
    private var batch: SpanBatch?
    /// By shape: the index that a pair was last written to, +1.
    private var periods = ColumnBuffer<Int64>(capacity: 64)

    private struct Key: Hashable {
        let period: Int64
        let hash: UInt64
    }

    private static let pairCountMax = 100_000
    /// Nanoseconds for which a pair is not written again.
    private static let age: Int64 = 12 * 3_600_000_000_000

    public init(naming: IndexNaming = IndexNaming()) { self.naming = naming }

    /// Adds the document of a span's service and operation, if it was not written lately.
    /// - Parameter now: nanoseconds since 1970.
    public mutating func append(_ span: SpanView, now: Int64, to body: inout BulkBody) {
        append(span.row, of: span.batch, now: now, to: &body)
    }

    /// The same for a batch's span.
    public mutating func append(_ row: Int, of batch: SpanBatch, now: Int64, to body: inout BulkBody) {
        if self.batch !== batch {
            self.batch = batch
            periods.removeAll(keepingCapacityUpTo: 1 << 16)
            periods.append(repeating: 0, count: batch.shapeCount)
        }
        let start = max(batch.startColumn[row], 0)
        let period = naming.period(of: start)
        let shape = Int(batch.shapeColumn[row])
        if periods[shape] == period + 1 { return }
        periods[shape] = period + 1
        write(SpanView(batch: batch, row: row), start: start, period: period, now: now, to: &body)
    }

    /// Forgets what was written: the documents may not have come to be.
    public mutating func removeAll() {
        written.removeAll()
        batch = nil
    }

    private mutating func write(
        _ span: SpanView, start: Int64, period: Int64, now: Int64, to body: inout BulkBody
    ) {
        let serviceName = Self.serviceName(of: span)
        let hash = FNV1a.hash(span.operationName, FNV1a.hash(serviceName))
        let key = Key(period: period, hash: hash)
        if let time = written[key], now - time < Self.age, now >= time { return }
        if written.count >= Self.pairCountMax {
            written = written.filter { now - $0.value < Self.age }
            if written.count >= Self.pairCountMax { written.removeAll() }
        }
        written[key] = now
        var document = DocumentWriter()
        document.write("{\"serviceName\":")
        document.writeString(serviceName)
        document.write(",\"operationName\":")
        document.writeString(span.operationName)
        document.write("}")
        body.append(
            index: naming.writeTarget(Self.base, at: start), id: String(hash, radix: 16), source: document.bytes)
    }

    /// As it stands in the span's own document.
    private static func serviceName(of span: SpanView) -> UnsafeRawBufferPointer {
        let name = span.serviceName
        guard name.count == 0 else { return name }
        if case .map(let bytes) = span.value(of: .resource), let resource = try? ResourceView(bytes),
            resource.attributes.body.count > 0
        {
            return name
        }
        return JaegerDocumentText.namelessService.rawBytes
    }
}
