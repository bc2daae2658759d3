import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// The calls between services that a cluster is told of.
    @Suite struct ForwardingDependenciesTests {
        /// Calls and errors by caller and callee.
        private typealias Links = [String: [Int]]

        private static let options =
            SkeinProcess.frequentSealing + [
                "--opensearch-delay", "500ms", "--opensearch-backoff-min", "20ms", "--opensearch-backoff-max", "500ms",
                "--opensearch-dependencies-interval", "60s",
            ]

        @Test(
            .enabled(if: EndToEndTests.isTorture, "takes minutes"),
            .enabled(if: OsmemServer.isInstalled, "\(OsmemServer.missing)"))
        func `the documents add up to all calls, through kills in the middle of intervals`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let server = try OsmemServer()
            let traffic = ForwardingTraffic(spanCount: 20_000)
            let process = SkeinProcess(
                data: try TemporaryFolder(), options: ["--opensearch-urls", server.url] + Self.options)
            for life in 1...5 {
                try process.start()
                let share = traffic.spanCount * (life - 1) / 5..<traffic.spanCount * life / 5
                // All of it is answered, and so it counts.
                #expect(traffic.post(share, to: try process.port("zipkin")).end == share.upperBound)
                // Now and then an interval is told of while its spans still come.
                usleep(UInt32.random(in: 0...20_000_000, using: &generator))
                process.kill()
            }
            try process.start()
            let traceCount = traffic.spanCount / ForwardingTraffic.spansPerTrace
            try expectLinks(traceCount, server)
            // A restart tells nothing anew that adds to it: of the next interval there is one call more, and no other.
            try process.terminate(seconds: 30)
            try process.start()
            let more = traffic.spanCount..<traffic.spanCount + ForwardingTraffic.spansPerTrace
            #expect(traffic.post(more, to: try process.port("zipkin")).end == more.upperBound)
            try expectLinks(traceCount + 1, server)
            try process.terminate(seconds: 30)
        }

        private func expectLinks(_ callCount: Int, _ server: OsmemServer) throws {
            let expected = Links(
                uniqueKeysWithValues: zip(ForwardingTraffic.services, ForwardingTraffic.services.dropFirst()).map {
                    ("\($0) \($1)", [callCount, 0])
                })
            #expect(try PeerTests.waited(for: expected, seconds: 300) { try Self.links(server) } == expected)
        }

        /// As Jaeger reads them: all documents added up.
        private static func links(_ server: OsmemServer) throws -> Links {
            struct Answer: Decodable {
                struct Hits: Decodable {
                    let hits: [Hit]
                }
                struct Hit: Decodable {
                    let _source: Source
                }
                struct Source: Decodable {
                    let dependencies: [Link]
                }
                struct Link: Decodable {
                    let parent: String
                    let child: String
                    let callCount: Int
                    let errorCount: Int?
                }
                let hits: Hits
            }
            let response = try HTTPConnection(port: server.port).request(
                "GET", "/jaeger-dependencies-*/_search?size=1000&ignore_unavailable=true")
            guard response.status == 200 else { return [:] }
            let answer = try JSONDecoder().decode(Answer.self, from: Data(response.body))
            var links: Links = [:]
            for link in answer.hits.hits.flatMap(\._source.dependencies) {
                let key = "\(link.parent) \(link.child)"
                let counts = links[key] ?? [0, 0]
                links[key] = [counts[0] + link.callCount, counts[1] + (link.errorCount ?? 0)]
            }
            return links
        }
    }
}
