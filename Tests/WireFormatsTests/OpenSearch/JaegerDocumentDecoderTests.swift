import Bytes
import Foundation
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerDocumentDecoderTests {
    @Test(arguments: SpanSource.samples)
    func `a span comes back as Jaeger's receiver would have it`(source: SpanSource) throws {
        let spans = RoundTrip.spans(source)
        try RoundTrip.check(spans, "\(source)")
    }

    @Test func `a span of everything comes back as Jaeger's receiver would have it`() throws {
        try RoundTrip.check(try RichSpan.trace().spans, "rich")
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `random spans of Jaeger's come back as they were`(seed: UInt64) throws {
        let sample = JaegerDecoderRandomTests.batch(seed, spanCount: 25, hasSpecialTags: false)
        let spans = try decodeJaeger(sample.bytes(.batch), .batch).spans
        try RoundTrip.check(spans, "seed \(seed)")
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `random spans of every kind come back as Jaeger's receiver would have them`(seed: UInt64) throws {
        var generator = SpanGenerator(seed: seed)
        try RoundTrip.check(Array(generator.batch(spanCount: 60).spans), "seed \(seed)")
    }

    @Test func `attributes that were fields are attributes again`() throws {
        var options = JaegerDocumentOptions()
        options.fieldAttributes = .all
        let span = SampleSpan(
            kind: .server, source: .jaeger,
            attributes: [
                ("http.method", .string("GET")), ("n", .int(-5)), ("half", .double(0.5)), ("raw", .bytes([1, 255])),
                ("yes", .bool(true)),
            ])
        let back = try DocumentAnswer.spans(try encodeDocuments(makeTrace([span]).spans, options).sources)[0]
        #expect(back.traits.kind == .server)
        var texts: [String: String] = [:]
        back.forEachAttribute { texts[text($0)] = plainText($1) }
        var expected: [String: String] = [:]
        makeTrace([span]).spans[0].forEachAttribute { expected[text($0)] = plainText($1) }
        #expect(texts == expected)
    }

    // MARK: What others write

    private func decode(_ source: String) throws -> SpanView { try #require(try DocumentAnswer.spans([source]).first) }

    @Test func `a document of an old Jaeger is read`() throws {
        let span = try decode(
            #"{"process":{"tags":[{"value":"1.2","key":"v","type":"string"}],"serviceName":"old","tag":{"a@b":5}},"#
                + #""spanKind":"client","duration":"7","traceID":"Ab","spanID":"0C","flags":3,"unknown":[{"x":1}],"#
                + #""references":[{"refType":"FOLLOWS_FROM","traceID":"ab","spanID":"1"},"#
                + #"{"refType":"CHILD_OF","traceID":"ab","spanID":"2"}],"startTimeMillis":1500,"#
                + #""tags":[{"key":"i","type":"int64","value":"12"},{"key":"f","type":"float64","value":1},"#
                + #"{"key":"b","type":"bool","value":"true"},{"key":"x","type":"binary","value":"00ff"},"#
                + #"{"key":"y","type":"binary","value":"no hex"},{"key":"u","value":3},{"key":"z","type":"string","#
                + #""value":null},{"key":"o","type":"string","value":{"deep":[1]}}],"logs":[{"fields":[{"key":"event","#
                + #""type":"string","value":"e"}],"timestamp":9}]}"#)
        #expect(span.traceID == TraceID(high: 0, low: 0xab) && span.spanID.value == 0xc && span.parentID?.value == 2)
        #expect(span.start == 1_500_000_000 && span.duration == 7_000)
        #expect(span.traits.kind == .client && span.traits.isDebug && span.traits.source == .jaeger)
        #expect(text(span.serviceName) == "old")
        var texts: [String] = []
        span.forEachAttribute { texts.append(text($0) + "=" + plainText($1)) }
        #expect(
            texts == [
                "i=12", "f=1.0f", "b=true", "x=[0, 255]", "y=\"no hex\"", "u=3", "z=\"\"", "o=\"\"",
            ])
        #expect(try span.resourceText().contains("a.b") && span.resourceText().contains("v"))
        #expect(try span.eventTexts().count == 1)
        #expect(try span.linkTexts().count == 1)
    }

    @Test func `a document of nothing but IDs is a span`() throws {
        let span = try decode(#"{"traceID":"1","spanID":"2"}"#)
        #expect(span.start == nil && span.duration == 0 && span.parentID == nil && span.serviceName.count == 0)
    }

    @Test func `escapes are undone wherever they stand, and nothing is mixed up`() throws {
        let texts = (0..<40).map { "\"quoted\" \($0) \\ é\n" }
        let span = SampleSpan(
            service: "s\t\(texts[0])", name: texts[1], status: .error, source: .otlp,
            attributes: texts.enumerated().map { ("k\"\($0.offset)", .string($0.element)) },
            references: [.statusMessage: Array(texts[2].utf8), .traceState: Array("a=\"b\"".utf8)])
        let spans = makeTrace([span, span, span]).spans
        try RoundTrip.check(spans, "escapes")
    }

    @Test func `documents that are no spans are counted and left out`() throws {
        let sources = [
            #"{"traceID":"1","spanID":"2"}"#, "{}", #"{"traceID":"0","spanID":"2"}"#,
            #"{"traceID":"xyz","spanID":"2"}"#,
            #"{"traceID":"1","spanID":null}"#, #""text""#, "[1]", "null", #"{"traceID":5,"spanID":{"a":[]}}"#,
            #"{"traceID":"123456789012345678901234567890123","spanID":"1"}"#, #"{"spanID":"4","traceID":"3"}"#,
        ]
        let (page, batch) = try DocumentAnswer.decode(DocumentAnswer.text(sources))
        #expect(page.spanCount == 2 && page.unreadableCount == 9 && page.summary.hitCount == 11)
        #expect(batch.spans.map(\.spanID.value) == [2, 4])
    }

    // MARK: Answers

    @Test func `an answer tells its order, its time-outs and its failures`() throws {
        let text =
            #"{"took":3,"timed_out":true,"_shards":{"total":5,"successful":2,"failed":3,"failures":[{"shard":0,"#
            + #""index":"jaeger-span-2020-01-02","reason":{"type":"x","reason":"no \"room\""}},{"shard":1,"index":"#
            + #""jaeger-span-2020-01-02","reason":{"type":"x","reason":"no \"room\""}},{"reason":"plain"}]},"hits":"#
            + #"{"total":{"value":12,"relation":"eq"},"max_score":null,"hits":[{"_index":"i","_id":"a","_score":null,"#
            + #""_source":{"traceID":"1","spanID":"2"},"sort":[1,"0000"]},{"sort":[1577934245000000, "00\"02"],"#
            + #""_source":{"traceID":"1","spanID":"3"},"fields":{}}]}}"#
        let (page, _) = try DocumentAnswer.decode(text)
        #expect(page.lastSort == #"[1577934245000000, "00\"02"]"#)
        #expect(page.isTimedOut && !page.summary.isComplete)
        #expect(page.summary.failedShardCount == 3)
        #expect(page.shardFailures == [#"jaeger-span-2020-01-02: no "room""#, "plain"])
    }

    @Test func `an answer without anything is an empty page`() throws {
        for text in ["{}", #"{"hits":{"total":0,"hits":[]}}"#, #"{"hits":null,"_shards":null,"timed_out":"yes"}"#] {
            let (page, _) = try DocumentAnswer.decode(text)
            #expect(page.spanCount == 0 && page.lastSort == nil && page.summary.isComplete)
        }
    }

    @Test(arguments: [
        "", "[]", "{", #"{"hits":{"hits":[{"_source":{"traceID":"1"#, "{} {}", #"{"hits":[}"#, "nonsense",
    ])
    func `what is no answer is refused`(text: String) {
        #expect(throws: DecodeError.self) { try DocumentAnswer.decode(text) }
    }

    @Test func `limits hold`() throws {
        let two = DocumentAnswer.text([#"{"traceID":"1","spanID":"2"}"#, #"{"traceID":"1","spanID":"3"}"#])
        #expect(throws: DecodeError.self) { try DocumentAnswer.decode(two, limits: SpanLimits(spanCountMax: 1)) }
        let tags = (0..<5).map { #"{"key":"k\#($0)","type":"string","value":"v"}"# }.joined(separator: ",")
        let many = DocumentAnswer.text([#"{"traceID":"1","spanID":"2","tags":[\#(tags)]}"#])
        let limits = SpanLimits(attributeCountMax: 4)
        #expect(throws: DecodeError.self) { try DocumentAnswer.decode(many, limits: limits) }
        let long = DocumentAnswer.text([#"{"traceID":"1","spanID":"2","operationName":"abcdef"}"#])
        let (_, batch) = try DocumentAnswer.decode(long, limits: SpanLimits(valueByteCountMax: 3))
        #expect(batch.spans.map { text($0.operationName) } == ["abc"])
    }

    @Test func `20,000 random changes never trap`() throws {
        let seed: UInt64 = 83_311
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var bodies = [Array(DocumentAnswer.text(try encodeDocuments(try RichSpan.trace().spans).sources).utf8)]
        for seed in 1...4 as ClosedRange<UInt64> {
            var generator = SpanGenerator(seed: seed)
            let sources = try encodeDocuments(generator.batch(spanCount: 3).spans).sources
            bodies.append(Array(DocumentAnswer.text(sources).utf8))
        }
        var readCount = 0
        for round in 0..<20_000 {
            var body = bodies[round % bodies.count]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: body.remove(at: place)
                case 2: body.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
                case 3: body[place] = "\"{}[]:,0tfn\\-".utf8.randomElement(using: &random) ?? 0
                default: body.removeSubrange(place..<min(place + 9, body.count))
                }
            }
            guard let decoded = try? DocumentAnswer.decode(body) else { continue }
            readCount += 1
            _ = try decoded.1.withBytes { try SpanBatch(copying: $0) }
        }
        #expect(readCount > 1_000)
    }
}

extension SpanSource {
    static let samples: [SpanSource] = [.zipkin, .jaeger, .otlp]
}

/// Documents as the answer to a search, and the spans that are read from it.
enum DocumentAnswer {
    static func text(_ sources: [String]) -> String {
        let hits = sources.map { #"{"_index":"i","_id":"x","_score":1.0,"_source":\#($0)}"# }.joined(separator: ",")
        return #"{"took":1,"timed_out":false,"hits":{"total":{"value":\#(sources.count)},"hits":[\#(hits)]}}"#
    }

    static func decode(_ text: String, limits: SpanLimits = wide) throws -> (SearchPage, SpanBatch) {
        try decode(Array(text.utf8), limits: limits)
    }

    static let wide = SpanLimits(attributeCountMax: 10_000, valueByteCountMax: 1 << 24)

    static func decode(_ body: [UInt8], limits: SpanLimits = wide) throws -> (SearchPage, SpanBatch) {
        var builder = SpanBatchBuilder()
        let page = try body.withUnsafeBytes {
            try JaegerDocumentDecoder.decodeSpans($0, limits: limits, into: &builder)
        }
        return (page, builder.makeBatch())
    }

    static func spans(_ sources: [String]) throws -> [SpanView] { Array(try decode(text(sources)).1.spans) }
}

/// Spans by way of documents, and by way of Jaeger's protobuf.
enum RoundTrip {
    static func spans(_ source: SpanSource) -> [SpanView] {
        let start: Int64 = 1_790_000_000_123_456_000
        let spans = SpanKind.allCases.enumerated().map { number, kind in
            SampleSpan(
                id: UInt64(number) + 1, parent: UInt64(number), start: start, duration: 1_500_000, kind: kind,
                status: source == .zipkin ? .unset : number % 2 == 0 ? .ok : .unset, source: source,
                isDebug: number == 3,
                attributes: [
                    ("a.b", .string("<&>")), ("empty", .string("")),
                    ("error", number == 4 ? .string("true") : .string("503")),
                ], events: number == 1 ? [("ss", start + 1_000), ("", start)] : [],
                references: number == 2 ? [.remoteServiceName: Array("db".utf8), .localIPv4: [127, 0, 0, 1]] : [:])
        }
        return makeTrace(spans).spans
    }

    /// What a document cannot say is left out of the comparison: parts of microseconds, times before 1970, where among
    /// the attributes an error stood, and the order and number of links to one span.
    static func check(_ spans: [SpanView], _ note: String) throws {
        let back = try DocumentAnswer.spans(try encodeDocuments(spans).sources)
        #expect(back.count == spans.count, "\(note)")
        for (span, read) in zip(spans, back) {
            let trace = Trace(traceID: span.traceID, spans: [span])
            let body = encodeJaegerRequest(trace, isRaw: true)
            let received = try decodeJaeger(body, .protobuf, limits: DocumentAnswer.wide).spans[0]
            #expect(read.parentID == span.parentID, "\(note)")
            // Messages name the parent only as a reference, and so may mean another one.
            guard received.parentID == span.parentID else { continue }
            let isSorted = !span.traits.hasOrderedAttributes
            let expected = try Self.lines(received, isSorted: isSorted)
            let lines = try Self.lines(read, isSorted: isSorted)
            for (line, other) in zip(lines, expected) where line != other {
                Issue.record("\(note): \(line.debugDescription) is not \(other.debugDescription)")
            }
            #expect(lines.count == expected.count, "\(note): \(lines.debugDescription)")
        }
    }

    /// - Parameter isSorted: the attributes' order meant nothing.
    private static func lines(_ span: SpanView, isSorted: Bool) throws -> [String] {
        var lines = [
            "\(span.traceID) \(span.spanID) \(span.parentID.map(\.description) ?? "-") \(span.traits.rawValue)",
            "\(JaegerTime.microseconds(span.start ?? 0)) \(JaegerTime.microseconds(span.duration ?? 0))",
            text(span.serviceName), text(span.operationName), plain(try span.resourceText()),
        ]
        lines += Set(try span.linkTexts()).sorted()
        var attributes: [String] = []
        span.forEachValue { column, value in
            switch (column.role, column.field) {
            case (.attribute, _): attributes.append("\(text(span.batch.string(column.key)))=\(plain(plainText(value)))")
            case (.field, .resource?), (.field, .links?): break
            case (.field, _): lines.append("\(column.key)=\(plainText(value))")
            case (.event, _), (.eventName, _), (.eventAttributes, _): break
            }
        }
        if isSorted { attributes.sort() }
        lines += attributes.filter { !isField($0) } + attributes.filter { isField($0) }.sorted()
        span.forEachEvent { name, time, list in
            let reader = list.flatMap { try? AttributeList(ofEvent: $0) }
            let fields = reader.map { plain(attributeText($0.attributes)) } ?? ""
            lines.append("\(text(name)) \(JaegerTime.microseconds(time)) \(fields)")
        }
        return lines
    }

    private static func isField(_ attribute: String) -> Bool {
        attribute.hasPrefix("error=") || attribute.hasPrefix("span.kind=")
    }

    /// Jaeger writes the keys of JSON in another order, and whole numbers without a fraction.
    private static func plain(_ text: String) -> String {
        text.contains("[") || text.contains("{") ? String(text.replacing("0.0", with: "0").sorted()) : text
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String { WireFormatsTests.text(bytes) }
}
