import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// Who calls whom is told exactly, of real traffic of a mesh: however it arrives, whatever of it is stored, and
    /// however the program ends.
    @Suite struct TopologyTests {
        enum Order: String, CaseIterable, Sendable {
            case asRecorded = "as recorded"
            case reversed
            case shuffled
            case singleSpans = "shuffled, one span a post"
        }

        private static let frequentSealing = ["--seal-age", "1s"]
        /// Long enough for whatever a machine does: nothing is settled while posts may still come.
        private static let unsettled = frequentSealing + ["--topology-settle-time", "1h"]
        private static let settling = frequentSealing + ["--topology-settle-time", "1s"]

        /// One program for each part of the traces that is stored.
        private struct Programs {
            let percents = ["100", "10", "1"]
            let folders: [TemporaryFolder]

            init() throws { folders = try percents.map { _ in try TemporaryFolder() } }

            func started(_ options: [String]) throws -> [SkeinProcess] {
                try zip(percents, folders).map { percent, folder in
                    let process = SkeinProcess(data: folder, options: ["--sampling-percent", percent] + options)
                    try process.start()
                    return process
                }
            }
        }

        @Test(arguments: Order.allCases)
        func `the topology is exact in any order of arrival and at any sampling, live, sealed and restarted`(
            order: Order
        ) throws {
            let traffic = try TopologyTraffic()
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let posts =
                switch order {
                case .asRecorded: traffic.posts
                case .reversed: Array(traffic.posts.reversed())
                case .shuffled: traffic.posts.shuffled(using: &generator)
                case .singleSpans: try traffic.singleSpanPosts().shuffled(using: &generator)
                }
            let programs = try Programs()
            var processes = try programs.started(Self.unsettled)
            var links: [Links] = []
            for process in processes {
                try TopologyTraffic.send(posts, to: process, connections: order == .singleSpans ? 4 : 1)
                links.append(try expectExact(traffic, process, "live"))
            }
            #expect(Set(links).count == 1, "links depend on what is stored")
            for process in processes {
                let client = try TopologyClient(process)
                #expect(try PeerTests.waited(for: 0) { try client.metric("skein_store_live_spans") } == 0)
                #expect(try expectExact(traffic, process, "sealed") == links[0])
                try process.terminate()
            }

            processes = try programs.started(Self.settling)
            for process in processes {
                try expectSettled(traffic, process)
                #expect(try expectExact(traffic, process, "settled") == links[0])
                process.kill()
                try process.start()
                #expect(try expectExact(traffic, process, "settled, and started again") == links[0])
            }
            for (percent, process) in zip(programs.percents, processes) {
                try expectTraces(traffic, process, isComplete: percent == "100")
                try process.terminate()
            }
        }

        @Test func `calls are counted once when traces settle while others come`() throws {
            let traffic = try TopologyTraffic()
            // Traces come whole within a moment: they settle long after, on a slow machine too.
            let process = try SkeinProcess.started(
                options: SkeinProcess.frequentSealing + ["--topology-settle-time", "5s"])
            let recordings = traffic.recordings.reversed()
            for recording in recordings.dropLast() {
                try TopologyTraffic.send(traffic.posts(of: recording.traffic), to: process)
            }
            let client = try TopologyClient(process)
            #expect(try PeerTests.waited(for: true) { try client.countedSpanCount() > 0 })
            for recording in recordings.suffix(1) {
                try TopologyTraffic.send(traffic.posts(of: recording.traffic), to: process)
            }
            try expectSettled(traffic, process)
            _ = try expectExact(traffic, process, "settled")
            try process.terminate()
        }

        @Test func `kills between posts, and while calls are counted, neither lose nor double a call`() throws {
            let traffic = try TopologyTraffic()
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let posts = traffic.posts.shuffled(using: &generator)
            let folder = try TemporaryFolder()
            let options = ["--sampling-percent", "10", "--live-bytes", "256KiB"]
            let process = SkeinProcess(data: folder, options: options + Self.unsettled)
            var sentCount = 0
            while sentCount < posts.count {
                try process.start()
                let count = min(posts.count - sentCount, Int.random(in: 50...400, using: &generator))
                try TopologyTraffic.send(Array(posts[sentCount..<sentCount + count]), to: process)
                sentCount += count
                usleep(UInt32.random(in: 0...700_000, using: &generator))
                process.kill()
            }
            try process.start()
            let links = try expectExact(traffic, process, "after kills between posts")
            process.kill()

            let settling = SkeinProcess(data: folder, options: options + Self.settling)
            for _ in 0..<5 {
                try settling.start()
                usleep(UInt32.random(in: 0...900_000, using: &generator))
                settling.kill()
            }
            try settling.start()
            #expect(try expectExact(traffic, settling, "after kills while calls are counted") == links)
            let client = try TopologyClient(settling)
            for name in ["skein_store_live_spans", "skein_topology_waiting_spans"] {
                #expect(try PeerTests.waited(for: 0) { try client.metric(name) } == 0)
            }
            #expect(try expectExact(traffic, settling, "settled") == links)
            try settling.terminate()
        }

        // MARK: Expectations

        /// What Zipkin's and Jaeger's APIs tell of each recording.
        private typealias Links = [Set<TopologyClient.Link>]

        private func expectExact(
            _ traffic: TopologyTraffic, _ process: SkeinProcess, _ moment: String
        ) throws -> Links {
            let client = try TopologyClient(process)
            var links: Links = []
            for (name, recorded, window) in traffic.recordings {
                let edges = try client.edges(byVersion: false, over: window)
                try #require(edges == recorded.truth.edges.comparable, "\(name), \(moment)")
                let versionEdges = try client.edges(byVersion: true, over: window)
                try #require(versionEdges == recorded.truth.versionEdges.comparable, "\(name), \(moment)")
                links.append(try client.zipkinLinks(over: window))
                links.append(try client.jaegerLinks(over: window))
            }
            return links
        }

        /// Waits until every call is counted for good.
        private func expectSettled(_ traffic: TopologyTraffic, _ process: SkeinProcess) throws {
            let client = try TopologyClient(process)
            // What is done for a proxy's copies is in no metric.
            let expected = traffic.spanCount - traffic.mirroredSpanCount
            let counted = try PeerTests.waited(for: expected) { try client.countedSpanCount() }
            #expect(counted == expected)
        }

        /// The traces that are stored are whole, and tell how many there were.
        private func expectTraces(_ traffic: TopologyTraffic, _ process: SkeinProcess, isComplete: Bool) throws {
            let count = try TopologyClient(process).traceCount()
            #expect(count.isExact)
            if isComplete {
                #expect(count.value == traffic.traceCount)
                #expect(count.estimate == nil)
            } else {
                let estimate = try #require(count.estimate)
                #expect(count.value < traffic.traceCount)
                #expect((estimate.low...estimate.high).contains(traffic.traceCount), "\(count)")
            }
            let found = try SkeinClient(process).zipkinSearch(service: "istio-ingressgateway.istio-system")
            let sizes = traffic.spanCountsByTrace
            #expect(found.allSatisfy { $0.count == sizes[$0.first?.traceId ?? ""] })
        }
    }
}

extension [RecordedTraffic.Truth.Edge] {
    fileprivate var comparable: Set<RecordedTraffic.Truth.Edge> {
        Set(
            map { edge in
                var edge = edge
                edge.mirroredCount = edge.mirroredCount ?? 0
                return edge
            })
    }
}
