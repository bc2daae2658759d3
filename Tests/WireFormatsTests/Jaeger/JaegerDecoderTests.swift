import TestSupport
import Testing
import TraceModel
import WireFormats

/// What the tags, times, references and logs of a Jaeger span become; alike in every form.
@Suite struct JaegerDecoderTests {
    /// The only span of a batch, read from every form; they must agree.
    private func read(_ span: SampleJaegerSpan, process: SampleProcess = SampleProcess()) throws -> SpanView {
        let sample = SampleJaegerBatch(process: process, spans: [span])
        let spans = try JaegerForm.allCases.map { form in
            let decoded = try decodeJaeger(sample.bytes(form), form)
            #expect(decoded.outcome.acceptedCount == 1 && decoded.outcome.rejectedCount == 0)
            return decoded.spans[0]
        }
        for other in spans where !spans[0].hasEqualContent(to: other) {
            Issue.record("\(spans[0].canonicalText) became \(other.canonicalText)")
        }
        return spans[0]
    }

    private func read(tags: [SampleTag]) throws -> SpanView { try read(SampleJaegerSpan(tags: tags)) }

    @Test func `a span is read with everything in its place`() throws {
        let span = try read(
            SampleJaegerSpan(
                parentID: 3, start: 1_790_000_000_123_456, duration: 1_500,
                tags: [
                    SampleTag("text", "é"), SampleTag("flag", .bool(false)), SampleTag("count", .int(-5)),
                    SampleTag("ratio", .double(0.25)), SampleTag("raw", .bytes([0, 255])), SampleTag("odd", .none),
                    SampleTag("", ""),
                ]),
            process: SampleProcess(tags: [SampleTag("hostname", "vm"), SampleTag("pid", .int(4711))]))
        #expect(span.traceID == SampleJaegerSpan.traceID && span.spanID.value == 7 && span.parentID?.value == 3)
        #expect(text(span.operationName) == "GET /" && text(span.serviceName) == "checkout")
        #expect(span.start == 1_790_000_000_123_456_000 && span.duration == 1_500_000)
        #expect(span.traits.source == .jaeger && span.traits.hasOrderedAttributes)
        #expect(span.traits.kind == .unspecified && span.traits.statusCode == .unset && !span.traits.isError)
        #expect(
            span.attributeTexts
                == ["text=\"é\"", "flag=false", "count=-5", "ratio=0.25f", "raw=[0, 255]", "odd=none", "=\"\""])
        #expect(try span.resourceText() == "service.name: \"checkout\", hostname: \"vm\", pid: 4711")
        #expect(try span.scopeText() == "none" && span.linkTexts().isEmpty && span.eventTexts().isEmpty)
    }

    @Test(
        arguments: [
            ("client", SpanKind.client), ("server", .server), ("producer", .producer), ("consumer", .consumer),
            ("internal", .local),
        ])
    func `the tag span.kind becomes the kind`(name: String, kind: SpanKind) throws {
        let span = try read(tags: [SampleTag("a", "1"), SampleTag("span.kind", name)])
        #expect(span.traits.kind == kind)
        #expect(span.attributeTexts == ["a=\"1\""])
    }

    @Test func `a kind that nobody knows stays a tag`() throws {
        let span = try read(tags: [SampleTag("span.kind", "CLIENT"), SampleTag("span.kind", .int(1))])
        #expect(span.traits.kind == .unspecified)
        #expect(span.attributeTexts == ["span.kind=\"CLIENT\"", "span.kind=1"])
    }

    @Test(
        arguments: [
            // tags, status, failed, message, attributes that are left
            ([SampleTag("error", .bool(true))], StatusCode.error, true, "none", []),
            ([SampleTag("error", .bool(false))], .unset, false, "none", ["error=false"]),
            ([SampleTag("error", "true")], .unset, true, "none", ["error=\"true\""]),
            ([SampleTag("error", "no")], .unset, false, "none", ["error=\"no\""]),
            ([SampleTag("otel.status_code", "OK")], .ok, false, "none", []),
            ([SampleTag("otel.status_code", "Error")], .error, true, "none", []),
            ([SampleTag("otel.status_code", "UNSET")], .unset, false, "none", ["otel.status_code=\"UNSET\""]),
            ([SampleTag("otel.status_code", .int(2))], .unset, false, "none", ["otel.status_code=2"]),
            (
                [SampleTag("error", .bool(true)), SampleTag("otel.status_code", "OK")], .error, true, "none",
                ["otel.status_code=\"OK\""]
            ),
            (
                [SampleTag("otel.status_description", "why"), SampleTag("otel.status_code", "ERROR")], .error, true,
                "\"why\"", []
            ),
            ([SampleTag("otel.status_description", "why")], .unset, false, "none", ["otel.status_description=\"why\""]),
            ([SampleTag("http.status_code", .int(503))], .error, true, "none", ["http.status_code=503"]),
            ([SampleTag("http.status_code", "404")], .error, true, "none", ["http.status_code=\"404\""]),
            ([SampleTag("http.status_code", .int(200))], .unset, false, "none", ["http.status_code=200"]),
            ([SampleTag("http.status_code", "20x")], .unset, false, "none", ["http.status_code=\"20x\""]),
            (
                [SampleTag("http.status_code", .int(404)), SampleTag("span.kind", "server")], .unset, false, "none",
                ["http.status_code=404"]
            ),
            (
                [SampleTag("http.status_code", .int(500)), SampleTag("http.status_message", "ouch")], .error, true,
                "\"ouch\"", ["http.status_code=500", "http.status_message=\"ouch\""]
            ),
            (
                [SampleTag("http.status_code", .int(500)), SampleTag("otel.status_code", "OK")], .ok, false, "none",
                ["http.status_code=500"]
            ),
        ] as [([SampleTag], StatusCode, Bool, String, [String])])
    func `tags say how the span ended`(
        tags: [SampleTag], status: StatusCode, isError: Bool, message: String, attributes: [String]
    ) throws {
        let span = try read(tags: tags)
        #expect(span.traits.statusCode == status)
        #expect(span.traits.isError == isError)
        #expect(span.fieldText(.statusMessage) == message)
        #expect(span.attributeTexts == attributes)
    }

    @Test func `the scope and the trace state stand where OpenTelemetry has them`() throws {
        let span = try read(tags: [
            SampleTag("otel.library.name", "shop"), SampleTag("otel.library.version", "1.2"),
            SampleTag("otel.scope.name", "shop"), SampleTag("otel.scope.version", "1.2"),
            SampleTag("w3c.tracestate", "a=1"),
        ])
        #expect(try span.scopeText() == "shop 1.2")
        #expect(span.fieldText(.traceState) == "\"a=1\"")
        #expect(span.attributeTexts.isEmpty)
        let old = try read(tags: [SampleTag("otel.library.name", "old")])
        #expect(try old.scopeText() == "old " && old.attributeTexts.isEmpty)
        let both = try read(tags: [SampleTag("otel.library.name", "old"), SampleTag("otel.scope.name", "new")])
        #expect(try both.scopeText() == "new " && both.attributeTexts == ["otel.library.name=\"old\""])
        let nameless = try read(tags: [SampleTag("otel.scope.version", "1"), SampleTag("w3c.tracestate", .int(1))])
        #expect(try nameless.scopeText() == "none")
        #expect(nameless.attributeTexts == ["w3c.tracestate=1", "otel.scope.version=\"1\""])
    }

    @Test(arguments: [(0, "none", false), (1, "1", false), (2, "0", true), (3, "1", true), (9, "9", false)])
    func `debug is a trait, the other flags stay`(flags: Int32, field: String, isDebug: Bool) throws {
        let span = try read(SampleJaegerSpan(flags: flags))
        #expect(span.fieldText(.flags) == field && span.traits.isDebug == isDebug)
        let json = try ReadTrace(Trace(traceID: span.traceID, spans: [span])).spans[0]
        #expect(json.flags ?? 0 == UInt32(flags))
    }

    @Test func `references become the parent and links`() throws {
        let other = TraceID(high: 0, low: 5)
        let references = [
            SampleReference(isChild: false, spanID: 10), SampleReference(traceID: other, spanID: 11),
            SampleReference(spanID: 12), SampleReference(spanID: 13), SampleReference(isChild: false, spanID: 0),
        ]
        let span = try read(SampleJaegerSpan(references: references))
        #expect(span.parentID?.value == 12)
        let trace = SampleJaegerSpan.traceID
        #expect(
            try span.linkTexts() == [
                "\(trace) 000000000000000a ", "\(other) 000000000000000b opentracing.ref_type: \"child_of\"",
                "\(trace) 000000000000000d opentracing.ref_type: \"child_of\"",
            ])
        #expect(span.fieldText(.droppedLinkCount) == "1")
        let child = try read(SampleJaegerSpan(parentID: 20, references: [SampleReference(spanID: 20)]))
        #expect(try child.parentID?.value == 20 && child.linkTexts().isEmpty)
        let follower = try read(SampleJaegerSpan(references: [references[0]]))
        #expect(try follower.parentID?.value == 10 && follower.linkTexts() == ["\(trace) 000000000000000a "])
        let stranger = try read(SampleJaegerSpan(references: [references[1]]))
        #expect(try stranger.parentID == nil && stranger.linkTexts().count == 1)
    }

    @Test func `logs become events, named by event or else by message`() throws {
        let span = try read(
            SampleJaegerSpan(logs: [
                SampleLog(fields: [SampleTag("attempt", .int(2)), SampleTag("event", "retry")]),
                SampleLog(microseconds: 2, fields: [SampleTag("message", "gave up"), SampleTag("final", .bool(true))]),
                SampleLog(microseconds: 3, fields: [SampleTag("message", "m"), SampleTag("event", "e")]),
                SampleLog(microseconds: 4, fields: [SampleTag("event", "e"), SampleTag("event", "f")]),
                SampleLog(microseconds: 5, fields: [SampleTag("event", .int(1)), SampleTag("event", "")]),
                SampleLog(microseconds: 6), SampleLog(microseconds: 0),
            ]))
        #expect(
            try span.eventTexts() == [
                "retry 1790000000000001000 attempt: 2", "gave up 2000 message: \"gave up\", final: true",
                "e 3000 message: \"m\"", "e 4000 event: \"f\"", " 5000 event: 1, event: \"\"", " 6000 -",
            ])
    }

    @Test func `times that nanoseconds cannot hold become the farthest ones`() throws {
        let far = try read(SampleJaegerSpan(start: .max, duration: .min))
        #expect(far.start == .max && far.duration == .min + 1)
        let near = try read(SampleJaegerSpan(start: 0, duration: -3))
        #expect(near.start == nil && near.duration == -3_000)
    }

    @Test func `a span may have a process of its own`() throws {
        let own = SampleProcess(serviceName: "own", tags: [SampleTag("a", "1")])
        let spans = [
            SampleJaegerSpan(spanID: 1), SampleJaegerSpan(spanID: 2, process: own), SampleJaegerSpan(spanID: 3),
        ]
        let sample = SampleJaegerBatch(process: SampleProcess(serviceName: "common"), spans: spans)
        let decoded = try decodeJaeger(sample.bytes(.protobuf), .protobuf)
        #expect(decoded.spans.map { text($0.serviceName) } == ["common", "own", "common"])
        #expect(
            try decoded.spans.map { try $0.resourceText() } == [
                "service.name: \"common\"", "service.name: \"own\", a: \"1\"", "service.name: \"common\"",
            ])
    }

    @Test func `a process that repeats its service's name tells it once`() throws {
        let tags = [SampleTag("service.name", "checkout"), SampleTag("service.name", "other"), SampleTag("a", "1")]
        let span = try read(SampleJaegerSpan(), process: SampleProcess(tags: tags))
        #expect(text(span.serviceName) == "checkout")
        #expect(try span.resourceText() == "service.name: \"checkout\", service.name: \"other\", a: \"1\"")
        let nameless = try read(SampleJaegerSpan(), process: SampleProcess(serviceName: ""))
        #expect(try nameless.serviceName.isEmpty && nameless.resourceText() == "none")
    }

    @Test func `spans may stand before their process`() throws {
        let sample = SampleJaegerBatch(process: SampleProcess(tags: [SampleTag("a", "1")]), spans: [SampleJaegerSpan()])
        let swapped = ThriftValue.structure([(2, .list(sample.spans.map(\.thrift))), (1, sample.process.thrift)])
        let expected = try decodeJaeger(sample.bytes(.batch), .batch).spans[0]
        let read = try decodeJaeger(ThriftWriter.bytes(swapped, .binary), .batch).spans[0]
        #expect(read.hasEqualContent(to: expected))
    }

    @Test func `a span of the mesh looks as if it had come by OTLP`() throws {
        let tags = [
            SampleTag("component", "proxy"), SampleTag("http.status_code", "200"), SampleTag("request_size", "0"),
            SampleTag("upstream_cluster", "outbound|9080||reviews.default.svc.cluster.local"),
        ]
        let derived = [SampleTag("span.kind", "client"), SampleTag("w3c.tracestate", "a=1")]
        let log = SampleLog(fields: [SampleTag("event", "sent"), SampleTag("bytes", .int(5))])
        let jaeger = try read(
            SampleJaegerSpan(parentID: 3, tags: tags + derived, logs: [log]),
            process: SampleProcess(serviceName: "productpage.default", tags: [SampleTag("host", "a")]))
        let start: UInt64 = 1_790_000_000_000_000_000
        var span = PlainProtobuf().bytes(1, SampleJaegerSpan.traceID.octets).bytes(2, UInt64(7).octets)
        span = span.text(3, "a=1").bytes(4, UInt64(3).octets).text(5, "GET /").varint(6, 3)
        span = span.fixed64(7, start).fixed64(8, start + 1_500_000)
        for tag in tags { span = tag.addOTLP(9, to: span) }
        let event = PlainProtobuf().fixed64(1, start + 1_000).text(2, "sent")
        span = span.message(11, log.fields[1].addOTLP(3, to: event)).fixed32(16, 1)
        var resource = SampleTag("service.name", "productpage.default").addOTLP(1, to: PlainProtobuf())
        resource = SampleTag("host", "a").addOTLP(1, to: resource)
        let spans = PlainProtobuf().message(1, resource).message(2, PlainProtobuf().message(2, span))
        let otlp = try decodeOTLP(PlainProtobuf().message(1, spans).bytes).spans[0]
        var traits = otlp.traits
        traits.source = .jaeger
        #expect(jaeger.traits == traits)
        func withoutTraits(_ span: SpanView) -> String {
            span.canonicalText.replacing("|\(span.traits.rawValue)|", with: "|", maxReplacements: 1)
        }
        #expect(withoutTraits(jaeger) == withoutTraits(otlp))
    }
}
