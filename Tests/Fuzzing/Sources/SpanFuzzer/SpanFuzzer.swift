internal import Compression
internal import TraceModel
internal import WireFormats

/// Runs one target over inputs, and stops at the first that breaks what must hold for each.
final class SpanFuzzer {
    private let target: FuzzTarget
    /// Small, so that short inputs reach them.
    private let limits = SpanLimits(spanCountMax: 16, attributeCountMax: 12, valueByteCountMax: 48)
    private var builder = SpanBatchBuilder()
    private let inflater = Inflater()
    private var unpacked: [UInt8] = []
    private let encoders = EncoderCheck()
    private let queries = QueryCheck()

    init(_ target: FuzzTarget) { self.target = target }

    func run(_ bytes: UnsafeRawBufferPointer) {
        switch target {
        case .batchImage: runImage(bytes)
        case .gzip: runInflater(bytes)
        case .traceQL: queries.run(bytes)
        default:
            // One way for each input, for speed; the fuzzer makes neighbours of any length.
            decode(bytes, OTLPOptions(keepsSkeinFacts: target.knowsFacts && bytes.count % 2 == 0))
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, _ options: OTLPOptions) {
        builder.removeAll()
        let outcome: DecodeOutcome
        do throws(DecodeError) {
            outcome = try target.decode(bytes, limits: limits, options: options, into: &builder)
        } catch {
            check(0...bytes.count ~= error.offset, "an error at byte \(error.offset) of \(bytes.count): \(error)")
            check(!error.message.isEmpty, "an error without a reason")
            return
        }
        check(outcome.acceptedCount == builder.spanCount, "\(outcome) of \(builder.spanCount) spans")
        check(builder.spanCount <= limits.spanCountMax, "\(builder.spanCount) spans are more than allowed")
        check((outcome.rejectedCount > 0) == (outcome.firstRejection != nil), "\(outcome) tells no reason")
        check(target.knowsFacts || outcome.rejectedCount == 0, "\(outcome) of a format without partial success")
        let batch = builder.makeBatch()
        check(batch.spanCount == outcome.acceptedCount, "\(batch.spanCount) of \(outcome.acceptedCount) spans made")
        checkImage(of: batch)
        var walk = BatchWalk(limits: limits)
        do {
            try walk.walk(batch)
        } catch {
            stop("a structured value cannot be read: \(error)")
        }
        encoders.checkDecoded(batch, from: target, hasOddNumbers: walk.hasOddNumbers)
    }

    /// The image is accepted, and says the same.
    private func checkImage(of batch: SpanBatch) {
        do {
            let copy = try batch.withBytes { image throws(SpanBatchError) in try SpanBatch(copying: image) }
            checkEqual(batch, copy, "the batch's image")
        } catch {
            stop("the image of a batch is refused: \(error)")
        }
    }

    private func runImage(_ bytes: UnsafeRawBufferPointer) {
        let batch: SpanBatch
        do throws(SpanBatchError) {
            batch = try SpanBatch(copying: bytes)
        } catch {
            check(!error.message.isEmpty, "an error without a reason")
            return
        }
        batch.withBytes { image in check(image.elementsEqual(bytes), "an image was changed") }
        // Rows may share values and shapes, so a small image can stand for a huge text.
        var walk = BatchWalk(limits: nil)
        try? walk.walk(batch)
        if walk.byteCount < 1 << 16 { encoders.runAll(batch) }
    }

    private func runInflater(_ bytes: UnsafeRawBufferPointer) {
        let before: [UInt8] = [1, 2, 3]
        let byteCountMax = 4_096
        unpacked.removeAll(keepingCapacity: true)
        unpacked.append(contentsOf: before)
        do throws(InflateError) {
            try inflater.unpack(bytes, onto: &unpacked, byteCountMax: byteCountMax)
            check(unpacked.count <= before.count + byteCountMax, "\(unpacked.count) bytes are more than allowed")
        } catch {
            check(unpacked.count == before.count, "a refused body left bytes behind: \(error)")
        }
        check(unpacked.prefix(before.count).elementsEqual(before), "the bytes before were changed")
    }
}

/// Both batches have the same spans in the same order.
func checkEqual(_ batch: SpanBatch, _ other: SpanBatch, _ what: @autoclosure () -> String) {
    check(batch.spanCount == other.spanCount, "\(what()): \(other.spanCount) of \(batch.spanCount) spans")
    for (span, copy) in zip(batch.spans, other.spans) where !span.hasEqualContent(to: copy) {
        stop("\(what()): span \(span.row) became another one\n\(text(of: span))\n\(text(of: copy))")
    }
}

/// For the report of a finding.
private func text(of span: SpanView) -> String {
    func text(_ value: SpanValue) -> String {
        switch value {
        case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        case .bytes(let bytes), .array(let bytes), .map(let bytes): "\(Array(bytes))"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number) \(number.bitPattern)"
        case .none: "none"
        }
    }
    var line = "\(span.traceID) \(span.spanID) \(span.parentID.map(\.description) ?? "-")"
    line += " \(span.start.map(\.description) ?? "-") \(span.duration.map(\.description) ?? "-")"
    line += " \(text(.string(span.serviceName))) \(text(.string(span.operationName))) traits \(span.traits.rawValue)"
    span.forEachValue { column, value in
        let key = column.hasKeyString ? text(.string(span.batch.string(column.key))) : "\(column.key)"
        line += "\n    \(column.role) \(key) \(column.type) \(text(value))"
    }
    return line
}
