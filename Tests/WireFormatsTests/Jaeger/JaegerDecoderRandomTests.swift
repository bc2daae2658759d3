import TestSupport
import Testing
import TraceModel
import WireFormats

/// Random spans in every form, and damage of every kind.
@Suite struct JaegerDecoderRandomTests {
    private static let alphabet = ["a", "b", "Z", "0", ".", " ", "\"", "\\", "\n", "é", "中", "😀", "~"]

    private static func text(_ random: inout SeededGenerator, upTo length: Int) -> String {
        (0..<Int.random(in: 0...length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
            .joined()
    }

    private static func value(_ random: inout SeededGenerator) -> SampleValue {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .bool(.random(using: &random))
        case 1: .int(.random(in: .min ... .max, using: &random))
        case 2: .double(Double(Int.random(in: -1000...1000, using: &random)) / 8)
        case 3: .bytes((0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random) })
        default: .string(text(&random, upTo: 200))
        }
    }

    private static func tags(_ random: inout SeededGenerator, upTo count: Int) -> [SampleTag] {
        (0..<Int.random(in: 0...count, using: &random)).map { _ in
            SampleTag(text(&random, upTo: 30), value(&random))
        }
    }

    /// Tags that mean something, with values that they may have and others.
    private static func specialTags(_ random: inout SeededGenerator) -> [SampleTag] {
        let keys = [
            "span.kind", "error", "otel.status_code", "otel.status_description", "http.status_code", "w3c.tracestate",
            "http.status_message", "otel.scope.name", "otel.scope.version", "otel.library.name", "otel.library.version",
        ]
        let values: [SampleValue] = [
            .string("client"), .string("OK"), .string("ERROR"), .string("true"), .string("503"), .bool(true), .int(404),
            .bool(false), .string(""), .string("internal"), .none, .string("1.2"),
        ]
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in
            SampleTag(
                keys.randomElement(using: &random) ?? "", values.randomElement(using: &random) ?? SampleValue.none)
        }
    }

    private static func span(_ random: inout SeededGenerator, hasSpecialTags: Bool = true) -> SampleJaegerSpan {
        let traceID = TraceID(
            high: Bool.random(using: &random) ? .random(in: .min ... .max, using: &random) : 0,
            low: .random(in: 1 ... .max, using: &random))
        var span = SampleJaegerSpan(traceID: traceID, spanID: .random(in: 1 ... .max, using: &random))
        if Bool.random(using: &random) { span.parentID = .random(in: 1 ... .max, using: &random) }
        span.name = text(&random, upTo: 30)
        span.references = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            let isSame = Bool.random(using: &random)
            return SampleReference(
                isChild: .random(using: &random), traceID: isSame ? traceID : TraceID(high: 0, low: 9),
                spanID: .random(in: 0...2, using: &random))
        }
        span.flags = .random(in: 0...255, using: &random)
        span.start = .random(in: 0...4_000_000_000_000_000, using: &random)
        span.duration = .random(in: -5...4_000_000_000, using: &random)
        span.tags = tags(&random, upTo: 25) + (hasSpecialTags ? specialTags(&random) : [])
        span.tags.shuffle(using: &random)
        span.logs = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            var fields = tags(&random, upTo: 3)
            for key in ["event", "message"] where Bool.random(using: &random) {
                fields.append(SampleTag(key, value(&random)))
            }
            return SampleLog(
                microseconds: .random(in: 0...4_000_000_000_000_000, using: &random),
                fields: fields.shuffled(using: &random))
        }
        return span
    }

    static func batch(_ seed: UInt64, spanCount: Int, hasSpecialTags: Bool = true) -> SampleJaegerBatch {
        var random = SeededGenerator(seed: seed)
        let process = SampleProcess(serviceName: text(&random, upTo: 12), tags: tags(&random, upTo: 4))
        let spans = (0..<spanCount).map { _ in span(&random, hasSpecialTags: hasSpecialTags) }
        return SampleJaegerBatch(process: process, spans: spans)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the same spans in any form are equal`(seed: UInt64) throws {
        let sample = Self.batch(seed, spanCount: 25)
        let expected = try decodeJaeger(sample.bytes(.batch), .batch).spans
        #expect(expected.count == 25)
        for form in JaegerForm.allCases {
            let spans = try decodeJaeger(sample.bytes(form), form).spans
            #expect(spans.count == expected.count)
            for (span, other) in zip(spans, expected) where !span.hasEqualContent(to: other) {
                Issue.record("seed \(seed), \(form): \(span.canonicalText) is not \(other.canonicalText)")
            }
        }
    }

    @Test(arguments: 100...120 as ClosedRange<UInt64>)
    func `every span gives a batch that is sound, and the same by OTLP and back`(seed: UInt64) throws {
        let sample = Self.batch(seed, spanCount: 25)
        let decoded = try decodeJaeger(sample.bytes(.compactMessage), .compactMessage)
        let copy = try decoded.batch.withBytes { try SpanBatch(copying: $0) }
        let options = OTLPOptions(keepsSkeinFacts: true)
        let back = try decodeOTLP(encodeOTLP(decoded.spans, options: options), options: options)
        #expect(back.spans.count == decoded.spans.count)
        for (index, span) in decoded.spans.enumerated() {
            #expect(span.hasEqualContent(to: Array(copy.spans)[index]))
            if !span.hasEqualContent(to: back.spans[index]) {
                Issue.record("seed \(seed): \(span.canonicalText) became \(back.spans[index].canonicalText)")
            }
        }
    }

    @Test(arguments: JaegerForm.allCases)
    func `a body cut at any byte is refused, or has fewer spans`(form: JaegerForm) throws {
        let body = Self.batch(1, spanCount: 4).bytes(form)
        for length in 0..<body.count {
            guard let decoded = try? decodeJaeger(Array(body[..<length]), form) else { continue }
            // Of a message that is cut only what ends it may be missing.
            #expect(form == .protobuf && length == 0 || decoded.outcome.acceptedCount < 4)
        }
    }

    @Test(arguments: [JaegerForm.batch, .compactMessage, .protobuf])
    func `20,000 random changes never trap`(form: JaegerForm) throws {
        let seed: UInt64 = 52_711
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bodies = (1...10).map { Self.batch($0, spanCount: 3).bytes(form) }
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
            guard let decoded = try? decodeJaeger(body, form) else { continue }
            _ = try decoded.batch.withBytes { try SpanBatch(copying: $0) }
        }
    }
}
