import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// A cluster that is away costs nothing but lag.
    @Suite struct ForwardingOutageTests {
        private static let spanCount = EndToEndTests.isTorture ? 1_000_000 : 30_000
        /// More than so much on top of what the same load takes without a destination would be a queue.
        private static let memoryByteCountMax = 48 << 20
        private static let options = [
            "--seal-age", "1s", "--live-bytes", "4MiB", "--opensearch-delay", "500ms", "--opensearch-backoff-min",
            "20ms",
            "--opensearch-backoff-max", "500ms", "--opensearch-dependencies-interval", "off",
        ]

        @Test func `while the cluster is away nothing is refused or kept in memory, and all of it follows`() throws {
            let traffic = ForwardingTraffic(spanCount: Self.spanCount)
            let alone = SkeinProcess(data: try TemporaryFolder(), options: Array(Self.options.prefix(4)))
            try alone.start()
            #expect(traffic.post(0..<Self.spanCount, to: try alone.port("zipkin")).refusals == 0)
            let usual = try alone.peakResidentByteCount
            try alone.terminate(seconds: 30)

            let sink = try OpenSearchProcess.sink()
            let port = try sink.port
            sink.kill()
            let process = SkeinProcess(
                data: try TemporaryFolder(), options: ["--opensearch-urls", "http://127.0.0.1:\(port)"] + Self.options)
            try process.start()
            let posted = traffic.post(0..<Self.spanCount, to: try process.port("zipkin"))
            #expect(posted.end == Self.spanCount && posted.refusals == 0)
            let client = try ForwardingClient(process)
            #expect(try PeerTests.waited(for: Self.spanCount) { try client.sealedLag() } == Self.spanCount)
            let peak = try process.peakResidentByteCount
            #expect(peak < usual + Self.memoryByteCountMax, "\(peak >> 20) MiB, and \(usual >> 20) MiB without")

            // What it lacks is known after a kill and a start, too.
            process.kill()
            try process.start()
            let after = try ForwardingClient(process)
            #expect(try after.lag() == Self.spanCount)
            try sink.restart()
            try after.waitUntilAllIsHandedOn(seconds: EndToEndTests.isTorture ? 600 : 60)
            let there = traffic.account(ofDocumentIDs: try sink.ids(prefix: "jaeger-span-"))
            #expect(there.strangers == [] && there.distinctCount == Self.spanCount && there.numbersTwice.isEmpty)
            let whole = try process.peakResidentByteCount
            #expect(whole < usual + 2 * Self.memoryByteCountMax, "\(whole >> 20) MiB, and \(usual >> 20) MiB without")
            try process.terminate(seconds: 30)
        }

        @Test func `what is stored before a destination is named is handed on too, and nothing again`() throws {
            let count = 5_000
            let traffic = ForwardingTraffic(spanCount: count)
            let folder = try TemporaryFolder()
            let before = SkeinProcess(data: folder, options: SkeinProcess.frequentSealing)
            try before.start()
            #expect(traffic.post(0..<count / 2, to: try before.port("zipkin")).end == count / 2)
            try before.terminate()

            let sink = try OpenSearchProcess.sink()
            let options = ["--opensearch-urls", "http://127.0.0.1:\(try sink.port)"] + Self.options
            let process = SkeinProcess(data: folder, options: options)
            try process.start()
            #expect(traffic.post(count / 2..<count, to: try process.port("zipkin")).end == count)
            try ForwardingClient(process).waitUntilAllIsHandedOn(seconds: 60)
            try process.terminate()
            try process.start()
            try ForwardingClient(process).waitUntilAllIsHandedOn(seconds: 60)
            let there = traffic.account(ofDocumentIDs: try sink.ids(prefix: "jaeger-span-"))
            #expect(there.strangers == [] && there.distinctCount == count)
            let repeats = try sink.report().indices.filter { $0.index.hasPrefix("jaeger-span-") }.map(\.repeats)
            #expect(repeats.allSatisfy { $0 == 0 }, "spans were handed on again without need")
            try process.terminate()
        }
    }
}
