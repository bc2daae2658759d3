import Foundation
import StorageFiles
import TestSupport
import Testing
import TraceModel

@testable import WireFormats

/// Templates and documents in a server that is not ours, read back with OpenSearch's own client.
@Suite(.enabled(if: OsmemServer.isInstalled, Comment(rawValue: OsmemServer.missing)))
struct OsmemDocumentTests {
    @Test func `templates and documents are taken, found by Jaeger's queries, and read back`() throws {
        let spans = try recorded("bookinfo-odd").map { try decodeZipkin($0) }.flatMap { Array($0.spans) }
        try #require(spans.count > 100)
        let folder = try TemporaryFolder()
        try write(spans + (try RichSpan.trace().spans), to: folder.path)
        let server = try OsmemServer()
        let answer = try readDocuments(server.url, folder.path)
        let (page, batch) = try DocumentAnswer.decode([UInt8](answer))
        let traceID = spans[0].traceID
        let expected = spans.filter { $0.traceID == traceID }
        #expect(page.spanCount == expected.count && page.summary.isComplete && page.lastSort != nil)
        #expect(Set(batch.spans.map(\.spanID)) == Set(expected.map(\.spanID)))
    }

    /// The posts of a recording.
    private func recorded(_ name: String) throws -> [[UInt8]] {
        let path = Repository.path + "/Tests/Fixtures/\(name)/posts.jsonl.gz"
        let text = try Gzip.unpacked([UInt8](try Data(contentsOf: URL(filePath: path))))
        return text.split(separator: UInt8(ascii: "\n")).map { Array($0) }
    }

    private func write(_ spans: [SpanView], to folder: String) throws {
        for (prefix, isAll) in [("jaeger", false), ("fields", true)] {
            var options = JaegerDocumentOptions()
            options.naming.prefix = prefix
            if isAll { options.fieldAttributes = .all }
            var encoder = JaegerDocumentEncoder(options)
            var services = JaegerServiceDocuments(naming: options.naming)
            var body = BulkBody()
            for span in spans {
                encoder.append(span, to: &body)
                services.append(span, now: 0, to: &body)
            }
            try write(&body, folder + "/\(prefix).ndjson")
            for template in SearchTemplate.jaeger { try write(template, prefix: prefix, folder) }
        }
        var encoder = OTelDocumentEncoder()
        var body = BulkBody()
        for span in spans { encoder.append(span, to: &body) }
        try write(&body, folder + "/otel.ndjson")
        for template in SearchTemplate.otel { try write(template, prefix: "", folder) }
    }

    private func write(_ body: inout BulkBody, _ path: String) throws {
        body.finish()
        try Data(body.bytes).write(to: URL(filePath: path))
    }

    private func write(_ template: SearchTemplate, prefix: String, _ folder: String) throws {
        let text = template.filled(prefix: prefix, shardCount: 1, replicaCount: 0)
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/template-\(template.name(prefix: prefix)).json"))
    }

    /// - Returns: the answer to a search for the first trace.
    private func readDocuments(_ url: String, _ folder: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: Repository.path + "/.build/peers/current/bin/python3")
        process.arguments = [Repository.path + "/Tests/Peers/read_documents.py", url, folder]
        process.environment = ["NO_PROXY": "*", "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1"]
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (URL(filePath: folder + "/output"), URL(filePath: folder + "/errors"))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        let said = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        try #require(process.terminationStatus == 0, "\(said)")
        return try Data(contentsOf: output)
    }
}
