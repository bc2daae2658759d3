import TestSupport
import Testing
import TraceModel
import WireFormats

/// What is guessed from earlier spans never shows in what is read.
@Suite struct JaegerRepetitionTests {
    private func check(_ spans: [SampleJaegerSpan], _ note: String) throws {
        for form in [JaegerForm.batch, .compactMessage, .protobuf] {
            let decoded = try decodeJaeger(SampleJaegerBatch(spans: spans).bytes(form), form)
            for (sent, span) in zip(spans, decoded.spans) {
                let expected = sent.tags.map { tag -> String in
                    guard case .string(let text) = tag.value else { return "\(tag.key)=7" }
                    return "\(tag.key)=\"\(text)\""
                }
                if span.attributeTexts != expected { Issue.record("\(note), \(form): \(span.attributeTexts)") }
            }
            #expect(decoded.spans.count == spans.count)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `tags in the same order or another one stay what they are`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let keys = (0..<12).map { "key.number.\($0)" } + ["", "a", "b", "http.status_message", "é"]
        let values = ["", "x", "y", "value one", "value two", "value 333", String(repeating: "long", count: 30)]
        var order = keys
        let spans = (0..<60).map { index -> SampleJaegerSpan in
            if Int.random(in: 0..<6, using: &random) == 0 { order.shuffle(using: &random) }
            let count = Int.random(in: 0...order.count, using: &random)
            let tags = order[..<count].map { key -> SampleTag in
                if Int.random(in: 0..<8, using: &random) == 0 { return SampleTag(key, .int(7)) }
                return SampleTag(key, values.randomElement(using: &random) ?? "")
            }
            return SampleJaegerSpan(spanID: UInt64(index + 1), tags: Array(tags))
        }
        try check(spans, "seed \(seed)")
    }

    @Test func `more keys than are remembered are read`() throws {
        let spans = (0..<4).map { index in
            let tags = (0..<700).map { SampleTag("key \($0 * 7 % 600)", "value \(index) \($0 % 3)") }
            return SampleJaegerSpan(spanID: UInt64(index + 1), tags: tags)
        }
        try check(spans, "many keys")
    }

    @Test func `a string that is cut is cut and counted in each span`() throws {
        let spans = (1...3).map {
            SampleJaegerSpan(spanID: $0, tags: [SampleTag("long key", "a"), SampleTag("b", "longer")])
        }
        let body = SampleJaegerBatch(spans: spans).bytes(.batch)
        let decoded = try decodeJaeger(body, .batch, limits: SpanLimits(valueByteCountMax: 5))
        for span in decoded.spans {
            #expect(span.attributeTexts == ["long =\"a\"", "b=\"longe\"", "skein.truncated=2"])
        }
    }

    @Test func `tags that are no attributes are taken from each span`() throws {
        let spans = (1...6).map { number -> SampleJaegerSpan in
            let tags = [
                SampleTag("a", "1"), SampleTag("span.kind", number % 2 == 0 ? "client" : "server"),
                SampleTag("error", .bool(number % 3 == 0)), SampleTag("b", "2"),
            ]
            return SampleJaegerSpan(spanID: UInt64(number), tags: tags)
        }
        let decoded = try decodeJaeger(SampleJaegerBatch(spans: spans).bytes(.batch), .batch)
        #expect(decoded.spans.map(\.traits.kind) == [.server, .client, .server, .client, .server, .client])
        #expect(decoded.spans.map(\.traits.isError) == [false, false, true, false, false, true])
        for span in decoded.spans {
            let flag = span.traits.isError ? [] : ["error=false"]
            #expect(span.attributeTexts == ["a=\"1\""] + flag + ["b=\"2\""])
        }
    }
}
