internal import TraceModel

/// How much one body may bring, and how many spans of it have come: what the decoders of all formats share.
struct BodyAllowance {
    /// Of one span, and so few that strings for them are sure to fit.
    let attributeCountMax: Int
    private let spanCountMax: Int
    /// Strings of the batch up to which one more span, or one more event, is sure to fit.
    private let stringCountMax: Int
    /// Spans begun.
    private(set) var spanNumber = 0

    init(_ limits: SpanLimits) {
        spanCountMax = limits.spanCountMax
        attributeCountMax = min(limits.attributeCountMax, 1 << 20)
        stringCountMax = SpanBatchBuilder.stringCountMax - 2 * attributeCountMax - 64
    }

    /// - Parameters:
    ///   - growthMax: how many bytes of a batch one byte of the body makes at most.
    ///   - byteCountMax: of the batch, which addresses its bytes with 32 bits.
    static func checkSize(
        _ bytes: UnsafeRawBufferPointer, _ builder: borrowing SpanBatchBuilder, growthMax: Int,
        byteCountMax: Int = 1 << 32
    ) throws(DecodeError) {
        guard bytes.count < 1 << 29, builder.byteCount + growthMax * bytes.count < byteCountMax else {
            throw DecodeError(.tooLarge, "\(bytes.count) bytes are too many for one batch", offset: 0)
        }
    }

    func checkRoom(in builder: borrowing SpanBatchBuilder, at offset: Int) throws(DecodeError) {
        guard builder.stringCount < stringCountMax else {
            throw DecodeError(.tooLarge, "too many different strings for one batch", offset: offset)
        }
    }

    /// Whether one more span may come.
    func checkSpanCount(at offset: Int) throws(DecodeError) {
        guard spanNumber < spanCountMax else {
            throw DecodeError(.tooManySpans, "more than \(spanCountMax) spans", offset: offset)
        }
    }

    mutating func countSpan() { spanNumber += 1 }

    /// The error with its place in words.
    func located(_ error: DecodeError) -> DecodeError { Self.located(error, spanNumber: spanNumber) }

    /// The same where spans are counted otherwise.
    static func located(_ error: DecodeError, spanNumber: Int) -> DecodeError {
        if error.code == .otherFormat { return error }
        let span = spanNumber > 0 ? "span \(spanNumber), " : ""
        return DecodeError(error.code, "\(error.message) (\(span)byte \(error.offset))", offset: error.offset)
    }
}
