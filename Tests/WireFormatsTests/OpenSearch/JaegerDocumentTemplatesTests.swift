import TestSupport
import Testing
import TraceModel

@testable import WireFormats

/// Large batches are written from templates; what comes out is what each span alone has.
@Suite struct JaegerDocumentTemplatesTests {
    private typealias Random = SeededGenerator

    private static let texts = [
        "", "GET", "a \"quoted\" text that is long", "\u{1}", "müsli for everybody here", "http://shop.default/cart",
        "<script>alert(1)</script>", "outbound|9080||reviews.default.svc.cluster.local", "\u{2028}",
    ]

    private static func text(_ random: inout Random) -> String {
        Int.random(in: 0..<3, using: &random) == 0
            ? "http://shop.default/cart?id=\(Int.random(in: 0..<1000, using: &random))"
            : texts.randomElement(using: &random) ?? ""
    }

    /// One of a few kinds of spans, in which by seed some things are always the same, some mostly and some never.
    private static func span(_ random: inout Random, _ number: Int, kind: Int) -> SampleSpan {
        var span = SampleSpan()
        span.traceID = TraceID(high: UInt64(number / 7), low: UInt64(number / 7) * 3)
        span.id = UInt64.random(in: 1...(.max), using: &random)
        span.parent = Bool.random(using: &random) ? 0 : UInt64.random(in: 1...(.max), using: &random)
        span.service = "service \(kind)"
        span.start = kind == 3 ? nil : Int64.random(in: -5...1_800_000_000_000_000_000, using: &random)
        span.duration = kind == 4 ? nil : Int64.random(in: 0...10_000_000_000, using: &random)
        span.kind = kind % 2 == 0 ? .server : .client
        span.status = kind == 1 ? .error : .unset
        span.source = [.zipkin, .otlp, .jaeger][kind % 3]
        func varied<Value>(_ usual: Value, _ other: Value) -> Value {
            switch kind % 4 {
            case 0: usual
            case 1: Int.random(in: 0..<100, using: &random) == 0 ? other : usual
            default: Bool.random(using: &random) ? usual : other
            }
        }
        span.attributes = [
            ("component", .string("proxy")), ("http.url", .string(text(&random))),
            ("error", varied(.string("true"), .string("no"))),
            ("count", .int(varied(5, -9_999_999_999))), ("share", .double(varied(0.25, varied(.nan, -1e300)))),
            ("flag", .bool(varied(true, false))), ("raw", .bytes(varied([1, 2], []))), ("none", .none),
            ("node", .string(varied("router~10.244.2.27~gateway-6c8f7d9b5c-q9w4d", "router~10.244.2.28~gateway"))),
        ]
        span.events = [
            (varied("ss", "sr"), Int64.random(in: 0...1_800_000_000_000_000_000, using: &random)),
            ("a constant one", 1_790_000_000_000_000_001),
        ]
        span.ints = [
            .remotePort: varied(80, 0), .droppedEventCount: varied(0, 3), .flags: kind == 5 ? varied(1, 3) : 1,
        ]
        span.references = [
            .localIPv4: varied([10, 0, 0, 1], [10, 0, 0, 2]), .remoteIPv4: varied([10, 1, 0, 1], [10, 1]),
            .statusMessage: Array(varied("", "went wrong").utf8), .remoteServiceName: Array("db".utf8),
        ]
        if kind == 2 { span.references[.scope] = varied([], [255, 255]) }
        return span
    }

    private static func spans(seed: UInt64, count: Int) -> [SampleSpan] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { span(&random, $0, kind: Int.random(in: 0..<6, using: &random)) }
    }

    private func encode(
        _ batches: [[SampleSpan]], _ options: JaegerDocumentOptions
    ) throws -> (ids: [String], sources: [String]) {
        var encoder = JaegerDocumentEncoder(options)
        var body = BulkBody()
        var traces: [Trace] = []
        for batch in batches {
            traces.append(makeTrace(batch))
            for span in traces[traces.count - 1].spans { encoder.append(span, to: &body) }
        }
        body.finish()
        let lines = try BulkLines(body)
        return (lines.ids, lines.sources)
    }

    private static var options: [JaegerDocumentOptions] {
        var fields = JaegerDocumentOptions()
        fields.fieldAttributes = .all
        var filtered = JaegerDocumentOptions()
        filtered.filter = AttributeFilter(
            droppedKeys: ["flag"], hashedKeys: ["http.url", "count", "peer.ipv4"], hashKey: Array(0..<16))
        return [JaegerDocumentOptions(), fields, filtered]
    }

    @Test(arguments: [1, 2, 3] as [UInt64], 0..<3)
    func `a span has the same document in every batch`(seed: UInt64, choice: Int) throws {
        let options = Self.options[choice]
        let spans = Self.spans(seed: seed, count: 3_000)
        let alone = try encode(spans.map { [$0] }, options)
        // The second time texts are known from the first.
        let together = try encode([spans, Array(spans.reversed())], options)
        for (number, source) in alone.sources.enumerated() {
            try #require(together.sources[number] == source, "seed \(seed), span \(number)")
            try #require(together.ids[number] == alone.ids[number], "seed \(seed), span \(number)")
            try #require(
                together.ids[2 * spans.count - 1 - number] == alone.ids[number], "seed \(seed), span \(number)")
            #expect(alone.ids[number].hasSuffix("_" + plainHash(source)))
        }
    }

    @Test func `most spans are written from templates`() {
        // Else the test above would compare nothing.
        var random = SeededGenerator(seed: 5)
        let spans = (0..<600).map { number in
            var span = Self.span(&random, number + 7, kind: 0)
            span.parent = 3
            return span
        }
        let batch = makeTrace(spans).spans[0].batch
        var text = JaegerDocumentText(JaegerDocumentOptions())
        var document = DocumentWriter()
        let hashes = (0..<batch.spanCount).filter { text.write(batch, $0, to: &document) != nil }
        #expect(hashes.count == batch.spanCount)
    }

    @Test func `a known text makes of a hash what its bytes make`() {
        var texts = DocumentTexts()
        var random = SeededGenerator(seed: 11)
        for length in [0, 1, 2, 31, 32, 700] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes.withUnsafeBytes { bytes in
                let number = texts.number(of: bytes)
                #expect(texts.find(bytes) == number)
                #expect(texts.number(of: bytes) == number)
                for _ in 0..<20 {
                    let before = UInt64.random(in: 0...(.max), using: &random)
                    var state = before
                    var document = DocumentWriter()
                    texts.write(number, to: &document, &state)
                    #expect(state == FNV1a.hash(bytes, before))
                    #expect(document.bytes.elementsEqual(bytes))
                }
            }
        }
    }
}
