import TestSupport
import Testing
import TraceModel
import WireFormats

@Suite struct OTLPProtobufDecoderTests {
    private let plain = PlainProtobuf()

    @Test func `an empty body has no spans`() throws {
        #expect(try decodeOTLP([]).outcome == DecodeOutcome())
        #expect(try decodeOTLP([10, 0]).outcome.acceptedCount == 0)
        #expect(try decodeOTLP(OTLPSample.body()).outcome.acceptedCount == 0)
    }

    @Test func `a span says what its fields say`() throws {
        let span = OTLPSample.span.text(3, "vendor=1").bytes(4, [0, 0, 0, 0, 0, 0, 1, 0]).text(5, "GET /é")
            .varint(6, 3).fixed64(7, 1_790_000_000_000_000_001).fixed64(8, 1_790_000_000_000_000_500)
            .varint(10, 1).varint(12, 2).varint(14, 3).message(15, plain.text(2, "no").varint(3, 2)).fixed32(16, 0x301)
        let read = try OTLPSample.read(span)
        #expect(read.traceID == TraceID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10))
        #expect(read.spanID == SpanID(0x0908_0706_0504_0302) && read.parentID == SpanID(256))
        #expect(text(read.operationName) == "GET /é")
        #expect(read.start == 1_790_000_000_000_000_001 && read.duration == 499)
        #expect(read.traits.kind == .client && read.traits.statusCode == .error && read.traits.isError)
        #expect(read.traits.source == .otlp && read.traits.hasOrderedAttributes)
        let fields: [SpanField] = [
            .traceState, .statusMessage, .flags, .droppedAttributeCount, .droppedEventCount, .droppedLinkCount,
        ]
        #expect(fields.map(read.fieldText) == ["\"vendor=1\"", "\"no\"", "769", "1", "2", "3"])
    }

    @Test func `each kind has its own number`() throws {
        let kinds: [SpanKind] = [.unspecified, .local, .server, .client, .producer, .consumer, .unspecified]
        for (number, kind) in kinds.enumerated() {
            #expect(try OTLPSample.read(OTLPSample.span.varint(6, UInt64(number))).traits.kind == kind)
        }
    }

