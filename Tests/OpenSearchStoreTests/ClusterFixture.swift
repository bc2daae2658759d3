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
    let server: OsmemServer
    let client: OpenSearchClient
    let naming: IndexNaming
    let store: OpenSearchTraceStore

    private static let count = Atomic<Int>(0)
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init(rotation: IndexNaming.Rotation = .daily, spanAgeMax: Duration = .seconds(72 * 3600)) throws {
        server = try OsmemServer.shared()
        client = try OpenSearchClient(OpenSearchOptions(urls: [server.url]), logger: Self.logger)
        let number = Self.count.add(1, ordering: .relaxed).newValue
        naming = IndexNaming(prefix: "store-\(number)", rotation: rotation)
        var options = OpenSearchTraceStore.Options(naming: naming)
        options.spanAgeMax = spanAgeMax
        store = OpenSearchTraceStore(client, options)
        try put("/_template/\(naming.name(of: "jaeger-span"))", Self.template(naming.name(of: "jaeger-span")))
        try put("/_template/\(naming.name(of: "jaeger-service"))", Self.serviceTemplate(naming.name(of: "jaeger-service")))
    }

    deinit { client.shutDown() }

    func put(_ path: String, _ body: String) throws {
        _ = try client.perform(OpenSearchRequest("PUT", path, body: Array(body.utf8)))
    }

    /// Writes spans as documents, and makes them visible.
    func write(_ batch: SpanBatch) throws {
        var options = JaegerDocumentOptions()
        options.naming = naming
        var encoder = JaegerDocumentEncoder(options)
        var services = JaegerServiceDocuments(naming)
        var body = BulkBody()
        for span in batch.spans {
            encoder.append(span, to: &body)
            services.append(span, to: &body)
        }
        body.finish()
        try write(body)
    }

    func write(_ body: BulkBody) throws {
        let request = OpenSearchRequest("POST", "/_bulk", body: body.bytes)
        let answer = try client.perform(request)
        let text = String(decoding: answer.body, as: UTF8.self)
        guard text.contains("\"errors\":false") else { throw TestSupportError(text) }
        try server.refresh()
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

    // MARK: Templates

    private static let list =
        #"{"type":"nested","dynamic":"false","properties":{"key":{"type":"keyword","ignore_above":256},"#
        + #""value":{"type":"keyword","ignore_above":256},"type":{"type":"keyword","ignore_above":256}}}"#
    private static let keyword = #"{"type":"keyword","ignore_above":256}"#

    private static func template(_ name: String) -> String {
        """
        {"index_patterns":"\(name)-*","mappings":{"dynamic_templates":[
          {"span_tags":{"mapping":\(keyword),"path_match":"tag.*"}},
          {"process_tags":{"mapping":\(keyword),"path_match":"process.tag.*"}}],
         "properties":{"traceID":\(keyword),"parentSpanID":\(keyword),"spanID":\(keyword),"operationName":\(keyword),
          "startTime":{"type":"long"},"startTimeMillis":{"type":"date","format":"epoch_millis"},
          "duration":{"type":"long"},"flags":{"type":"integer"},
          "logs":{"type":"nested","dynamic":"false","properties":{"timestamp":{"type":"long"},"fields":\(list)}},
          "process":{"properties":{"serviceName":\(keyword),"tag":{"type":"object"},"tags":\(list)}},
          "references":{"type":"nested","dynamic":"false","properties":{"refType":\(keyword),"traceID":\(keyword),
           "spanID":\(keyword)}},
          "tag":{"type":"object"},"tags":\(list)}}}
        """
    }

    private static func serviceTemplate(_ name: String) -> String {
        """
        {"index_patterns":"\(name)-*","mappings":{"properties":{
          "serviceName":\(keyword),"operationName":\(keyword)}}}
        """
    }
}
