internal import Logging
public import OpenSearch
internal import Threads
public import TraceModel
public import TraceStore
public import WireFormats

/// Spans that are in OpenSearch as Jaeger's documents, whoever wrote them.
///
/// What is found goes by our own rules, but times are whole microseconds, as the documents have them.
public struct OpenSearchTraceStore: QueryableStore {
    public struct Options: Sendable {
        public var naming: IndexNaming
        /// How far back spans are looked for by their trace's ID, and names: nothing tells when they were sent.
        public var spanAgeMax: Duration = .seconds(72 * 3600)
        /// For one request to the cluster.
        public var requestTimeout: Duration = .seconds(30)
        public var isSampled = false

        public init(naming: IndexNaming = IndexNaming()) { self.naming = naming }
    }

    public let isSampled: Bool
    let cluster: Cluster
    let indices: ClusterIndices

    public init(_ client: OpenSearchClient, _ options: Options = Options()) {
        let cluster = Cluster(timeout: options.requestTimeout) { (request, work) throws(OpenSearchError) in
            try client.perform(request, work).body
        }
        self.init(cluster, options)
    }

    package init(_ cluster: Cluster, _ options: Options) {
        self.cluster = cluster
        isSampled = options.isSampled
        let age = options.spanAgeMax.components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        indices = ClusterIndices(naming: options.naming, spanAgeMax: age.overflow ? .max : age.partialValue)
    }

    // MARK: Traces

    public func find(
        _ query: TraceQuery, _ work: QueryWork, _ body: (FoundTrace) throws -> Void
    ) throws -> TraceSearchOutcome {
        var search = try ClusterTraceSearch(query, cluster, indices, work)
        let outcome = try search.run(body)
        guard outcome.count == .exactly(0), let other = try queryByOtherNames(query) else { return outcome }
        var otherSearch = try ClusterTraceSearch(other.query, cluster, indices, work)
        var otherOutcome = try otherSearch.run(body)
        otherOutcome.notes += other.notes
        return otherOutcome
    }

    public func openTrace(_ traceID: TraceID, _ work: QueryWork) throws(StoreError) -> TraceCursor? {
        var fetch = TraceFetch(cluster, indices.spans(indices.wholeWindow), work)
        guard let trace = try fetch.traces([traceID])[traceID] else {
            // That it is not there is only known if everything was asked.
            if let gap = fetch.gaps.first { throw StoreError(.unreachable, "trace \(traceID) was not found: \(gap)") }
            return nil
        }
        return TraceCursor(trace, gaps: fetch.gaps)
    }

    /// Traces of which the spans are asked for at once.
    private static let traceCountMax = 50

    public func forEachTrace(
        _ traceIDs: [TraceID], _ work: QueryWork, _ body: (Trace) throws -> Void
    ) throws -> SpanQueryOutcome {
        var outcome = SpanQueryOutcome()
        for start in stride(from: 0, to: traceIDs.count, by: Self.traceCountMax) {
            let page = Array(traceIDs[start..<min(start + Self.traceCountMax, traceIDs.count)])
            var fetch = TraceFetch(cluster, indices.spans(indices.wholeWindow), work)
            let traces: [TraceID: Trace]
            do throws(StoreError) {
                traces = try fetch.traces(page)
            } catch {
                guard error.code == .timedOut else { throw error }
                outcome.isComplete = false
                break
            }
            for gap in fetch.gaps where !outcome.gaps.contains(gap) { outcome.gaps.append(gap) }
            for traceID in page {
                if let trace = traces[traceID] { try body(trace) }
            }
        }
        return outcome
    }
}

extension OpenSearchClient {
    /// Sends a request and waits for its answer, but no longer than anybody wants it.
    func perform(_ request: OpenSearchRequest, _ work: QueryWork) throws(OpenSearchError) -> OpenSearchResponse {
        let waiting = WaitingAnswer()
        let call = send(request) { waiting.finish($0) }
        while true {
            if let answer = waiting.wait(seconds: 0.05) { return try answer.get() }
            do throws(StoreError) {
                try work.check()
            } catch {
                call.cancel()
                throw OpenSearchError(.stopped, error.message)
            }
        }
    }
}

/// An answer that a query waits for.
private final class WaitingAnswer: Sendable {
    private let condition = ThreadCondition()
    /// Guarded by the condition.
    private nonisolated(unsafe) var answer: Result<OpenSearchResponse, OpenSearchError>?

    func finish(_ answer: Result<OpenSearchResponse, OpenSearchError>) {
        condition.signal { self.answer = answer }
    }

    func wait(seconds: Double) -> Result<OpenSearchResponse, OpenSearchError>? {
        condition.wait(seconds: seconds) { answer }
    }
}
