import Bytes
import Foundation
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Random spans of every kind in every format: what is written is whole.
@Suite struct TranslationRandomTests {
    private func traces(_ seed: UInt64) -> [Trace] {
        var generator = SpanGenerator(seed: seed)
        let spans = Array(generator.batch(spanCount: 60).spans)
        return Dictionary(grouping: spans, by: \.traceID).map { Trace(traceID: $0.key, spans: $0.value) }
    }

    private func checkJSON(_ text: String, _ note: String) {
        if (try? JSONSerialization.jsonObject(with: Data(text.utf8))) == nil {
            Issue.record("\(note): no JSON: \(text.prefix(2_000))")
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `every form of JSON is JSON`(seed: UInt64) {
        for trace in traces(seed) {
            for isRaw in [false, true] {
                checkJSON(encodeJaeger(trace, isRaw: isRaw), "Jaeger, seed \(seed)")
                checkJSON(
                    written { TempoJSONEncoder.append(trace, .v1, isRaw: isRaw, to: &$0) }, "Tempo, seed \(seed)")
            }
            checkJSON(written { TempoJSONEncoder.append(trace, .v2, to: &$0) }, "Tempo, seed \(seed)")
            checkJSON(written { ZipkinJSONEncoder.appendList(trace.spans, to: &$0) }, "Zipkin, seed \(seed)")
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `Jaeger's protobuf is read with every span, its tags and logs`(seed: UInt64) throws {
        for trace in traces(seed) {
            let read = try ReadTrace(trace, isRaw: true)
            let limits = SpanLimits(attributeCountMax: 10_000, valueByteCountMax: 1 << 24)
            let back = try decodeJaeger(encodeJaegerRequest(trace, isRaw: true), .protobuf, limits: limits)
            #expect(back.spans.map(\.spanID) == trace.spans.map(\.spanID))
            for (span, other) in zip(back.spans, read.spans) {
                #expect(text(span.operationName) == other.operationName)
                var eventCount = 0
                span.forEachEvent { _, _, _ in eventCount += 1 }
                let logs = other.logs.filter { !$0.fields.isEmpty || $0.timestamp != 0 }
                #expect(eventCount >= logs.count && eventCount <= other.logs.count, "seed \(seed)")
            }
        }
    }
}
