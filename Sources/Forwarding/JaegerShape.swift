internal import OpenSearch
internal import Threads
internal import Topology
internal import TraceModel
internal import WireFormats

/// Spans, and the services and operations that they tell of, as Jaeger writes them.
final class JaegerSpanDocuments: SpanDocuments {
    private var spans: JaegerDocumentEncoder
    private var services: JaegerServiceDocuments
    /// Nanoseconds since 1970, when the batch was taken up.
    private var now: Int64 = 0

    init(_ index: IndexOptions, _ filter: AttributeFilter) {
        spans = JaegerDocumentEncoder(JaegerDocumentOptions(index, filter))
        services = JaegerServiceDocuments(naming: index.naming)
    }

    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?) {
        now = SystemClock.nanosecondsSince1970()
    }

    func append(_ rows: inout WantedRows, of batch: SpanBatch, to body: inout BulkBody, _ limits: BodyLimits) {
        while !limits.isReached(by: body), let row = rows.next() {
            services.append(row, of: batch, now: now, to: &body)
            spans.append(row, of: batch, to: &body)
        }
    }

    func reset() { services.removeAll() }
}

/// The calls of an interval as Jaeger adds them up.
struct JaegerCallDocuments: CallDocumentShape {
    let naming: IndexNaming
    let storeID: String

    func append(_ links: [DependencyLink], start: Int64, to body: inout BulkBody) {
        let own = links.map { link in
            JaegerDependencyDocument.Link(
                parent: link.parent, child: link.child, callCount: Int64(link.callCount),
                errorCount: Int64(link.errorCount))
        }
        JaegerDependencyDocument(time: start, links: own)
            .append(id: "\(storeID)-\(start / 1_000_000_000)", naming, to: &body)
    }
}
