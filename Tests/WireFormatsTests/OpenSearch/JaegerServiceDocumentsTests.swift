import TestSupport
import Testing
import TraceModel

@testable import WireFormats

@Suite struct JaegerServiceDocumentsTests {
    private static let day: Int64 = 86_400_000_000_000

    private func append(
        _ spans: [SampleSpan], _ documents: inout JaegerServiceDocuments, now: Int64 = 0
    ) throws -> BulkLines {
        var body = BulkBody()
        for span in makeTrace(spans).spans { documents.append(span, now: now, to: &body) }
        return try BulkLines(body)
    }

    @Test func `a pair is written once for each day, with Jaeger's ID`() throws {
        let span = SampleSpan(service: "test-service", name: "test-operation", start: Self.day)
        var other = span
        other.name = "x<y"
        var later = span
        later.start = 2 * Self.day
        var documents = JaegerServiceDocuments()
        let lines = try append([span, other, span, later, span], &documents)
        #expect(lines.ids[0] == "cb42af354c445afb" && lines.ids[2] == lines.ids[0])
        #expect(
            lines.indices == [
                "jaeger-service-1970-01-02", "jaeger-service-1970-01-02", "jaeger-service-1970-01-03",
            ])
        #expect(
            Array(lines.sources.prefix(2)) == [
                #"{"serviceName":"test-service","operationName":"test-operation"}"#,
                #"{"serviceName":"test-service","operationName":"x\u003cy"}"#,
            ])
        #expect(try append([span, other, later], &documents).ids.isEmpty)
    }

    @Test func `a pair is written again after twelve hours, and when all is forgotten`() throws {
        var documents = JaegerServiceDocuments(naming: IndexNaming(prefix: "p", rotation: .rollover))
        #expect(try append([SampleSpan()], &documents).indices == ["p-jaeger-service-write"])
        #expect(try append([SampleSpan(start: 5)], &documents, now: Self.day / 2 - 1).ids.isEmpty)
        #expect(try append([SampleSpan()], &documents, now: Self.day / 2).ids.count == 1)
        documents.removeAll()
        #expect(try append([SampleSpan()], &documents, now: Self.day / 2).ids.count == 1)
    }

    @Test func `a service without a name is called as in its span's document`() throws {
        var documents = JaegerServiceDocuments()
        let sources = try append([SampleSpan(service: "", name: "")], &documents).sources
        #expect(sources == [#"{"serviceName":"OTLPResourceNoServiceName","operationName":""}"#])
    }
}

@Suite struct JaegerDependencyDocumentTests {
    private let links = [
        JaegerDependencyDocument.Link(parent: "b", child: "a", callCount: 2, errorCount: 1),
        JaegerDependencyDocument.Link(parent: "a\"", child: "b", callCount: 1, errorCount: 0),
    ]

    @Test func `an interval's calls are one document, in the order of names`() throws {
        var body = BulkBody()
        JaegerDependencyDocument(time: 1_577_934_245_000_000_000, links: links).append(
            id: "s-1", IndexNaming(prefix: "eu"), to: &body)
        let lines = try BulkLines(body)
        #expect(lines.indices == ["eu-jaeger-dependencies-2020-01-02"] && lines.ids == ["s-1"])
        #expect(
            lines.sources == [
                #"{"timestamp":"2020-01-02T03:04:05Z","dependencies":["#
                    + #"{"parent":"a\"","child":"b","callCount":1,"errorCount":0},"#
                    + #"{"parent":"b","child":"a","callCount":2,"errorCount":1}]}"#
            ])
    }

    @Test func `times are as RFC 3339 has them`() {
        func text(_ time: Int64) -> String {
            var writer = DocumentWriter()
            writer.writeTime(time)
            return WireFormatsTests.text(writer.bytes)
        }
        #expect(text(0) == "1970-01-01T00:00:00Z")
        #expect(text(1_577_934_245_120_000_000) == "2020-01-02T03:04:05.12Z")
        #expect(text(1_000_000_001) == "1970-01-01T00:00:01.000000001Z")
        #expect(text(.max) == "2262-04-11T23:47:16.854775807Z")
    }
}
