import Logging
import OpenSearch
import OpenSearchStore
import Synchronization
import TestSupport
import TraceModel
import TraceStore
import WireFormats

/// A store over a cluster of another project, with indices of its own.
final class ClusterFixture: Sendable {
    let client: OpenSearchClient
    let naming: IndexNaming
    let store: OpenSearchTraceStore

    private static let count = Atomic<Int>(0)
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init(rotation: IndexNaming.Rotation = .daily, spanAgeMax: Duration = .seconds(72 * 3600)) throws {
        client = try OpenSearchClient(OpenSearchOptions(urls: [try SharedOsmem.url()]), logger: Self.logger)
        let number = Self.count.add(1, ordering: .relaxed).newValue
        naming = IndexNaming(prefix: "store-\(number)", rotation: rotation)
        var options = OpenSearchTraceStore.Options(naming: naming)
        options.spanAgeMax = spanAgeMax
        store = OpenSearchTraceStore(client, options)
        for base in ["jaeger-span", "jaeger-service"] {
            try SharedOsmem.installTemplate(base, name: naming.name(of: base))
        }
    }

    deinit { client.shutDown() }

    /// Writes spans as documents, and makes them visible.
    func write(_ batch: SpanBatch) throws {
        var options = JaegerDocumentOptions()
        options.naming = naming
        var encoder = JaegerDocumentEncoder(options)
        var services = JaegerServiceDocuments(naming: naming)
        var body = BulkBody()
        for span in batch.spans {
            encoder.append(span, to: &body)
            services.append(span, now: 0, to: &body)
        }
        body.finish()
        try write(body)
    }

    func write(_ body: BulkBody) throws {
        let request = OpenSearchRequest("POST", "/_bulk", body: body.bytes)
        let answer = try client.perform(request)
        let text = String(decoding: answer.body, as: UTF8.self)
        guard text.contains("\"errors\":false") else { throw TestSupportError(text) }
        try SharedOsmem.refresh()
    }

    func write(zipkin json: String) throws { try write(Self.batch(zipkin: json)) }

    static func batch(zipkin json: String) throws -> SpanBatch {
        var builder = SpanBatchBuilder()
        try Array(json.utf8).withUnsafeBytes { bytes in
            _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        return builder.makeBatch()
    }

    /// The traces' IDs in the order of the answer, and what is told at the end.
    func find(_ query: TraceQuery) throws -> (ids: [TraceID], outcome: TraceSearchOutcome) {
        var ids: [TraceID] = []
        let outcome = try store.find(query, QueryWork()) { ids.append($0.trace.traceID) }
        return (ids, outcome)
    }
}
