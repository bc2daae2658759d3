internal import Bytes
public import TraceModel

/// Writes spans as the documents that Data Prepper writes for trace analytics in OpenSearch Dashboards, with `@` for
/// the dots of attributes' keys.
///
/// A document's ID is made of the span's IDs and a hash of what the document says of the span itself, not of its
/// trace: that may be known only later, and then replaces the document. (Data Prepper's own IDs are those of the
/// spans, which two spans may share.) A structured attribute is a text of JSON, bytes are base64, and the attributes
/// of events and links are texts, so that no two documents contradict each other in their types.
public struct OTelDocumentEncoder: ~Copyable {
    public static let base = "otel-v1-apm-span"

    private var text: OTelDocumentText
    private var action: SpanAction

    /// - Parameter naming: where the cluster turns the indices, documents go to the alias `otel-v1-apm-span`.
    public init(naming: IndexNaming = IndexNaming(), filter: AttributeFilter = AttributeFilter()) {
        text = OTelDocumentText(filter)
        action = SpanAction(naming) { naming.aliasOrWriteTarget(Self.base, at: $0) }
    }

    /// Adds a span's document. The body is to be finished before it is read.
    /// - Parameter root: the root span of its trace, if it is known; a span without a parent is its own.
    public mutating func append(_ span: SpanView, root: SpanView? = nil, to body: inout BulkBody) {
        action.begin(span.row, of: span.batch)
        body.append(action: action.bytes) { document in
            let first = document.count
            text.write(span, to: &document)
            let hashedCount = document.count - first
            text.write(root: root ?? (span.parentID == nil ? span : nil), to: &document)
            return HashedPart(byteCount: hashedCount, hash: nil)
        }
    }
}

/// One call between services, told to the service map of OpenSearch Dashboards.
///
/// Two documents say it: that the caller has a destination, and that the callee is the target. Their IDs are hashes of
/// what they say, as Data Prepper makes them, so that a call told again changes nothing.
public struct OTelServiceMapCall: Sendable, Equatable {
    public static let base = "otel-v1-apm-service-map"

    public var caller: String
    public var callerKind: SpanKind
    public var callee: String
    public var calleeKind: SpanKind
    /// The callee's operation.
    public var operation: String
    /// The operation of the trace's root.
    public var traceGroup: String

    public init(
        caller: String, callerKind: SpanKind = .client, callee: String, calleeKind: SpanKind = .server,
        operation: String, traceGroup: String
    ) {
        self.caller = caller
        self.callerKind = callerKind
        self.callee = callee
        self.calleeKind = calleeKind
        self.operation = operation
        self.traceGroup = traceGroup
    }

    /// Adds both documents.
    public func append(_ naming: IndexNaming, to body: inout BulkBody) {
        append(service: caller, callerKind, isTarget: false, naming, to: &body)
        append(service: callee, calleeKind, isTarget: true, naming, to: &body)
    }

    private func append(
        service: String, _ kind: SpanKind, isTarget: Bool, _ naming: IndexNaming, to body: inout BulkBody
    ) {
        let end = "\(operation),\(callee)"
        let kind = OTelDocumentText.kindName(kind)
        let words = "\(service),\(kind),\(traceGroup),\(isTarget ? end + "," : "," + end)"
        var id = ByteWriter()
        MD5.hash(Array(words.utf8)).withUnsafeBytes { id.writeBase64($0) }
        var document = DocumentWriter()
        document.write("{\"serviceName\":")
        document.writeString(service)
        document.write(",\"kind\":\"")
        document.write(kind)
        document.write(isTarget ? "\",\"destination\":null,\"target\":" : "\",\"destination\":")
        document.write("{\"resource\":")
        document.writeString(operation)
        document.write(",\"domain\":")
        document.writeString(callee)
        document.write(isTarget ? "}" : "},\"target\":null")
        document.write(",\"traceGroupName\":")
        document.writeString(traceGroup)
        let hashID = String(decoding: id.bytes, as: UTF8.self)
        document.write(",\"hashId\":")
        document.writeString(hashID)
        document.write("}")
        body.append(index: naming.name(of: Self.base), id: hashID, source: document.bytes)
    }
}