    @Test func `attributes keep every type, their order, and keys that stand twice`() throws {
        let list = plain.message(1, plain.varint(3, 1)).message(1, plain.text(1, "x")).message(1, plain)
        let map = plain.attribute(1, "b", plain.message(5, list)).attribute(1, "a", plain.varint(2, 1))
        let span = OTLPSample.span.attribute(9, "z", plain.text(1, "é")).attribute(9, "bool", plain.varint(2, 1))
            .attribute(9, "int", plain.varint(3, UInt64(bitPattern: -5)))
            .attribute(9, "double", plain.fixed64(4, (2.5).bitPattern)).attribute(9, "list", plain.message(5, list))
            .attribute(9, "map", plain.message(6, map)).attribute(9, "bytes", plain.bytes(7, [0, 255]))
            .attribute(9, "empty", plain).message(9, plain.text(1, "none")).attribute(9, "z", plain.text(1, ""))
            .attribute(9, "other", plain.varint(8, 3))
        #expect(
            try OTLPSample.read(span).attributeTexts == [
                "z=\"é\"", "bool=true", "int=-5", "double=2.5f", "list=[1, \"x\", none]",
                "map={b: [1, \"x\", none], a: true}", "bytes=[0, 255]", "empty=none", "none=none", "z=\"\"",
                "other=none",
            ])
    }

    @Test func `events and links keep what they have`() throws {
        let event = plain.fixed64(1, 77).text(2, "exception").attribute(3, "type", plain.text(1, "E")).varint(4, 9)
        let link = plain.bytes(1, OTLPSample.traceID).bytes(2, OTLPSample.spanID).text(3, "s=t")
            .attribute(4, "why", plain.varint(3, 2)).varint(5, 1).fixed32(6, 0x101)
        let span = try OTLPSample.read(
            OTLPSample.span.message(13, link).message(11, event).message(11, plain.text(2, "plain")).message(13, link))
        var events: [String] = []
        try span.forEachEvent { name, time, attributes in
            let list = try attributes.map { listText(try AttributeList(ofEvent: $0)) } ?? "-"
            events.append("\(text(name)) \(time) \(list)")
        }
        #expect(events == ["exception 77 type: \"E\" and 9", "plain 0 -"])
        guard case .array(let bytes) = span.value(of: .links) else { throw TestSupportError("no links") }
        var links = LinkReader(bytes)
        for _ in 0..<2 {
            let link = try #require(try links.next())
            #expect(link.traceID == span.traceID && link.spanID == span.spanID && link.flags == 0x101)
            #expect(text(link.traceState) == "s=t" && listText(link.attributes) == "why: 2 and 1")
        }
        #expect(try links.next() == nil)
    }

    @Test func `resource and scope count for their spans wherever they are written`() throws {
        let resource = plain.attribute(1, "service.name", plain.text(1, "cart")).attribute(1, "n", plain.varint(3, 4))
            .varint(2, 5).message(3, plain.text(1, "u").text(2, "host").text(3, "host.id").text(3, "x").text(4, "d"))
        let scope = plain.text(1, "lib").text(2, "1.0").attribute(3, "k", plain.varint(2, 0)).varint(4, 6)
        let scopeSpans = plain.text(3, "scope-url").message(2, OTLPSample.span).message(1, scope)
        let first = plain.message(2, scopeSpans).text(3, "resource-url").message(1, resource)
        let second = plain.message(2, plain.message(2, OTLPSample.span))
        let spans = try decodeOTLP(plain.message(1, first).message(1, second).bytes).spans
        #expect(spans.map { text($0.serviceName) } == ["cart", ""])
        guard case .map(let resourceBytes) = spans[0].value(of: .resource),
            case .map(let scopeBytes) = spans[0].value(of: .scope)
        else { throw TestSupportError("no resource or no scope") }
        let readResource = try ResourceView(resourceBytes)
        #expect(listText(readResource.attributes) == "service.name: \"cart\", n: 4 and 5")
        #expect(text(readResource.schemaURL) == "resource-url")
        var entities = AttributeReader(readResource.entities)
        let entity = try #require(try entities.nextValue())
        #expect(
            plainText(entity)
                == "{schema_url: \"u\", type: \"host\", id_keys: [\"host.id\", \"x\"], description_keys: [\"d\"]}")
        let readScope = try ScopeView(scopeBytes)
        #expect(text(readScope.name) == "lib" && text(readScope.version) == "1.0")
        #expect(text(readScope.schemaURL) == "scope-url" && listText(readScope.attributes) == "k: false and 6")
        #expect(spans[1].fieldText(.resource) == "none" && spans[1].fieldText(.scope) == "none")
    }

    @Test(
        arguments: [
            (0, 0, nil, nil, "none"), (5, 9, 5, 4, "none"), (9, 5, 9, -4, "none"), (7, 0, 7, nil, "none"),
            (0, 7, nil, nil, "7"), (3, 3, 3, 0, "none"),
        ] as [(UInt64, UInt64, Int64?, Int64?, String)])
    func `times are kept, also an end before the start or without one`(
        start: UInt64, end: UInt64, readStart: Int64?, duration: Int64?, endField: String
    ) throws {
        let span = try OTLPSample.read(OTLPSample.span.fixed64(7, start).fixed64(8, end))
        #expect(span.start == readStart && span.duration == duration && span.fieldText(.end) == endField)
    }

    // MARK: What is wrong

    @Test func `a span with wrong IDs is left out and told, the others are kept`() throws {
        let noTraceID = plain.bytes(2, OTLPSample.spanID)
        let zeroes = plain.bytes(1, [UInt8](repeating: 0, count: 16)).bytes(2, OTLPSample.spanID)
        let shortID = plain.bytes(1, OTLPSample.traceID).bytes(2, [1, 2])
        let longParent = OTLPSample.span.bytes(4, [UInt8](repeating: 1, count: 9))
        let outcome = try decodeOTLP(
            OTLPSample.body(OTLPSample.span, shortID, noTraceID, zeroes, OTLPSample.span, longParent)
        ).outcome
        #expect(outcome.acceptedCount == 2 && outcome.rejectedCount == 4)
        #expect(outcome.firstRejection == "span 2: a span ID of 2 bytes")
    }

    @Test func `a link with wrong IDs and an event without bytes count as dropped`() throws {
        let link = plain.bytes(1, [1]).bytes(2, OTLPSample.spanID)
        let span = try OTLPSample.read(OTLPSample.span.message(13, link).varint(14, 4).message(11, plain))
        #expect(span.fieldText(.droppedLinkCount) == "5" && span.fieldText(.links) == "none")
        #expect(span.fieldText(.droppedEventCount) == "1")
    }

    @Test func `a string that is not UTF-8 is mended and counted`() throws {
        let bad: [UInt8] = [0x61, 0xff, 0xc3, 0x62, 0xe4, 0xb8, 0xad, 0xe4]
        let value = plain.bytes(1, bad)
        let span = OTLPSample.span.bytes(5, bad).attribute(9, "a", value).attribute(9, "good", plain.text(1, "中"))
            .attribute(9, "list", plain.message(5, plain.message(1, value)))
        let decoded = try decodeOTLP(OTLPSample.body(span))
        let mended = "a\u{fffd}\u{fffd}b中\u{fffd}"
        #expect(decoded.outcome.replacedStringCount == 3)
        #expect(text(decoded.spans[0].operationName) == mended)
        #expect(
            decoded.spans[0].attributeTexts == ["a=\"\(mended)\"", "good=\"中\"", "list=[\"\(mended)\"]"])
    }

    @Test func `unknown fields and known ones of another wire type are skipped`() throws {
        let span = OTLPSample.span.varint(5, 7).text(6, "x").text(99, "?").fixed32(50, 1).text(5, "name")
            .message(11, plain.fixed64(1, 3).varint(77, 5))
        let body = plain.varint(1, 4).message(1, plain.text(1_000, "old").message(2, plain.message(2, span))).bytes
        #expect(text(try decodeOTLP(body).spans[0].operationName) == "name")
    }

    @Test func `a body that is no message is refused with its place`() throws {
        let cases: [[UInt8]] = [[10], [10, 5, 1], [11], [0], [10, 2, 18, 9], Array("[{\"traceId\":".utf8)]
        for body in cases { #expect(refusalOfOTLP(body)?.code == .malformed, "\(body)") }
        let group = plain.message(1, plain.message(2, plain.message(2, PlainProtobuf(bytes: [0x0b]))))
        #expect(
            refusalOfOTLP(group.bytes)?.message
                == "field 1 has the wire type 3, which is not understood (span 1, byte 7)")
    }

    @Test func `values may stand within each other only so deep`() throws {
        func nested(_ depth: Int) -> PlainProtobuf {
            (0..<depth).reduce(plain) { value, _ in plain.message(5, plain.message(1, value)) }
        }
        let deepest = OTLPSample.span.attribute(9, "a", nested(AttributeCoding.depthMax))
        let shown = try OTLPSample.read(deepest).attributeTexts[0]
        #expect(!shown.contains("too deep") && shown.filter { $0 == "[" }.count == AttributeCoding.depthMax)
        let tooDeep = OTLPSample.span.attribute(9, "a", nested(AttributeCoding.depthMax + 1))
        #expect(refusalOfOTLP(OTLPSample.body(tooDeep))?.code == .malformed)
    }

    // MARK: Limits

    @Test func `more spans than allowed are refused`() {
        let body = OTLPSample.body(OTLPSample.span, OTLPSample.span)
        #expect(refusalOfOTLP(body, limits: SpanLimits(spanCountMax: 2)) == nil)
        #expect(refusalOfOTLP(body, limits: SpanLimits(spanCountMax: 1))?.code == .tooManySpans)
    }

    @Test func `a span with more attributes than allowed is left out`() throws {
        let attribute = plain.varint(3, 1)
        let span = OTLPSample.span.attribute(9, "a", attribute).attribute(9, "b", attribute)
        let limits = SpanLimits(attributeCountMax: 1)
        let outcome = try decodeOTLP(OTLPSample.body(OTLPSample.span, span), limits: limits).outcome
        #expect(outcome.acceptedCount == 1 && outcome.firstRejection == "span 2: more than 1 attributes")
    }

    @Test func `what is too long is cut between characters, and the span says so`() throws {
        let limits = SpanLimits(valueByteCountMax: 12)
        let long = plain.text(1, "éééééééé")
        let numbers = (0..<40).reduce(plain) { list, _ in list.message(1, plain.varint(3, 1)) }
        let span = OTLPSample.span.attribute(9, "a", plain.text(1, "0éééééééé"))
            .attribute(9, "bytes", plain.bytes(7, [UInt8](repeating: 1, count: 13)))
            .attribute(9, "list", plain.message(5, numbers))
            .message(11, plain.fixed64(1, 1).attribute(3, "e", long))
        let read = try OTLPSample.read(span, limits: limits)
        #expect(
            read.attributeTexts == [
                "a=\"0ééééé\"", "bytes=\([UInt8](repeating: 1, count: 12))",
                "list=\([Int](repeating: 1, count: 7))", "skein.truncated=4",
            ])
        let resource = plain.attribute(1, "r", long).message(3, plain.text(2, "a type that is long"))
        let body = plain.message(
            1, plain.message(1, resource).text(3, "a URL that is long").message(2, plain.message(2, OTLPSample.span))
        ).bytes
        guard case .map(let bytes) = try decodeOTLP(body, limits: limits).spans[0].value(of: .resource) else {
            throw TestSupportError("no resource")
        }
        #expect(listText(try ResourceView(bytes).attributes) == "r: \"éééééé\", skein.truncated: 3")
    }
}
