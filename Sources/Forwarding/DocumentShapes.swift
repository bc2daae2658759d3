internal import Logging
internal import OpenSearch
internal import Topology
internal import TraceModel
internal import WireFormats

/// The documents of spans, in the shape that a destination is to have them in.
protocol SpanDocuments: AnyObject {
    /// Takes the batch whose spans come next.
    /// - Parameter root: finds the root of a trace in the segment.
    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?)

    func append(_ span: SpanView, to body: inout BulkBody) throws
}

/// The documents of calls between services.
protocol CallDocumentShape {
    /// - Parameter start: of the interval, nanoseconds since 1970.
    func append(_ links: [DependencyLink], start: Int64, to body: inout BulkBody)
}

enum DocumentShapes {
    /// - Parameter hashKey: of hidden attributes, 16 bytes.
    static func documents(_ options: ForwardingOptions, hashKey: [UInt8]) -> any SpanDocuments {
        let filter = AttributeFilter(
            droppedKeys: options.filter.droppedAttributes, hashedKeys: options.filter.hashedAttributes,
            hashKey: hashKey)
        return JaegerSpanDocuments(options.index, filter)
    }

    /// Makes the cluster ready for the documents. Blocks.
    static func prepare(_ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger) throws(OpenSearchError) {
        let installer = try TemplateInstaller(client: client, logger: logger)
        _ = installer
    }

    static func calls(_ options: ForwardingOptions, storeID: String) -> any CallDocumentShape {
        JaegerCallDocuments(naming: options.index.naming, storeID: storeID)
    }
}

extension IndexOptions {
    fileprivate var naming: IndexNaming {
        let rotation: IndexNaming.Rotation =
            switch rotation {
            case .daily: .daily
            case .hourly: .hourly
            case .rollover: .rollover
            }
        return IndexNaming(prefix: prefix, rotation: rotation)
    }
}

// MARK: Jaeger

private final class JaegerSpanDocuments: SpanDocuments {
    private var spans: JaegerDocumentEncoder

    init(_ index: IndexOptions, _ filter: AttributeFilter) {
        var options = JaegerDocumentOptions()
        options.naming = index.naming
        options.fieldAttributes = index.fieldAttributes.contains("*") ? .all : .keys(index.fieldAttributes)
        options.filter = filter
        spans = JaegerDocumentEncoder(options)
    }

    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?) {}

    func append(_ span: SpanView, to body: inout BulkBody) { spans.append(span, to: &body) }
}

private struct JaegerCallDocuments: CallDocumentShape {
    let naming: IndexNaming
    let storeID: String

    func append(_ links: [DependencyLink], start: Int64, to body: inout BulkBody) {}
}
