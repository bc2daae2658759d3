import Bytes
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Traces written span by span, each of which is gone before the next one comes.
@Suite struct OutlineEncodingTests {
    /// Calls `body` with each span, in a batch that nobody else has.
    private func forEachSpan(of trace: Trace, _ body: (SpanView, Int) -> Void) throws {
        for (place, span) in trace.spans.enumerated() {
            let copy = try span.batch.withBytes { try SpanBatch(copying: $0) }
            body(SpanView(batch: copy, row: span.row), place)
        }
    }

    private func traces(seed: UInt64) -> [Trace] {
        var generator = SpanGenerator(seed: seed)
        let batch = generator.batch(spanCount: 150)
        var byTrace: [TraceID: [SpanView]] = [:]
        for span in batch.spans { byTrace[span.traceID, default: []].append(span) }
        return byTrace.map { Trace(traceID: $0.key, spans: $0.value) }
    }

    @Test(arguments: [UInt64](1...4))
    func `span by span the answer is the same as at once`(seed: UInt64) throws {
        for trace in traces(seed: seed) {
            for isRaw in [false, true] {
                let outline = TraceOutline(trace)
                var whole = ByteWriter()
                JaegerJSONEncoder.append(trace, isRaw: isRaw, to: &whole)
                var pieces = ByteWriter()
                var jaeger = JaegerJSONEncoder(outline, isRaw: isRaw)
                jaeger.begin(&pieces)
                try forEachSpan(of: trace) { jaeger.append($0, $1, &pieces) }
                jaeger.end(&pieces)
                #expect(whole.bytes == pieces.bytes, "Jaeger JSON, seed \(seed)")

                whole = ByteWriter()
                pieces = ByteWriter()
                var json = OTLPJSONEncoder(trace, isRaw: isRaw)
                for place in trace.spans.indices { json.append(place, &whole) }
                json.end(&whole)
                json = OTLPJSONEncoder(outline, isRaw: isRaw)
                try forEachSpan(of: trace) { json.append($0, $1, &pieces) }
                json.end(&pieces)
                #expect(whole.bytes == pieces.bytes, "OTLP/JSON, seed \(seed)")

                try expectSameMessages(trace, outline, isRaw: isRaw, seed: seed)
            }
        }
    }

    private func expectSameMessages(_ trace: Trace, _ outline: TraceOutline, isRaw: Bool, seed: UInt64) throws {
        var whole = ByteWriter()
        var pieces = ByteWriter()
        var one = JaegerProtobufEncoder(trace, isRaw: isRaw)
        one.appendChunk(trace.spans.indices, to: &whole)
        var jaeger = JaegerProtobufEncoder(outline, isRaw: isRaw)
        try forEachSpan(of: trace) { span, place in
            let count = jaeger.appendChunk([span], place: place, spanCountMax: 5, byteCountMax: 1, to: &pieces)
            #expect(count == 1)
        }
        #expect(whole.bytes == pieces.bytes, "Jaeger's protobuf, seed \(seed)")

        whole = ByteWriter()
        pieces = ByteWriter()
        var message = OTLPProtobufEncoder(trace, isRaw: isRaw)
        for place in trace.spans.indices { message.append(place..<place + 1, to: &whole) }
        var some = OTLPProtobufEncoder(outline, isRaw: isRaw)
        try forEachSpan(of: trace) { span, place in
            let count = some.append([span], place: place, spanCountMax: 5, byteCountMax: .max, to: &pieces)
            #expect(count == 1)
        }
        #expect(whole.bytes == pieces.bytes, "OTLP's protobuf, seed \(seed)")
    }
}
