import FoundationEssentials
import OpenSearch
import TestSupport
import Testing
import TraceStore

@testable import Forwarding

/// Against a real server that speaks OpenSearch's API.
@Suite(.enabled(if: OsmemServer.isInstalled, "\(OsmemServer.missing)"))
struct OsmemForwardingTests {
    private struct Count: Decodable { let count: Int }

    private func count(_ server: OsmemServer, _ indices: String) throws -> Int {
        try server.refresh()
        let answer = try HTTPConnection(port: server.port).request("GET", "/\(indices)/_count")
        return try JSONDecoder().decode(Count.self, from: Data(answer.text.utf8)).count
    }

    @Test(arguments: IndexOptions.Shape.allCases)
    func `every span is one document, through a kill of the forwarder`(shape: IndexOptions.Shape) throws {
        let server = try OsmemServer()
        let harness = try ForwarderHarness(port: Int(server.port)) { options, _ in
            options.index.shape = shape
            options.cluster.compresses = true
            options.bulkDocumentCountMax = 50
        }
        try harness.seal(ForwarderHarness.spans(0..<500))
        try harness.start()
        try harness.until { harness.forwarder?.status.documentCount ?? 0 > 100 }
        try harness.crash()
        try harness.seal(ForwarderHarness.spans(500..<600))
        try harness.start()
        try harness.untilDone()
        let indices = shape == .jaeger ? "jaeger-span-*" : "otel-v1-apm-span-*"
        #expect(try count(server, indices) == 600)
        if shape == .jaeger { #expect(try count(server, "jaeger-service-*") == 1) }
        #expect(harness.forwarder?.status.deadLetterCount == 0)
        let templates = shape == .jaeger ? "/_template/jaeger-span" : "/_index_template/otel-v1-apm-span"
        #expect(try HTTPConnection(port: server.port).request("GET", templates).status == 200)
        harness.stop()
    }
}
