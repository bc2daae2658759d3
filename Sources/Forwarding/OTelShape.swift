internal import Bytes
internal import TraceModel
internal import WireFormats

/// Spans with what is known of their trace's root, and the calls between services that they tell of, as Data Prepper
/// writes them.
///
/// What is told is what one segment has of a trace.
final class OTelSpanDocuments: SpanDocuments {
    private let naming: IndexNaming
    private var spans: OTelDocumentEncoder
    /// Hashes of calls that the cluster has.
    private var told: Set<UInt64> = []

    // Of the trace at hand.
    private var batch: SpanBatch?
    private var traceID: TraceID?
    private var root: SpanView?
    private var rows: [UInt64: Int] = [:]
    private var findRoot: (TraceID) throws -> SpanView? = { _ in nil }

    /// Calls that are remembered; told again beyond it, to no effect.
    private static let toldCountMax = 20_000
    /// Spans of a trace among which callers are looked for.
    private static let rowCountMax = 100_000

    init(_ naming: IndexNaming, _ filter: AttributeFilter) {
        self.naming = naming
        spans = OTelDocumentEncoder(naming: naming, filter: filter)
    }

    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?) {
        self.batch = batch
        findRoot = root
        traceID = nil
    }

    func append(
        _ rows: inout WantedRows, of batch: SpanBatch, to body: inout BulkBody, _ limits: BodyLimits
    ) throws {
        while !limits.isReached(by: body), let row = rows.next() {
            try append(SpanView(batch: batch, row: row), to: &body)
        }
    }

    private func append(_ span: SpanView, to body: inout BulkBody) throws {
        if span.traceID != traceID { try enterTrace(of: span) }
        spans.append(span, root: root, to: &body)
        appendCall(of: span, to: &body)
    }

    func reset() { told.removeAll() }

    /// Spans of a trace stand one behind the other; only at the ends of a batch parts of it may be elsewhere.
    private func enterTrace(of span: SpanView) throws {
        let batch = span.batch
        traceID = span.traceID
        root = nil
        rows.removeAll(keepingCapacity: true)
        func isOwn(_ row: Int) -> Bool {
            batch.traceIDLowColumn[row] == span.traceID.low && batch.traceIDHighColumn[row] == span.traceID.high
        }
        var first = span.row
        while first > 0, isOwn(first - 1) { first -= 1 }
        var end = first
        while end < batch.spanCount, isOwn(end) {
            let own = SpanView(batch: batch, row: end)
            if root == nil, own.parentID == nil { root = own }
            // Where two spans share an ID the first is the caller's.
            if rows.count < Self.rowCountMax, rows[own.spanID.value] == nil { rows[own.spanID.value] = end }
            end += 1
        }
        if root == nil, first == 0 || end == batch.spanCount { root = try findRoot(span.traceID) }
    }

    /// Tells of the call that the span answers, if the segment has the caller too.
    private func appendCall(of span: SpanView, to body: inout BulkBody) {
        guard let root, let caller = caller(of: span), !span.serviceName.isEmpty, !caller.serviceName.isEmpty,
            !span.serviceName.elementsEqual(caller.serviceName)
        else { return }
        var hash = UInt64(caller.traits.kind.rawValue) << 8 | UInt64(span.traits.kind.rawValue)
        hash = Self.hash(caller.serviceName, hash)
        hash = Self.hash(span.serviceName, hash)
        hash = Self.hash(span.operationName, hash)
        hash = Self.hash(root.operationName, hash)
        if told.count >= Self.toldCountMax { told.removeAll() }
        guard told.insert(hash).inserted else { return }
        OTelServiceMapCall(
            caller: String(decoding: caller.serviceName, as: UTF8.self), callerKind: caller.traits.kind,
            callee: String(decoding: span.serviceName, as: UTF8.self), calleeKind: span.traits.kind,
            operation: String(decoding: span.operationName, as: UTF8.self),
            traceGroup: String(decoding: root.operationName, as: UTF8.self)
        ).append(naming, to: &body)
    }

    private static func hash(_ text: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        text.baseAddress.map { ByteHash.hash($0, text.count, seed: seed) } ?? ByteHash.fold(seed, ByteHash.seed)
    }

    private func caller(of span: SpanView) -> SpanView? {
        if let row = rows[span.spanID.value], row != span.row { return SpanView(batch: span.batch, row: row) }
        return span.parentID.flatMap { rows[$0.value] }.map { SpanView(batch: span.batch, row: $0) }
    }
}
