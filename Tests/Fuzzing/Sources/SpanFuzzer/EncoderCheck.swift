internal import Bytes
internal import TraceModel
internal import WireFormats

/// Writes batches in every format, and reads some of it again.
final class EncoderCheck {
    private var writer = ByteWriter()
    private var builder = SpanBatchBuilder()
    /// What was accepted once is not to be refused for its size.
    private let limits = SpanLimits()

    /// A batch that may say anything: only that it can be written.
    func runAll(_ batch: SpanBatch) {
        writer.removeAll()
        ZipkinJSONEncoder.appendList(batch.spans, to: &writer)
        appendJaeger(batch)
        _ = documents(batch)
        for keepsFacts in [false, true] {
            let options = OTLPOptions(keepsSkeinFacts: keepsFacts)
            OTLPProtobufEncoder.append(batch.spans, options: options, to: &writer)
            OTLPJSONEncoder.append(batch.spans, options: options, to: &writer)
        }
    }

    /// A batch that a decoder made: what is written keeps the rules of its format, and OTLP gives everything back.
    func checkDecoded(_ batch: SpanBatch, from target: FuzzTarget, hasOddNumbers: Bool) {
        writer.removeAll()
        ZipkinJSONEncoder.appendList(batch.spans, to: &writer)
        checkJSON("Zipkin's JSON")
        checkZipkinIsStable(isZipkins: target.isZipkins)
        writer.removeAll()
        writer.write("[")
        appendJaeger(batch)
        writer.write("]")
        checkJSON("Jaeger's JSON")
        checkDocuments(batch)
        for keepsFacts in [false, true] {
            let options = OTLPOptions(keepsSkeinFacts: keepsFacts)
            writer.removeAll()
            OTLPProtobufEncoder.append(batch.spans, options: options, to: &writer)
            let protobuf = decodedAgain(.otlpProtobuf, options)
            writer.removeAll()
            OTLPJSONEncoder.append(batch.spans, options: options, to: &writer)
            checkJSON("OTLP's JSON")
            let json = decodedAgain(.otlpJSON, options)
            check(json.spanCount == protobuf.spanCount, "\(json.spanCount) of \(protobuf.spanCount) spans in OTLP/JSON")
            guard keepsFacts else { continue }
            checkEqual(batch, protobuf, "OTLP protobuf and back")
            // The bits of what is no number have no place in JSON.
            if !hasOddNumbers { checkEqual(batch, json, "OTLP/JSON and back") }
        }
    }

    /// Zipkin's JSON cannot say all, but what it says it says again.
    private func checkZipkinIsStable(isZipkins: Bool) {
        // Other models' names have upper case until Zipkin's decoder has read them.
        if !isZipkins { writeZipkinAgain() }
        let text = writer.bytes
        writeZipkinAgain()
        if text == writer.bytes { return }
        let texts = [text, writer.bytes].map { String(decoding: $0, as: UTF8.self) }
        stop("Zipkin's JSON became another\n\(texts[0])\n\(texts[1])")
    }

    private func writeZipkinAgain() {
        let back = decodedAgain(.zipkinJSON, OTLPOptions())
        writer.removeAll()
        ZipkinJSONEncoder.appendList(back.spans, to: &writer)
    }

    /// One trace for each run of spans that share a trace ID.
    private func appendJaeger(_ batch: SpanBatch) {
        var spans = Array(batch.spans)[...]
        var isFirst = true
        while let first = spans.first {
            let trace = Array(spans.prefix { $0.traceID == first.traceID })
            spans.removeFirst(trace.count)
            for isRaw in [false, true] {
                if !isFirst { writer.write(",") }
                isFirst = false
                JaegerJSONEncoder.append(Trace(traceID: first.traceID, spans: trace), isRaw: isRaw, to: &writer)
            }
        }
    }

    /// Of every span one document in each shape.
    private func documents(_ batch: SpanBatch) -> BulkBody {
        var options = JaegerDocumentOptions()
        options.fieldAttributes = .all
        var body = BulkBody()
        var lists = JaegerDocumentEncoder()
        var fields = JaegerDocumentEncoder(options)
        var otel = OTelDocumentEncoder()
        for span in batch.spans {
            lists.append(span, to: &body)
            fields.append(span, to: &body)
            otel.append(span, to: &body)
        }
        body.finish()
        return body
    }

    /// Each line is JSON.
    private func checkDocuments(_ batch: SpanBatch) {
        let body = documents(batch)
        let bytes = body.bytes
        for number in 0..<body.documentCount {
            for range in [body.lines(ofDocument: number), body.source(ofDocument: number)] {
                let line = Array(bytes[range.lowerBound..<min(range.upperBound, bytes.count)])
                let end = line.firstIndex(of: UInt8(ascii: "\n")) ?? line.count
                writer.removeAll()
                writer.write(Array(line[..<end]))
                checkJSON("a document")
            }
        }
    }

    private func checkJSON(_ what: String) {
        var reader = JSONGrammar(writer.bytes)
        if reader.isOneValue() { return }
        stop("\(what) is none at byte \(reader.place): \(String(decoding: writer.bytes, as: UTF8.self))")
    }

    private func decodedAgain(_ target: FuzzTarget, _ options: OTLPOptions) -> SpanBatch {
        builder.removeAll()
        let result = writer.bytes.withUnsafeBytes { bytes -> Result<DecodeOutcome, DecodeError> in
            do throws(DecodeError) {
                return .success(try target.decode(bytes, limits: limits, options: options, into: &builder))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let outcome):
            check(outcome.rejectedCount == 0, "written as \(target.rawValue), spans are refused: \(outcome)")
        case .failure(let error): stop("what was written as \(target.rawValue) is refused: \(error)")
        }
        return builder.makeBatch()
    }
}
