import TestSupport
import Testing
import TraceModel
import WireFormats

@Suite struct ZipkinV1RandomTests {
    @Test(arguments: [1, 2, 3, 4, UInt64.random(in: 5...UInt64.max)])
    func `a span says the same in Thrift and in JSON`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let spans = (0..<Int.random(in: 1...4, using: &random)).map { _ in ZipkinV1SampleSpan.random(&random) }
            let limits = SpanLimits(valueByteCountMax: [65_536, 4].randomElement(using: &random) ?? 4)
            let found = try ZipkinFormat.thriftV1.decode(ZipkinV1SampleSpan.thriftBody(spans), limits: limits).batch
            let wanted = try ZipkinFormat.jsonV1.decode(ZipkinV1SampleSpan.jsonBody(spans), limits: limits).batch
            try #require(found.spanCount == wanted.spanCount, "seed \(seed), round \(round)")
            for (span, other) in zip(found.spans, wanted.spans) where !span.hasEqualContent(to: other) {
                Issue.record("seed \(seed), round \(round): \(span.canonicalText) is not \(other.canonicalText)")
            }
        }
    }

    @Test(arguments: [ZipkinFormat.jsonV1, .thriftV1])
    func `20,000 random changes never trap`(format: ZipkinFormat) throws {
        let seed: UInt64 = 90_017
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bodies = (0..<10).map { _ in
            let spans = (0..<3).map { _ in ZipkinV1SampleSpan.random(&random) }
            return format == .jsonV1 ? ZipkinV1SampleSpan.jsonBody(spans) : ZipkinV1SampleSpan.thriftBody(spans)
        }
        let limits = SpanLimits(spanCountMax: 20, attributeCountMax: 20, valueByteCountMax: 40)
        var acceptedCount = 0
        for round in 0..<20_000 {
            let body = bodies[round % bodies.count].damaged(&random)
            guard let decoded = try? format.decode(body, limits: limits) else { continue }
            acceptedCount += 1
            // What was accepted is written as JSON that is accepted.
            let error = ZipkinFormat.json.refusal(of: decoded.text)
            #expect(error == nil, "seed \(seed), round \(round): \(error?.message ?? "")")
        }
        #expect(acceptedCount > 0 && acceptedCount < 20_000)
    }

    @Test func `a span of very many services is refused, and soon`() {
        let annotations = (0..<60_000).map {
            #"{"timestamp":\#($0),"value":"x","endpoint":{"serviceName":"s\#($0)"}}"#
        }
        let body = bodyOfSpan(#""annotations":[\#(annotations.joined(separator: ","))]"#)
        let limits = SpanLimits(spanCountMax: 1_000)
        #expect(ZipkinFormat.jsonV1.refusal(of: body, limits: limits)?.code == .tooManySpans)
    }
}
