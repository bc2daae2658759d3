public import TraceModel

/// Spans from a body of `POST /api/v1/spans` in JSON: a list of Zipkin v1 spans.
///
/// A span in which several services took part becomes one span for each of them; the server's half of a call has the
/// client's ID and says that it is shared.
public struct ZipkinV1JSONDecoder {
    /// Adds the spans of a body to `builder`; an empty body and an empty list have none.
    /// - Throws: `DecodeError` for the first span that is wrong, which rejects the body: `builder` then holds the spans
    ///   before it and perhaps a part of it, and is to be emptied.
    /// - Returns: the number of spans that were added, which may be more than were sent.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        try ZipkinSpanStage.checkSize(bytes, builder)
        var reader = ZipkinV1JSONReader(bytes, limits: limits)
        do throws(DecodeError) {
            return DecodeOutcome(acceptedCount: try reader.readList(into: &builder))
        } catch {
            throw ZipkinJSONVersion.one.refusal(of: bytes, for: error)
        }
    }
}
