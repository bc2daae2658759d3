internal import Bytes
public import TraceModel

/// What documents of spans are called, and what of a span stands in them how.
public struct JaegerDocumentOptions: Sendable, Equatable {
    /// Which attributes are fields of `tag` and `process.tag` instead of elements of the lists.
    public enum FieldAttributes: Sendable, Equatable {
        /// Those that Jaeger always treats so, and these.
        case keys([String])
        case all
    }

    public var naming = IndexNaming()
    public var fieldAttributes = FieldAttributes.keys([])
    public var filter = AttributeFilter()

    public init() {}
}

/// Writes spans as the documents that Jaeger writes for them into Elasticsearch and OpenSearch, byte for byte.
///
/// What Jaeger keeps of a span is kept: times in microseconds, none before 1970, and no attributes of links and
/// scopes. Spans that came in another model than OTLP's are told as Jaeger's API tells them. It goes further than
/// Jaeger in three things: an attribute without a value has the empty text; numbers that JSON has no word for are
/// texts, where Jaeger loses the span; and counts of what a sender dropped are tags.
///
/// A document's ID is made of the span's IDs and the document's bytes, so that the same span has the same ID whatever
/// batch it comes from, and two that share their IDs are two.
public struct JaegerDocumentEncoder: ~Copyable {
    static let base = "jaeger-span"

    private var text: JaegerDocumentText
    private var action: SpanAction

    public init(_ options: JaegerDocumentOptions = JaegerDocumentOptions()) {
        let naming = options.naming
        text = JaegerDocumentText(options)
        action = SpanAction(naming) { naming.writeTarget(Self.base, at: $0) }
    }

    /// Adds a span's document. The body is to be finished before it is read.
    public mutating func append(_ span: SpanView, to body: inout BulkBody) {
        append(span.row, of: span.batch, to: &body)
    }

    /// Adds the document of a batch's span.
    public mutating func append(_ row: Int, of batch: SpanBatch, to body: inout BulkBody) {
        action.begin(row, of: batch)
        body.append(action: action.bytes) { document in
            let first = document.count
            let hash = text.write(batch, row, to: &document)
            return HashedPart(byteCount: document.count - first, hash: hash)
        }
    }
}
