import Dispatch
import OpenSearch
import OpenSearchStore
import Synchronization
import TestSupport
import Testing
import Threads
import TraceModel
import TraceStore
import WireFormats

/// Spans on their way into a cluster.
@Suite(.serialized, .enabled(if: OsmemServer.isInstalled)) struct OpenSearchSinkTests {
    /// Nobody listens there.
    private static let deadURL = "http://127.0.0.1:1"
    private static let now = SystemClock.nanosecondsSince1970() / 1000 * 1000

    /// - Parameter threshold: of 2^56, what the sampler rejects of such traces.
    private static func batch(
        _ traceID: UInt64, spanCount: Int = 1, threshold: Int64? = nil, traceState: String? = nil
    ) -> SpanBatch {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 { Array(text.utf8).withUnsafeBytes { builder.intern($0) } }
        for number in 0..<spanCount {
            builder.beginSpan()
            builder.traceID = TraceID(high: 1, low: traceID)
            builder.spanID = UInt64(number + 1)
            builder.start = now + Int64(number) * 1000
            builder.duration = 1000
            builder.serviceName = intern("front")
            builder.operationName = intern("get")
            builder.traits.source = .otlp
            if let traceState { builder.setField(.traceState, reference: intern(traceState)) }
            if let threshold { builder.setField(.samplingThreshold, int: threshold) }
            builder.endSpan()
        }
        return builder.makeBatch()
    }

    private static func outcome(_ sink: OpenSearchSink, _ batch: SpanBatch) -> OpenSearchSink.Outcome? {
        let outcome = Mutex<OpenSearchSink.Outcome?>(nil)
        let answered = DispatchSemaphore(value: 0)
        sink.append(batch) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        return outcome.withLock { $0 }
    }

    private static func isKept(_ outcome: OpenSearchSink.Outcome?) -> Bool {
        if case .kept = outcome { true } else { false }
    }

    private static func options(_ cluster: ClusterFixture) -> OpenSearchSink.Options {
        var options = OpenSearchSink.Options()
        options.documents.naming = cluster.naming
        options.gatherTime = .milliseconds(5)
        return options
    }

    @Test func `what was answered is in the index, with what a sampler rejects of its like`() throws {
        let cluster = try ClusterFixture()
        let sink = try OpenSearchSink(
            sender: try BulkSender(client: cluster.client, logger: ClusterFixture.logger),
            options: Self.options(cluster), logger: ClusterFixture.logger)
        defer { sink.close() }
        #expect(Self.isKept(Self.outcome(sink, Self.batch(1, spanCount: 3))))
        let quarter = Int64(3) << 54
        #expect(Self.isKept(Self.outcome(sink, Self.batch(2, threshold: quarter, traceState: "a=b,ot=rv:123;th:8"))))
        #expect(Self.isKept(Self.outcome(sink, Self.batch(1, spanCount: 3))), "a repeat")
        #expect(sink.statistics.keptSpanCount == 7 && sink.statistics.waitingByteCount == 0)
        try SharedOsmem.refresh()
        let first = try #require(try cluster.store.openTrace(TraceID(high: 1, low: 1), QueryWork())?.trace)
        #expect(first.spans.count == 3 && first.samplingProbability == 1)
        let second = try #require(try cluster.store.openTrace(TraceID(high: 1, low: 2), QueryWork())?.trace)
        #expect(second.samplingProbability == 0.25)
        guard case .string(let state) = second.spans[0].value(of: .traceState) else {
            Issue.record("no trace state")
            return
        }
        #expect(String(decoding: state, as: UTF8.self) == "ot=th:c;rv:123,a=b")
        #expect(try cluster.store.serviceNames() == ["front"])
    }

    @Test func `documents that the cluster refuses for good are told of, and do not hold up the others`() throws {
        let cluster = try ClusterFixture()
        // The service has become a number, which no name is.
        let name = cluster.naming.name(of: "jaeger-service")
        let body = #"{"index_patterns":"\#(name)-*","mappings":{"properties":{"serviceName":{"type":"long"}}}}"#
        _ = try cluster.client.perform(OpenSearchRequest("PUT", "/_template/\(name)", body: Array(body.utf8)))
        let rejected = Mutex<[BulkReport.Rejection]>([])
        let sink = try OpenSearchSink(
            sender: try BulkSender(client: cluster.client, logger: ClusterFixture.logger),
            options: Self.options(cluster), logger: ClusterFixture.logger
        ) { rejections in rejected.withLock { $0 += rejections } }
        defer { sink.close() }
        #expect(Self.isKept(Self.outcome(sink, Self.batch(1))))
        #expect(rejected.withLock { $0.map(\.status) } == [400])
        #expect(sink.statistics.rejectedDocumentCount == 1)
    }

    @Test func `while the cluster is away, senders are refused, and what waits is bounded`() throws {
        let client = try OpenSearchClient(
            OpenSearchOptions(urls: [Self.deadURL]), logger: ClusterFixture.logger)
        defer { client.shutDown() }
        var options = OpenSearchSink.Options()
        options.gatherTime = .milliseconds(1)
        options.answerTimeout = .milliseconds(50)
        options.waitingByteCountMax = 1
        let sink = try OpenSearchSink(
            sender: try BulkSender(client: client, logger: ClusterFixture.logger), options: options,
            logger: ClusterFixture.logger)
        guard case .overloaded(let late) = Self.outcome(sink, Self.batch(1)) else {
            Issue.record("kept nowhere")
            return
        }
        #expect(late == "OpenSearch did not take the spans in time")
        guard case .overloaded(let full) = Self.outcome(sink, Self.batch(2)) else {
            Issue.record("kept nowhere")
            return
        }
        #expect(full == "more spans arrive than OpenSearch takes")
        #expect(sink.statistics.waitingSpanCount == 1 && sink.statistics.keptSpanCount == 0)
        sink.close(timeout: .milliseconds(1))
        #expect(sink.statistics.waitingSpanCount == 0)
        guard case .overloaded = Self.outcome(sink, Self.batch(3)) else {
            Issue.record("kept nowhere")
            return
        }
    }

    @Test func `names and traces of a cluster that is away are asked for in vain`() throws {
        let client = try OpenSearchClient(
            OpenSearchOptions(urls: [Self.deadURL]), logger: ClusterFixture.logger)
        defer { client.shutDown() }
        let store = OpenSearchTraceStore(client)
        #expect(throws: StoreError.self) { try store.serviceNames() }
        do {
            _ = try store.openTrace(TraceID(high: 0, low: 1), QueryWork())
            Issue.record("found nowhere")
        } catch {
            #expect(error.code == .unreachable)
        }
    }
}
