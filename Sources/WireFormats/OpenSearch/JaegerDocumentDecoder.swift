public import TraceModel

/// One answer to a search for spans.
public struct SearchPage: Sendable, Equatable {
    /// Spans that were read.
    public internal(set) var spanCount = 0
    /// Documents that are no spans: without IDs, or with something else in their places.
    public internal(set) var unreadableCount = 0
    public internal(set) var summary = SearchSummary()

    /// What other decoders tell.
    public var outcome: DecodeOutcome { DecodeOutcome(acceptedCount: spanCount) }

    public var lastSort: String? { summary.lastSort }
    public var shardFailures: [String] { summary.shardFailures }
    public var isTimedOut: Bool { summary.isTimedOut }
}

/// Reads Jaeger's documents of spans, as a search gives them: what this program wrote, or Jaeger of any version.
///
/// The spans are those that Jaeger's receiver would make of the same spans: status, kind, scope and trace state come
/// back from their tags. A tag is sought in the lists and in the fields; those that were fields stand behind the
/// others, by their names. IDs may be shorter than they should, a parent may stand among the references alone, and
/// what is missing is absent. Of times before 1970 there is none.
public struct JaegerDocumentDecoder {
    /// Reads one answer.
    /// - Throws: for a text that is no answer, and for more spans or attributes than the limits allow. The builder
    ///   may hold spans of the answer then, and is to be emptied.
    public static func decodeSpans(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> SearchPage {
        try JaegerSpanStage.checkSize(bytes, builder)
        var spans = JaegerDocumentReader(bytes, limits)
        var answer = SearchAnswerReader(bytes)
        let page = try spans.readPage(&answer, into: &builder)
        try answer.expectEnd()
        return page
    }
}
