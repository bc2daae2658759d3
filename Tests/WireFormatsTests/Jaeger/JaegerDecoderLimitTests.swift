import TestSupport
import Testing
import TraceModel
import WireFormats

/// What is refused, and what is cut or mended.
@Suite struct JaegerDecoderLimitTests {
    private func refusal(
        _ spans: [SampleJaegerSpan], _ form: JaegerForm, limits: SpanLimits = SpanLimits()
    ) -> DecodeError? {
        refusalOfJaeger(SampleJaegerBatch(spans: spans).bytes(form), form, limits: limits)
    }

    @Test(arguments: JaegerForm.allCases)
    func `a span without IDs refuses the batch, and the refusal says where`(form: JaegerForm) {
        let good = SampleJaegerSpan()
        let traceless = refusal([good, SampleJaegerSpan(traceID: TraceID(high: 0, low: 0))], form)
        #expect(traceless?.code == .malformed)
        #expect(traceless?.message.hasPrefix("a span without a trace ID (span 2, byte ") == true)
        let spanless = refusal([SampleJaegerSpan(spanID: 0)], form)
        #expect(spanless?.message.hasPrefix("a span without a span ID (span 1, byte ") == true)
    }

    @Test(arguments: JaegerForm.allCases)
    func `a batch over its limits is refused`(form: JaegerForm) {
        let span = SampleJaegerSpan(tags: (0..<5).map { SampleTag("k\($0)", "v") })
        #expect(refusal([span, span], form, limits: SpanLimits(spanCountMax: 2)) == nil)
        #expect(refusal([span, span, span], form, limits: SpanLimits(spanCountMax: 2))?.code == .tooManySpans)
        #expect(refusal([span], form, limits: SpanLimits(attributeCountMax: 5)) == nil)
        #expect(refusal([span], form, limits: SpanLimits(attributeCountMax: 4))?.code == .tooManyAttributes)
    }

