public import TraceModel

/// Spans from a body of `POST /api/v2/spans` in JSON: a list of Zipkin v2 spans.
///
/// Read as Zipkin reads it: nulls, unknown fields, addresses that are none and numbers in quotes are tolerated, names
/// are lower-cased, IDs padded. Half of a surrogate pair in an escape becomes U+FFFD; bytes that are not UTF-8 are
/// refused.
public struct ZipkinJSONDecoder {
    /// Adds the spans of a body to `builder`; an empty body and an empty list have none.
    /// - Throws: `DecodeError` for the first span that is wrong, which rejects the body: `builder` then holds the spans
    ///   before it and perhaps a part of it, and is to be emptied.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: SpanLimits, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> DecodeOutcome {
        // A batch addresses its bytes with 32 bits; each string of the body is shorter than its text.
        guard builder.byteCount + bytes.count < 1 << 31 else {
            throw DecodeError(.tooLarge, "\(bytes.count) bytes are too many for one batch", offset: 0)
        }
        var reader = ZipkinSpanReader(bytes, limits: limits)
        do throws(DecodeError) {
            return DecodeOutcome(acceptedCount: try reader.readList(into: &builder))
        } catch {
            throw ZipkinJSONVersion.two.refusal(of: bytes, for: error)
        }
    }
}
