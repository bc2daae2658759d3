import FoundationEssentials
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// What is stored of whole traces, by policies of the configuration file.
    @Suite struct TailSamplingTests {
        private static let slowSealing = ["--seal-age", "1h", "--store-seal-idle", "1h"]
        private static let fastSealing = ["--seal-age", "500ms"]
        private static let errorsOnly = "{tail: {wait: 1s, policies: [{type: errors}]}}"

        @Test func `every trace is found while it is live, and only those with errors once they are sealed`() throws {
            var traces = MadeTraces(seed: EndToEndTests.seed())
            let (good, failed) = (traces.make(20), traces.make(5, hasError: true))
            let trial = try Trial(Self.errorsOnly)
            var process = trial.process(Self.slowSealing)
            try process.start()
            try trial.post(good + failed, to: process)
            #expect(try trial.stored(good + failed, process) == 25)
            process.kill()
            try process.start()
            #expect(try trial.stored(good + failed, process) == 25, "of what the journal has nothing is left out")
            process.kill()

            process = trial.process(Self.fastSealing)
            try process.start()
            try trial.expectSealed(process)
            #expect(try trial.stored(good, process) == 0)
            #expect(try trial.stored(failed, process) == 5)
            #expect(try TopologyClient(process).traceCount().value == 5)
            process.kill()
            try process.start()
            #expect(try trial.stored(good, process) == 0)
            #expect(try trial.stored(failed, process) == 5)
            // The topology knows all of them.
            let calls = try TopologyClient(process).edges(byVersion: true, over: .lastHour)
            #expect(calls.map(\.callCount) == [25])
            #expect(calls.map(\.errorCount) == [5])
            try process.terminate()
        }

        @Test func `late spans follow what was decided on their traces`() throws {
            var traces = MadeTraces(seed: EndToEndTests.seed())
            let (good, failed) = (traces.make(10), traces.make(10, hasError: true))
            let trial = try Trial(Self.errorsOnly)
            let process = trial.process(Self.fastSealing)
            try process.start()
            try trial.post(good + failed, to: process)
            try trial.expectSealed(process)

            // Neither an error too late makes up for one in time, nor the lack of one undoes it.
            let late = good.map { $0.late(hasError: true) } + failed.map { $0.late(hasError: false) }
            try trial.post(late, to: process)
            try trial.expectSealed(process)
            #expect(try trial.stored(good, process) == 0)
            let client = try SkeinClient(process)
            #expect(try failed.allSatisfy { try client.zipkinTrace($0.id)?.count == $0.spans.count + 1 })
            try process.terminate()
        }

        @Test func `of each version some traces a minute are stored, and the weights make up for the others`() throws {
            var traces = MadeTraces(seed: EndToEndTests.seed())
            let (stable, canary) = (traces.make(200, version: "v1"), traces.make(5, version: "v2"))
            let rare = traces.make(2, version: "v3")
            let trial = try Trial("{tail: {wait: 1s, policies: [{type: per-version, traces-per-minute: 4}]}}")
            // Sealed at once: versions are counted over all of them.
            var process = trial.process(Self.slowSealing)
            try process.start()
            try trial.post(stable + rare + canary, to: process)
            process.kill()
            process = trial.process(Self.fastSealing)
            try process.start()
            try trial.expectSealed(process)

            #expect(try (4..<100).contains(trial.stored(stable, process)))
            #expect(try trial.stored(canary, process) >= 4)
            #expect(try trial.stored(rare, process) == 2)
            let estimate = try #require(try TopologyClient(process).traceCount().estimate)
            // Four times the interval of 95 %, so that no one ever sees it fail by chance.
            let width = 4 * max(estimate.high - estimate.value, estimate.value - estimate.low)
            #expect((estimate.value - width...estimate.value + width).contains(207), "\(estimate)")
            try process.terminate()
        }

        @Test func `traces are thinned as they grow older, and what is left stands for all`() throws {
            var traces = MadeTraces(seed: 7)
            let (good, failed) = (traces.make(400), traces.make(10, hasError: true))
            let trial = try Trial("{percent: 50}")
            // In one segment, which is thinned all at once.
            var process = trial.process(Self.slowSealing)
            try process.start()
            try trial.post(good + failed, to: process)
            try trial.expectEstimate(of: 410, try TopologyClient(process))
            let failedCount = try trial.stored(failed, process)
            let young = try TopologyClient(process).traceCount().value
            #expect((100..<300).contains(young))
            try process.terminate()

            let later = "policies: [{type: errors}, {type: probabilistic, percent: 10}]"
            try trial.write("{percent: 50, ageing: [{until: 3s, keep: all}, {until: 1h, \(later)}]}")
            process = trial.process(Self.slowSealing)
            try process.start()
            let client = try TopologyClient(process)
            // Segments are looked at now and then.
            #expect(try PeerTests.waited(for: true) { try client.traceCount().value != young })
            #expect(try (10..<100).contains(trial.stored(good, process)))
            #expect(try trial.stored(failed, process) == failedCount)
            try trial.expectEstimate(of: 410, client)
            try process.terminate()
        }

        @Test func `SIGHUP puts other rules in force, and wrong ones change nothing`() throws {
            var traces = MadeTraces(seed: EndToEndTests.seed())
            let trial = try Trial("{percent: 100}")
            let process = trial.process(Self.slowSealing)
            try process.start()
            let client = try SkeinClient(process)
            /// What the server has come to after a signal: whether it stores what it is sent.
            func expectStores(_ expected: Bool) throws {
                let told = try PeerTests.waited(for: expected) {
                    let trace = traces.make(1)[0]
                    #expect(try client.post(ZipkinSpan.encodeList(trace.spans)).status == 202)
                    return try client.zipkinTrace(trace.id) != nil
                }
                #expect(told == expected)
            }
            try expectStores(true)
            try trial.write("{percent: 0}")
            try process.signal(SIGHUP)
            try expectStores(false)
            try trial.write("{percent: many}")
            try process.signal(SIGHUP)
            #expect(try PeerTests.waited(for: true) { process.standardError.contains("cannot be read again") })
            try expectStores(false)
            try trial.write("{percent: 100}")
            try process.signal(SIGHUP)
            try expectStores(true)
            try process.terminate()
        }

        // MARK: Tools

        /// A folder, and a file with policies.
        private struct Trial {
            let folder: TemporaryFolder
            let path: String

            init(_ policies: String) throws {
                folder = try TemporaryFolder()
                path = folder.path + "/skein.yaml"
                try write(policies)
            }

            func write(_ policies: String) throws {
                try Data("sampling: \(policies)\n".utf8).write(to: URL(filePath: path))
            }

            func process(_ options: [String]) -> SkeinProcess {
                SkeinProcess(data: folder, options: ["--config", path] + options)
            }

            func post(_ traces: [MadeTrace], to process: SkeinProcess) throws {
                let client = try SkeinClient(process)
                for trace in traces { #expect(try client.post(ZipkinSpan.encodeList(trace.spans)).status == 202) }
            }

            /// How many of the traces are there, each with all of its spans.
            func stored(_ traces: [MadeTrace], _ process: SkeinProcess) throws -> Int {
                let client = try SkeinClient(process)
                return try traces.count { trace in
                    guard let spans = try client.zipkinTrace(trace.id) else { return false }
                    #expect(spans.comparable == trace.spans.comparable)
                    return true
                }
            }

            func expectSealed(_ process: SkeinProcess) throws {
                let client = try TopologyClient(process)
                #expect(try PeerTests.waited(for: 0) { try client.metric("skein_store_live_spans") } == 0)
            }

            func expectEstimate(of count: Int, _ client: TopologyClient) throws {
                let estimate = try #require(try client.traceCount().estimate)
                #expect((estimate.low...estimate.high).contains(count), "\(estimate)")
            }
        }
    }
}

