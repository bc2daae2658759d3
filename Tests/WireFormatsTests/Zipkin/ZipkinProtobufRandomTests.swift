import TestSupport
import Testing
import TraceModel
import WireFormats

/// Random spans and random damage.
@Suite struct ZipkinProtobufRandomTests {
    private static func body(_ spans: [ZipkinSampleSpan], _ random: inout SeededGenerator) -> [UInt8] {
        spans.reduce(PlainProtobuf()) { $0.message(1, $1.protobuf(&random)) }.bytes
    }

    @Test(arguments: [1, 2, 3, 4, UInt64.random(in: 5...UInt64.max)])
    func `a span says the same in protobuf and in JSON`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<100 {
            let spans = (0..<Int.random(in: 1...8, using: &random)).map { _ in ZipkinSampleSpan.random(&random) }
            // No key is cut: two might become one.
            let limits = SpanLimits(valueByteCountMax: [65_536, 40, 16].randomElement(using: &random) ?? 16)
            let found = try ZipkinFormat.protobuf.decode(Self.body(spans, &random), limits: limits).batch
            let json = "[\(spans.map { $0.json(&random) }.joined(separator: ","))]"
            let wanted = try decodeZipkin(json, limits: limits)
            try #require(found.spanCount == wanted.spanCount)
            for (span, other) in zip(found.spans, wanted.spans) where !span.hasEqualContent(to: other) {
                Issue.record(
                    "seed \(seed), round \(round): \(span.canonicalText) is not \(other.canonicalText)")
            }
        }
    }

    @Test(arguments: [11, 12, UInt64.random(in: 13...UInt64.max)])
    func `spans among others are what they are alone`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let values = ["", "a", "ab", "abZ", "abZZ", "value", "ümlaut", String(repeating: "long ", count: 20)]
        for _ in 0..<20 {
            let spans = (0..<40).map { _ in
                var span = ZipkinSampleSpan.random(&random)
                span.name = values.randomElement(using: &random)
                span.serviceName = values.randomElement(using: &random)
                for key in ["error", "http.url", "k", String(repeating: "k", count: 32)]
                where Bool.random(using: &random) {
                    span.tags[key] = values.randomElement(using: &random)
                }
                return span
            }
            let bodies = spans.map { Self.body([$0], &random) }
            let together = try ZipkinFormat.protobuf.decode(bodies.flatMap { $0 }).text
            let alone = try bodies.map { try ZipkinFormat.protobuf.decode($0).text.dropFirst().dropLast() }
            #expect(together == "[\(alone.joined(separator: ","))]", "seed \(seed)")
        }
    }

    @Test func `20,000 random changes never trap`() throws {
        let seed: UInt64 = 61_203
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bodies = (0..<10).map { _ in
            Self.body((0..<3).map { _ in ZipkinSampleSpan.random(&random) }, &random)
        }
        let limits = SpanLimits(spanCountMax: 10, attributeCountMax: 20, valueByteCountMax: 40)
        var acceptedCount = 0
        for round in 0..<20_000 {
            let body = bodies[round % bodies.count].damaged(&random)
            guard let decoded = try? ZipkinFormat.protobuf.decode(body, limits: limits) else { continue }
            acceptedCount += 1
            // What was accepted is written as JSON that is accepted.
            let error = ZipkinFormat.json.refusal(of: decoded.text)
            #expect(error == nil, "seed \(seed), round \(round): \(error?.message ?? "")")
        }
        #expect(acceptedCount > 0 && acceptedCount < 20_000)
    }
}
