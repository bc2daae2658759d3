import Glibc
import Logging
import OpenSearch
import OpenSearchStore
import Synchronization
import TestSupport
import Testing
import Threads
import Topology
import TraceModel
import TraceStore
import WireFormats

/// What is told of a cluster that does not answer with all that it has.
@Suite struct ClusterGapTests {
    private static let failedShards =
        #""_shards":{"total":5,"successful":4,"failed":1,"failures":[{"index":"x","reason":{"type":"t","reason":"lost"}}]}"#
    private static let hit = """
        {"_index":"i","_id":"d","_source":{"traceID":"000000000000000000000000000000ab","spanID":"0000000000000001",
        "operationName":"get","references":[],"startTime":1700000000000000,"duration":5,"tags":[],"logs":[],
        "process":{"serviceName":"front","tags":[]}},"sort":[1,"a","b"]}
        """

    /// A store over a cluster that answers with these texts, in turn.
    private static func store(_ answers: [String]) -> OpenSearchTraceStore {
        let next = Mutex(0)
        let cluster = Cluster(timeout: .seconds(5)) { (_, _) throws(OpenSearchError) in
            let number = next.withLock { number in
                defer { number += 1 }
                return min(number, answers.count - 1)
            }
            return Array(answers[number].utf8)
        }
        return OpenSearchTraceStore(cluster, OpenSearchTraceStore.Options())
    }

    private static func answer(_ hits: String, isTimedOut: Bool = false, shards: String = failedShards) -> String {
        "{\"took\":1,\"timed_out\":\(isTimedOut),\(shards),\"hits\":{\"hits\":[\(hits)]}}"
    }

    private static let query = TraceQuery(
        rules: .oneSpan, startMin: 1_600_000_000_000_000_000, startMax: 1_800_000_000_000_000_000, limit: 5)

    @Test func `a trace of which parts may be missing says so`() throws {
        let store = Self.store([Self.answer(Self.hit)])
        let cursor = try #require(try store.openTrace(TraceID(high: 0, low: 0xab), QueryWork()))
        #expect(cursor.spanCount == 1)
        #expect(cursor.gaps.count == 1 && cursor.gaps[0].contains("shards of the cluster failed"))
    }

    @Test func `that a trace is not there is not said where not everything was asked`() throws {
        for answer in [
            Self.answer(""), Self.answer("", isTimedOut: true, shards: #""_shards":{"total":1,"failed":0}"#),
        ] {
            do {
                _ = try Self.store([answer]).openTrace(TraceID(high: 0, low: 0xab), QueryWork())
                Issue.record("a trace was found, or not")
            } catch {
                #expect(error.code == .unreachable)
            }
        }
    }

    @Test func `a search says what it lacks, and gives what it found`() throws {
        let candidates = """
            {"timed_out":true,"_shards":{"total":5,"failed":0},"hits":{"hits":[]},"aggregations":{"traces":
            {"sum_other_doc_count":0,"buckets":[{"key":"000000000000000000000000000000ab","doc_count":1,
            "start":{"value":1.7E15}}]}}}
            """
        let store = Self.store([candidates, Self.answer(Self.hit)])
        var found: [TraceID] = []
        let outcome = try store.find(Self.query, QueryWork()) { found.append($0.trace.traceID) }
        #expect(found == [TraceID(high: 0, low: 0xab)])
        #expect(outcome.count == .atLeast(1))
        #expect(outcome.gaps.count == 2, "\(outcome.gaps)")
    }

    @Test func `names are all or none`() throws {
        let store = Self.store([
            "{\"timed_out\":false,\(Self.failedShards),\"hits\":{\"hits\":[]},"
                + #""aggregations":{"values":{"buckets":[{"key":{"value":"front"},"doc_count":1}]}}}"#
        ])
        do {
            _ = try store.serviceNames()
            Issue.record("names were given")
        } catch {
            #expect(error.code == .unreachable)
            #expect(error.message == "1 of 5 shards of the cluster failed: what they have is left out (lost)")
        }
    }

    @Test func `an answer that is none is an error in words`() throws {
        #expect(throws: StoreError.self) { try Self.store(["<html>"]).serviceNames() }
        #expect(throws: StoreError.self) {
            try Self.store(["<html>"]).openTrace(TraceID(high: 0, low: 1), QueryWork())
        }
    }

    @Test func `a query that nobody waits for, or whose time is up, ends`() throws {
        let store = Self.store([Self.answer(Self.hit)])
        do {
            _ = try store.openTrace(TraceID(high: 0, low: 1), QueryWork(isWanted: { false }))
            Issue.record("it went on")
        } catch {
            #expect(error.code == .cancelled)
        }
        do {
            _ = try store.openTrace(TraceID(high: 0, low: 1), QueryWork(deadline: .now))
            Issue.record("it went on")
        } catch {
            #expect(error.code == .timedOut)
        }
    }

    @Test func `a query that nobody waits for any more is ended in the cluster`() throws {
        let isWanted = Atomic(true)
        let isGone = Waiting<Bool>()
        let server = try LoopbackServer { request in
            isWanted.store(false, ordering: .relaxed)
            let end = ContinuousClock.now + .seconds(30)
            while !request.isGone(), ContinuousClock.now < end { usleep(5_000) }
            isGone.finish(request.isGone())
            return .init(200)
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let client = try OpenSearchClient(OpenSearchOptions(urls: [server.url]), logger: logger)
        defer { client.shutDown() }
        do {
            let work = QueryWork(isWanted: { isWanted.load(ordering: .relaxed) })
            _ = try OpenSearchTraceStore(client).openTrace(TraceID(high: 0, low: 1), work)
            Issue.record("it went on")
        } catch {
            #expect(error.code == .cancelled)
        }
        #expect(isGone.wait())
    }

    @Test func `what cannot be known is refused in words`() throws {
        let store = Self.store(["{}"])
        for body in [
            { _ = try store.propagation(within: 0..<1) },
            { _ = try store.operations(within: 0..<1, stepSeconds: 60) },
            { _ = try store.topology(.init(window: 0..<1, grouping: .version)) },
        ] as [() throws -> Void] {
            do {
                try body()
                Issue.record("it was known")
            } catch let error as StoreError {
                #expect(error.code == .unsupported)
            }
        }
    }
}
