import TestSupport
import Testing
import TraceModel
import WireFormats

/// Damage of every kind: an error or other spans, never a trap.
@Suite struct OTLPProtobufRandomTests {
    private func sample(_ seed: UInt64, spanCount: Int) -> [UInt8] {
        var generator = SpanGenerator(seed: seed)
        let spans = generator.batch(spanCount: spanCount).spans.filter { span in
            var size = 0
            span.forEachAttribute { _, value in if case .string(let text) = value { size += text.count } }
            return size < 10_000
        }
        return encodeOTLP(spans, options: OTLPOptions(keepsSkeinFacts: true))
    }

    /// What is read can be written and read again with the same result.
    private func checkStable(_ body: [UInt8], _ note: String) {
        let options = OTLPOptions(keepsSkeinFacts: true)
        guard let first = try? decodeOTLP(body, options: options) else { return }
        guard let second = try? decodeOTLP(encodeOTLP(first.spans, options: options), options: options) else {
            Issue.record("\(note): what was written is refused")
            return
        }
        for (span, other) in zip(first.spans, second.spans) where !span.hasEqualContent(to: other) {
            Issue.record("\(note): \(span.canonicalText) became \(other.canonicalText)")
        }
        #expect(first.spans.count == second.spans.count)
    }

    @Test func `a body cut at any byte is refused, or has the spans before the cut`() throws {
        let body = sample(3, spanCount: 8)
        let count = try decodeOTLP(body).outcome.acceptedCount
        for length in 0..<body.count {
            guard let decoded = try? decodeOTLP(Array(body[..<length])) else { continue }
            #expect(decoded.outcome.acceptedCount < count)
        }
    }

    @Test func `20,000 random changes never trap`() {
        let seed: UInt64 = 40_917
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bodies = (1...10).map { sample($0, spanCount: 4) }
        for round in 0..<20_000 {
            var body = bodies[round % bodies.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: body.remove(at: place)
                case 2: body.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
                default: body[place] = UInt8.random(in: .min ... .max, using: &random)
                }
            }
            checkStable(body, "seed \(seed), round \(round)")
        }
    }
}