    @Test(arguments: JaegerForm.allCases)
    func `long strings are cut, and the span or the process says how many`(form: JaegerForm) throws {
        let long = String(repeating: "é", count: 40)
        let span = SampleJaegerSpan(
            name: long,
            tags: [SampleTag("a", long), SampleTag("b", .bytes(Array(long.utf8))), SampleTag("c", "short")],
            logs: [SampleLog(fields: [SampleTag("event", long), SampleTag("d", long)])])
        let process = SampleProcess(tags: [SampleTag("p", long)])
        let spans = [span, SampleJaegerSpan(spanID: 8)]
        let sample = SampleJaegerBatch(process: process, spans: spans)
        let decoded = try decodeJaeger(sample.bytes(form), form, limits: SpanLimits(valueByteCountMax: 51))
        let cut = String(repeating: "é", count: 25)
        let bytes = Array(Array(long.utf8)[..<51])
        #expect(text(decoded.spans[0].operationName) == cut)
        #expect(
            decoded.spans[0].attributeTexts == ["a=\"\(cut)\"", "b=\(bytes)", "c=\"short\"", "skein.truncated=5"])
        #expect(try decoded.spans[0].eventTexts() == ["\(cut) 1790000000000001000 d: \"\(cut)\""])
        #expect(decoded.spans[1].attributeTexts.isEmpty)
        #expect(
            try decoded.spans[1].resourceText() == "service.name: \"checkout\", p: \"\(cut)\", skein.truncated: 1")
    }

    @Test func `strings that are not UTF-8 are mended and counted`() throws {
        func tag(_ key: [UInt8], _ text: [UInt8]) -> ThriftValue {
            .structure([(1, .bytes(key)), (2, .i32(0)), (3, .bytes(text))])
        }
        let bad: [UInt8] = [0x61, 0xff, 0x62]
        let span = ThriftValue.structure([
            (1, .i64(1)), (3, .i64(2)), (5, .bytes(bad)), (10, .list([tag(bad, bad), tag([0x63], [0xc3, 0xa9])])),
        ])
        let batch = ThriftValue.structure([(1, .structure([(1, .bytes(bad))])), (2, .list([span]))])
        let decoded = try decodeJaeger(ThriftWriter.bytes(batch, .binary), .batch)
        #expect(decoded.outcome.replacedStringCount == 4)
        #expect(
            text(decoded.spans[0].serviceName) == "a\u{fffd}b" && text(decoded.spans[0].operationName) == "a\u{fffd}b")
        #expect(decoded.spans[0].attributeTexts == ["a\u{fffd}b=\"a\u{fffd}b\"", "c=\"é\""])
    }

    @Test func `calls of other methods are told to go elsewhere`() {
        let arguments = ThriftValue.structure([(1, .list([]))])
        for (encoding, form) in [(.binary, .binaryMessage), (.compact, .compactMessage)]
            as [(ThriftWriter.Encoding, JaegerForm)]
        {
            let zipkin = refusalOfJaeger(ThriftWriter.message("emitZipkinBatch", arguments, encoding), form)
            #expect(zipkin?.code == .otherFormat && zipkin?.message.contains("Zipkin") == true)
            let unknown = refusalOfJaeger(ThriftWriter.message("emit", arguments, encoding), form)
            #expect(unknown?.code == .otherFormat)
            let reply = refusalOfJaeger(ThriftWriter.message("emitBatch", type: 2, arguments, encoding), form)
            #expect(reply?.code == .malformed)
            let empty = refusalOfJaeger(ThriftWriter.message("emitBatch", .structure([]), encoding), form)
            #expect(empty?.message.contains("without a batch") == true)
        }
    }

    @Test func `what is no batch is refused`() {
        let span = SampleJaegerSpan().thrift
        let process = SampleProcess().thrift
        for value: ThriftValue in [
            .structure([]), .structure([(Int16(1), process)]), .structure([(2, .list([span]))]),
            .structure([(Int16(1), process), (2, .list([.i32(1)]))]),
            .structure([(Int16(1), span), (2, .list([process]))]),
        ] {
            #expect(refusalOfJaeger(ThriftWriter.bytes(value, .binary), .batch)?.code == .malformed)
        }
        #expect(refusalOfJaeger([], .batch)?.code == .malformed)
        #expect(refusalOfJaeger(Array("[{}]".utf8), .batch)?.code == .malformed)
        for form in [JaegerForm.binaryMessage, .compactMessage] {
            let message = SampleJaegerBatch(spans: [SampleJaegerSpan()]).bytes(form)
            #expect(refusalOfJaeger(message, .batch)?.code == .otherFormat)
        }
    }

    @Test func `IDs of another length are refused, and a message without spans is accepted`() throws {
        let span = SampleJaegerSpan().protobuf
        func body(_ span: PlainProtobuf) -> [UInt8] {
            PlainProtobuf().message(1, PlainProtobuf().message(1, span)).bytes
        }
        #expect(refusalOfJaeger(body(span), .protobuf) == nil)
        for (field, count) in [(1, 8), (1, 17), (2, 7), (2, 16)] {
            let bad = span.bytes(field, [UInt8](repeating: 1, count: count))
            #expect(refusalOfJaeger(body(bad), .protobuf)?.message.contains("of \(count) bytes") == true)
        }
        #expect(try decodeJaeger([], .protobuf).outcome.acceptedCount == 0)
        #expect(try decodeJaeger(PlainProtobuf().message(1, PlainProtobuf()).bytes, .protobuf).spans.isEmpty)
    }

    @Test func `fields that nobody knows are skipped`() throws {
        let unknown: [(id: Int16, value: ThriftValue)] = [
            (100, .bool(true)), (101, .map([(.string("a"), .list([.double(1)]))])), (102, .set([.i16(1)])),
            (5, .i64(1)),  // known, but of another type
        ]
        func extended(_ value: ThriftValue) -> ThriftValue {
            switch value {
            case .structure(let fields): .structure(fields.map { ($0.id, extended($0.value)) } + unknown)
            case .list(let elements): .list(elements.map(extended))
            default: value
            }
        }
        let sample = SampleJaegerBatch(spans: [
            SampleJaegerSpan(
                references: [SampleReference(spanID: 5)], tags: [SampleTag("a", .bool(true))],
                logs: [SampleLog(fields: [SampleTag("event", "e")])])
        ])
        let expected = try decodeJaeger(sample.bytes(.batch), .batch).spans[0]
        let call = ThriftValue.structure([(1, extended(sample.thrift))])
        for (encoding, form) in [(.binary, .binaryMessage), (.compact, .compactMessage)]
            as [(ThriftWriter.Encoding, JaegerForm)]
        {
            let read = try decodeJaeger(ThriftWriter.message("emitBatch", extended(call), encoding), form).spans[0]
            #expect(read.hasEqualContent(to: expected))
        }
    }
}
