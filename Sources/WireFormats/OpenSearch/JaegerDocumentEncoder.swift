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

    private let naming: IndexNaming
    private var text: JaegerDocumentText
    /// The first line up to the ID, of the period that came last.
    private var action = DocumentWriter()
    private var actionCount = 0
    private var period: Int64 = -1

    public init(_ options: JaegerDocumentOptions = JaegerDocumentOptions()) {
        naming = options.naming
        text = JaegerDocumentText(options)
    }

    /// Adds a span's document. The body is to be finished before it is read.
    public mutating func append(_ span: SpanView, to body: inout BulkBody) {
        append(span.row, of: span.batch, to: &body)
    }

    /// Adds the document of a batch's span.
    public mutating func append(_ row: Int, of batch: SpanBatch, to body: inout BulkBody) {
        beginAction(at: max(batch.startColumn[row], 0))
        action.writeHex(batch.traceIDHighColumn[row])
        action.writeHex(batch.traceIDLowColumn[row])
        action.write(UInt8(ascii: "_"))
        action.writeHex(batch.pointers.spanIDs[row])
        action.write(UInt8(ascii: "_"))
        body.append(action: action.bytes) { document in
            let first = document.count
            let hash = text.write(batch, row, to: &document)
            return HashedPart(byteCount: document.count - first, hash: hash)
        }
    }

    private mutating func beginAction(at time: Int64) {
        let period = naming.period(of: time)
        guard period != self.period else { return action.truncate(to: actionCount) }
        self.period = period
        action.removeAll()
        action.write("{\"index\":{\"_index\":")
        action.writeString(naming.writeTarget(Self.base, at: time))
        action.write(",\"_id\":\"")
        actionCount = action.count
    }
}
