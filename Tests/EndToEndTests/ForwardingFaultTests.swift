import Foundation
import PeerTestSupport
import Synchronization
import TestSupport
import Testing

extension EndToEndTests {
    /// Exactly the spans of the store are in the index in the end, whatever fails on the way.
    @Suite struct ForwardingFaultTests {
        /// What fails on the way, all of it by chance but for the documents that do not fit.
        private static func faults(seed: UInt64) -> String {
            """
            {"seed":\(seed),"tooManyRequests":0.06,"unavailable":0.06,"resetUnasked":0.04,"resetAnswered":0.04,
            "resetWithin":0.03,"cutAnswer":0.03,"delayed":0.2,"delayMilliseconds":40,
            "itemTooManyRequests":0.01,"itemUnavailable":0.01,"mappingErrorText":"\(ForwardingTraffic.unfitText)"}
            """
        }

        private static let options =
            SkeinProcess.frequentSealing + [
                "--opensearch-delay", "500ms", "--opensearch-backoff-min", "20ms", "--opensearch-backoff-max", "500ms",
                "--opensearch-bulk-documents", EndToEndTests.isTorture ? "2000" : "100",
                "--opensearch-dependencies-interval", "off",
            ]

        @Test func `the spans of the store are in the index once each, through kills of both and faults between`()
            throws
        {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let sink = try OpenSearchProcess.sink()
            try forward(EndToEndTests.isTorture ? 1_000_000 : 30_000, to: try sink.port, killing: sink, &generator) {
                try sink.ids(prefix: "jaeger-span-")
            }
            let indices = try sink.report().indices
            #expect(indices.filter { $0.differing > 0 } == [], "a document came again, and was not the same")
        }

        @Test(
            .enabled(if: EndToEndTests.isTorture, "takes minutes"),
            .enabled(if: OsmemServer.isInstalled, "\(OsmemServer.missing)"))
        func `the spans of the store are in another project's server once each`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let server = try OsmemServer()
            // It keeps everything in memory, and is not killed.
            try forward(50_000, to: server.port, &generator) {
                let output = try PeerEnvironment.current.run(
                    "ask_opensearch.py", [server.url, "ids", "jaeger-span-*"], timeoutSeconds: 300)
                return String(decoding: output, as: UTF8.self).split(separator: "\n")
            }
        }

        private func forward(
            _ spanCount: Int, to peerPort: UInt16, killing peer: OpenSearchProcess? = nil,
            _ generator: inout SeededGenerator, ids: () throws -> [Substring]
        ) throws {
            let traffic = ForwardingTraffic(spanCount: spanCount)
            let proxy = try OpenSearchProcess.proxy(before: peerPort)
            try proxy.setFaults(Self.faults(seed: generator.next() >> 1))
            let process = SkeinProcess(
                data: try TemporaryFolder(),
                options: ["--opensearch-urls", "http://127.0.0.1:\(try proxy.port)"] + Self.options)
            let trouble = PeerTrouble(peer, seed: generator.next())
            defer { trouble.end() }

            // Five lives end with a kill, in the middle of the posts or when they are over.
            var next = 0
            for life in 1...5 {
                try process.start()
                let port = try process.port("zipkin")
                let share = next..<min(spanCount, spanCount * life / 6)
                let posts = BackgroundThread { traffic.post(share, to: port).end }
                usleep(
                    UInt32.random(in: 100_000...(EndToEndTests.isTorture ? 20_000_000 : 1_500_000), using: &generator))
                process.kill()
                next = posts.join()
            }
            try process.start()
            let last = traffic.post(next..<spanCount, to: try process.port("zipkin"))
            #expect(last.end == spanCount)
            trouble.end()
            let client = try ForwardingClient(process)
            try client.waitUntilAllIsHandedOn(seconds: EndToEndTests.isTorture ? 1_200 : 120)

            let counts = try proxy.faultCounts()
            for fault in ["tooManyRequests", "unavailable", "resetAnswered", "itemTooManyRequests", "mappingError"] {
                #expect(counts[fault, default: 0] > 0, "nothing befell: \(counts)")
            }
            #expect(proxyComplaints(process) == [])

            // Once more with nothing in the way, for what did not fit.
            let there = traffic.account(ofDocumentIDs: try ids())
            let injected = try proxy.injectedMappingErrors().map { Substring($0.split(separator: "\t")[1]) }
            let dead = try client.deadLetterIDs()
            #expect(
                Set(dead) == Set(injected) && dead.count == injected.count, "dead letters are not what was injected")
            try proxy.setFaults("{}")
            try client.retryDeadLetters()
            try client.waitUntilAllIsHandedOn(seconds: 120)
            #expect(try client.deadLetterIDs() == [])
            let after = traffic.account(ofDocumentIDs: try ids())

            try process.terminate(seconds: 30)
            let stored = traffic.account(ofExport: try Program.exportedSpans(of: process.data))
            #expect(stored.strangers == [] && there.strangers == [] && after.strangers == [])
            #expect(stored.distinctCount > spanCount * 9 / 10)
            #expect(there.differences(from: stored) { !ForwardingTraffic.isUnfit($0) } == [], "not the store's spans")
            #expect(there.numbersThere.filter(ForwardingTraffic.isUnfit) == [], "a span that does not fit is there")
            #expect(after.differences(from: stored) == [], "not the store's spans, with those that did not fit")
            #expect(there.numbersTwice.isEmpty && after.numbersTwice.isEmpty, "a span is in the index twice")
        }

        /// Errors in the program's log that are none of the faults.
        private func proxyComplaints(_ process: SkeinProcess) -> [String] {
            process.standardError.split(separator: "\n").map(String.init).filter {
                $0.contains("crash") || $0.contains(#""level":"critical""#)
            }
        }
    }
}

/// Kills a peer and starts it again, from time to time, until that is ended.
final class PeerTrouble: Sendable {
    private let isEnded = Atomic(false)
    private let thread: Mutex<BackgroundThread<String?>?>

    /// - Parameter peer: nil: none.
    init(_ peer: OpenSearchProcess?, seed: UInt64) {
        thread = Mutex(nil)
        guard let peer else { return }
        let started = BackgroundThread { [weak self] () -> String? in
            var generator = SeededGenerator(seed: seed)
            do {
                while let self, !self.isEnded.load(ordering: .relaxed) {
                    usleep(UInt32.random(in: 300_000...1_500_000, using: &generator))
                    peer.kill()
                    usleep(UInt32.random(in: 10_000...400_000, using: &generator))
                    try peer.restart()
                }
                return nil
            } catch {
                return "\(error)"
            }
        }
        thread.withLock { $0 = started }
    }

    /// The peer runs afterwards.
    func end() {
        isEnded.store(true, ordering: .relaxed)
        let thread = thread.withLock { $0.take() }
        if let failure = thread?.join() { Issue.record("the peer did not come back: \(failure)") }
    }
}
