import Foundation
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Bodies that OpenTelemetry's own Python packages wrote; see Tests/Fixtures/README.md.
@Suite struct OTLPRecordedTests {
    private func body(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: Repository.path + "/Tests/Fixtures/otlp/" + name)))
    }

    private func links(_ span: SpanView) throws -> [LinkView] {
        guard case .array(let bytes) = span.value(of: .links) else { return [] }
        var reader = LinkReader(bytes)
        var links: [LinkView] = []
        while let link = try reader.next() { links.append(link) }
        return links
    }

    private func events(_ span: SpanView) throws -> [String] {
        var texts: [String] = []
        try span.forEachEvent { name, time, attributes in
            let list = try attributes.map { listText(try AttributeList(ofEvent: $0)) } ?? "-"
            texts.append("\(text(name)) \(time) \(list)")
        }
        return texts
    }

    private func resource(_ span: SpanView) throws -> ResourceView {
        guard case .map(let bytes) = span.value(of: .resource) else { throw TestSupportError("no resource") }
        return try ResourceView(bytes)
    }

    private func scope(_ span: SpanView) throws -> ScopeView {
        guard case .map(let bytes) = span.value(of: .scope) else { throw TestSupportError("no scope") }
        return try ScopeView(bytes)
    }

    @Test func `what the Python SDK posts is read to the last field`() throws {
        let decoded = try decodeOTLP(try body("python-sdk.bin"))
        #expect(decoded.outcome.rejectedCount == 0 && decoded.outcome.replacedStringCount == 0)
        let spans = decoded.spans
        #expect(
            spans.map { text($0.operationName) } == ["charge", "POST /checkout", "cleanup", "publish", "consume"])
        #expect(spans.map(\.traits.kind) == [.client, .server, .local, .producer, .consumer])
        #expect(spans.allSatisfy { text($0.serviceName) == "checkout" })
        #expect(spans.map(\.duration) == [1_001, 5_000, 1, 0, -500])
        #expect(spans.map(\.traits.statusCode) == [.error, .unset, .unset, .unset, .ok])
        #expect(spans.map { $0.fieldText(.flags) } == ["256", "768", "256", "256", "256"])
        let resource = try resource(spans[4])
        #expect(
            listText(resource.attributes)
                == "service.name: \"checkout\", service.version: \"v2\", process.pid: 4711, host.cpus: [1, 2], "
                + "beta: true, ratio: 0.25f")
        #expect(text(resource.schemaURL) == "https://opentelemetry.io/schemas/1.25.0")
        let scopes = try spans.map { try scope($0) }
        #expect(
            scopes.map { text($0.name) }
                == ["shop.checkout", "shop.checkout", "shop.checkout", "shop.queue", "shop.queue"])
        #expect(text(scopes[0].version) == "1.4.0" && text(scopes[0].schemaURL) == "https://example.org/scope")
        #expect(listText(scopes[0].attributes) == "scope.flag: true" && scopes[3].schemaURL.isEmpty)

        let charge = spans[0]
        #expect(charge.spanID == SpanID(0x1000_0000_0000_0002) && charge.parentID == SpanID(0x1000_0000_0000_0001))
        #expect(charge.start == 1_790_000_000_000_001_000 && charge.fieldText(.statusMessage) == "\"card refused\"")
        #expect(charge.fieldText(.droppedEventCount) == "1" && charge.fieldText(.traceState) == "\"other=1\"")
        #expect(
            try events(charge) == [
                "retry 1790000000000001600 attempt: 2, reason: \"timeout\"", "retry 1790000000000001700 attempt: 3",
            ])
        let root = spans[1]
        #expect(root.traceID == TraceID(high: 0xb000_0000_0000_0000, low: 1))
        #expect(
            root.attributeTexts == [
                "ok=false", "load=1.5f", "text=\"café 中文 😀\"", "tags=[\"a\", \"b\"]", "numbers=[1, 2, 3]",
                "flags=[true, false]", "ninth=\"dropped\"", "tenth=\"dropped\"",
            ])
        #expect(root.fieldText(.droppedAttributeCount) == "2" && root.fieldText(.droppedLinkCount) == "1")
        let links = try links(root)
        #expect(links.map(\.traceID) == [TraceID(high: 0, low: 5), TraceID(high: 0, low: 7)])
        #expect(links.map(\.spanID.value) == [6, 8] && links.map(\.flags) == [256, 768])
        #expect(spans[2].attributeTexts == ["empty=\"\""] && spans[2].parentID == nil)
    }

    @Test func `everything that the messages can say is read`() throws {
        let decoded = try decodeOTLP(try body("everything.bin"))
        #expect(decoded.outcome.firstRejection == "span 2: no trace ID" && decoded.outcome.rejectedCount == 1)
        let spans = decoded.spans
        #expect(spans.map { text($0.operationName) } == ["all", "", "bare"])
        let all = spans[0]
        #expect(all.start == 1_790_000_000_000_000_010 && all.duration == -7 && all.traits.kind == .local)
        #expect(all.parentID == SpanID(0x0807_0605_0403_0201) && all.traits.statusCode == .ok)
        let fields: [SpanField] = [
            .traceState, .flags, .statusMessage, .droppedAttributeCount, .droppedEventCount, .droppedLinkCount,
        ]
        #expect(fields.map(all.fieldText) == ["\"a=1,b=2\"", "769", "\"fine\"", "4", "5", "4294967295"])
        #expect(
            all.attributeTexts == [
                "string=\"x\"", "bool=true", "false=false", "int=-9223372036854775808", "max=9223372036854775807",
                "double=-0.0f", "inf=inff", "bytes=[0, 1, 254, 255]", "emptystring=\"\"", "emptybytes=[]",
                "novalue=none", "emptyarray=[]", "emptymap={}", "nested=[1, {k: 2.5f, k: \"again\"}, none, [true]]",
                "string=\"twice\"", "long=\"\(String(repeating: "0123456789", count: 30))\"",
            ])
        let start: Int64 = 1_790_000_000_000_000_000
        #expect(try events(all) == ["event \(start + 5) e: 200 and 1", " \(start + 4) -"])
        let link = try #require(try links(all).first)
        #expect(link.spanID == SpanID(0x0b0c_0d0e_0f10_1112) && link.flags == 257 && text(link.traceState) == "l=1")
        #expect(listText(link.attributes) == "l: true and 7")
        let resource = try resource(all)
        #expect(listText(resource.attributes) == "service.name: \"everything\" and 3")
        var entities = AttributeReader(resource.entities)
        #expect(
            plainText(try #require(try entities.nextValue()))
                == "{schema_url: \"entity-schema\", type: \"service\", id_keys: [\"service.name\"], "
                + "description_keys: [\"a\", \"b\"]}")
        #expect(plainText(try #require(try entities.nextValue())) == "{type: \"host\"}")
        let scope = try scope(all)
        #expect(listText(scope.attributes) == "s: [0, 255] and 2" && text(scope.schemaURL) == "scope-schema")
        #expect(spans[1].start == nil && spans[1].duration == nil && spans[1].fieldText(.end) == "\(start)")
        #expect(spans[2].serviceName.isEmpty && spans[2].fieldText(.resource) == "none" && spans[2].start == 1)
    }

    @Test func `what the Python SDK posts goes out as it came, as protobuf and through JSON`() throws {
        let posted = try body("python-sdk.bin")
        let spans = try decodeOTLP(posted).spans
        #expect(encodeOTLP(spans) == posted)
        #expect(encodeOTLP(try decodeOTLPJSON(encodeOTLPJSON(spans)).spans) == posted)
    }
}
