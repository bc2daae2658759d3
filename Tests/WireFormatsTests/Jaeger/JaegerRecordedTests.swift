import Foundation
import TestSupport
import Testing
import TraceModel
import WireFormats

/// What real clients sent; see Tests/Fixtures/README.md.
@Suite struct JaegerRecordedTests {
    private func read(_ name: String, _ form: JaegerForm) throws -> [SpanView] {
        let body = [UInt8](try Data(contentsOf: URL(filePath: Repository.path + "/Tests/Fixtures/jaeger/" + name)))
        return try decodeJaeger(body, form).spans
    }

    @Test func `what the Python client of Jaeger sends is read to the last field`() throws {
        let spans = try read("client-python-compact.bin", .compactMessage)
        #expect(spans.map { text($0.operationName) } == ["charge", "POST /checkout"])
        let (charge, root) = (spans[0], spans[1])
        #expect(charge.traceID == root.traceID && charge.traceID.high != 0)
        #expect(charge.parentID == root.spanID && root.parentID == nil)
        #expect(charge.traits.kind == .client && root.traits.kind == .server)
        #expect(charge.traits.statusCode == .error && charge.traits.isError && !root.traits.isError)
        #expect(charge.attributeTexts == ["peer.service=\"bank\""])
        #expect(
            root.attributeTexts == [
                "http.status_code=200", "ratio=0.25f", "beta=true", "sampler.type=\"const\"", "sampler.param=true",
            ])
        #expect(charge.fieldText(.flags) == "1" && charge.duration == 35_000 && root.duration == 111_000)
        let events = try charge.eventTexts().map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
        #expect(events.map(\.first) == ["retry", "gave"] && events[0].last == "attempt: 2")
        for span in spans {
            #expect(text(span.serviceName) == "checkout")
            #expect(
                try span.resourceText()
                    == "service.name: \"checkout\", jaeger.version: \"Python-4.8.0\", version: \"v2\", "
                    + "ip: \"192.0.2.2\", hostname: \"vm\"")
        }
    }

    @Test(
        arguments: [
            ("opentelemetry-python-compact.bin", JaegerForm.compactMessage), ("opentelemetry-python-batch.bin", .batch),
            ("opentelemetry-python-grpc.bin", .protobuf),
        ])
    func `what OpenTelemetry's exporters for Jaeger send is read to the last field`(
        name: String, form: JaegerForm
    ) throws {
        let spans = try read(name, form)
        #expect(spans.map { text($0.operationName) } == ["charge", "POST /checkout"])
        let (charge, root) = (spans[0], spans[1])
        #expect(charge.parentID == root.spanID && root.parentID == nil && charge.traceID == root.traceID)
        #expect(charge.traits.kind == .client && root.traits.kind == .server)
        #expect(charge.traits.statusCode == .error && root.traits.statusCode == .unset)
        #expect(charge.fieldText(.statusMessage) == "\"gave up\"")
        let process = [
            "telemetry.sdk.language=\"python\"", "telemetry.sdk.name=\"opentelemetry\"",
            "telemetry.sdk.version=\"1.21.0\"", "service.name=\"checkout\"", "service.version=\"v2\"",
        ]
        #expect(charge.attributeTexts == process)
        #expect(
            root.attributeTexts
                == ["http.status_code=200", "ratio=0.25f", "beta=true", "name=\"hé\""] + process)
        #expect(try charge.linkTexts() == ["\(root.traceID) \(root.spanID) "])
        let events = try charge.eventTexts()
        #expect(events.count == 1)
        #expect(events[0].hasPrefix("retry 17") && events[0].hasSuffix(" attempt: 2, message: \"retry\""))
        for span in spans {
            #expect(text(span.serviceName) == "checkout")
            #expect(try span.scopeText() == "shop.checkout 1.2.3")
            #expect(try span.resourceText().hasPrefix("service.name: \"checkout\""))
            // Its year.
            #expect((1_795_000_000_000_000_000..<1_796_000_000_000_000_000).contains(span.start ?? 0))
        }
    }
}