/// A call of `shop` to a version of `stock`.
struct MadeTrace {
    let id: String
    var spans: [ZipkinSpan]

    /// One more span of the trace, alone.
    func late(hasError: Bool) -> MadeTrace {
        var span = spans[0]
        (span.id, span.parentId, span.kind, span.name) = (ZipkinSpan.hexadecimal(3), spans[0].id, nil, "late")
        span.tags = hasError ? ["error": "late"] : [:]
        return MadeTrace(id: id, spans: [span])
    }
}

struct MadeTraces {
    private var generator: SeededGenerator
    /// The first moment of the last whole minute but one: all traces are of one minute.
    private let minute = (TimeWindow.nowMicroseconds / 60_000_000 - 2) * 60_000_000

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func make(_ count: Int, version: String = "v1", hasError: Bool = false) -> [MadeTrace] {
        (0..<count).map { _ in
            let id = ZipkinSpan.hexadecimal(generator.next()) + ZipkinSpan.hexadecimal(generator.next())
            let start = minute + Int64.random(in: 0..<50_000_000, using: &generator)
            let client = ZipkinSpan(
                traceId: id, id: ZipkinSpan.hexadecimal(1), kind: "CLIENT", name: "get stock", timestamp: start,
                duration: 3_000, localEndpoint: .init(serviceName: "shop"), tags: ["version": "v1"])
            let server = ZipkinSpan(
                traceId: id, id: ZipkinSpan.hexadecimal(2), parentId: client.id, kind: "SERVER", name: "get stock",
                timestamp: start + 1_000, duration: 1_000, localEndpoint: .init(serviceName: "stock"),
                tags: hasError ? ["version": version, "error": "none left"] : ["version": version])
            return MadeTrace(id: id, spans: [client, server])
        }
    }
}
