internal import FoundationEssentials
internal import HTTPClient
public import Logging
public import OpenSearch
internal import Synchronization
internal import Threads
internal import Topology
internal import TraceModel
internal import TraceStore
internal import WireFormats

/// Has the calls between services be in the cluster, as one of Jaeger's documents for each interval that is over.
///
/// They are counted from the spans that are there some time after the interval, by the rules of the embedded store.
/// Spans that come later are not counted. Several collectors share the work: who makes the claim for an interval does
/// it, and one who does not come to an end is followed by another. A repeat changes nothing: the document has an ID
/// of its own.
public final class DependencyWriter: Sendable {
    public struct Options: Sendable {
        /// Whole minutes.
        public var interval: Duration = .seconds(300)
        /// How long spans may take to come.
        public var grace: Duration = .seconds(60)
        /// Intervals that are looked after, back from now.
        public var intervalCount = 12
        /// After which somebody else does what was claimed, but was not done.
        public var claimTime: Duration = .seconds(600)

        public init() {}
    }

    private let store: OpenSearchTraceStore
    private let client: OpenSearchClient
    private let options: Options
    private let logger: Logger
    private let condition = ThreadCondition()
    /// Guarded by the condition.
    private nonisolated(unsafe) var isStopped = false
    /// Starts of the intervals that are done.
    private let done = Mutex<Set<Int64>>([])
    private let thread = Mutex<WorkerThread?>(nil)

    private static let claimIndex = "skein-claim"
    /// Traces that are read at once.
    private static let traceCountMax = 100

    public init(
        _ store: OpenSearchTraceStore, _ client: OpenSearchClient, options: Options = Options(), logger: Logger
    ) {
        precondition(options.interval >= .seconds(60), "calls are counted by the minute")
        self.store = store
        self.client = client
        self.options = options
        self.logger = logger
    }

    /// Looks every minute, on a thread of its own.
    /// - Throws: `OpenSearchError`, if the system has no thread to give.
    public func start() throws(OpenSearchError) {
        do throws(ThreadError) {
            let new = try WorkerThread { [self] in run() }
            thread.withLock { $0 = new }
        } catch {
            throw OpenSearchError(.badOptions, "no thread for calls: \(error)")
        }
    }

    /// Waits until what is being done is done.
    public func close() {
        condition.signal { isStopped = true }
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private func run() {
        while true {
            do {
                try look(now: SystemClock.nanosecondsSince1970())
            } catch {
                logger.warning("calls between services are not counted yet", metadata: ["reason": "\(error)"])
            }
            if condition.wait(seconds: 60, until: { isStopped ? true : nil }) == true { return }
        }
    }

    // MARK: Intervals

    /// Does what is to be done, and nobody else does. Blocks.
    /// - Parameter now: nanoseconds since 1970.
    package func look(now: Int64) throws {
        let interval = nanoseconds(options.interval)
        let last = (now - nanoseconds(options.grace)) / interval * interval - interval
        let first = last - Int64(options.intervalCount - 1) * interval
        done.withLock { done in done = done.filter { $0 >= first } }
        for start in stride(from: max(first, 0), through: last, by: Int.Stride(interval)) {
            if done.withLock({ $0.contains(start) }) { continue }
            if condition.wait(seconds: 0, until: { isStopped ? true : nil }) == true { return }
            guard try isClaimed(start, now: now) else { continue }
            try write(try links(within: start..<start + interval), at: start)
            try tell(start, Claim(time: now, isDone: true))
            done.withLock { _ = $0.insert(start) }
        }
    }

    private func write(_ links: [DependencyLink], at start: Int64) throws {
        guard !links.isEmpty else { return }
        let document = JaegerDependencyDocument(
            time: start,
            links: links.map {
                .init(
                    parent: $0.parent, child: $0.child, callCount: Int64($0.callCount),
                    errorCount: Int64($0.errorCount))
            })
        var body = BulkBody()
        document.append(id: Self.name(start), store.indices.naming, to: &body)
        let waiting = Waiting<Result<BulkOutcome, OpenSearchError>>()
        client.bulk(body) { waiting.finish($0) }
        switch try waiting.wait().get().problems.first?.verdict {
        case .again(_, let reason), .rejected(_, _, let reason):
            throw StoreError(.unreachable, "calls between services are not taken: \(reason)")
        case nil: return
        }
    }

    /// Counts the traces that begin within the minutes of an interval.
    private func links(within interval: Range<Int64>) throws(StoreError) -> [DependencyLink] {
        let window = interval.lowerBound...interval.upperBound - 1
        let work = QueryWork()
        var fetch = TraceFetch(store.cluster, store.indices.wholeTraces(window), work)
        var (extractor, names, counter) = (CallExtractor(), CallNames(), CallCounter())
        var traceIDs: Set<TraceID> = []
        func count() throws(StoreError) {
            var records: [CallRecord] = []
            try fetch.forEachBatch(of: Array(traceIDs)) { extractor.append($0, to: &records, &names) }
            counter.add(&records, names)
            traceIDs = []
        }
        try store.forEachValue(
            of: DocumentField.traceID, in: store.indices.spans(window), .starts(window), work
        ) { text, _ throws(StoreError) in
            if let traceID = TraceID(hex: text) { traceIDs.insert(traceID) }
            if traceIDs.count >= Self.traceCountMax { try count() }
        }
        try count()
        if let gap = fetch.gaps.first { throw StoreError(.unreachable, gap) }
        var series: [CallSeries: CallTotals] = [:]
        for (minute, own) in counter.buckets where interval.contains(minute) {
            for (key, totals) in own where key.kind == .link { series[key, default: CallTotals()].merge(totals) }
        }
        return DependencyLink.links(of: series, names)
    }

    private func nanoseconds(_ duration: Duration) -> Int64 { duration.components.seconds * 1_000_000_000 }

    // MARK: Claims

    private struct Claim: Codable {
        /// Nanoseconds since 1970.
        var time: Int64
        var isDone: Bool
    }

    private static func name(_ start: Int64) -> String { "skein-\(start / 1_000_000_000)" }

    private func path(_ verb: String, _ start: Int64) -> String {
        let index = PercentEncoding.encode(store.indices.naming.name(of: Self.claimIndex))
        return "/\(index)/\(verb)/\(Self.name(start))"
    }

    /// Whether this one is to do it.
    private func isClaimed(_ start: Int64, now: Int64) throws -> Bool {
        let body = Array(try JSONEncoder().encode(Claim(time: now, isDone: false)))
        do throws(OpenSearchError) {
            _ = try client.perform(OpenSearchRequest("PUT", path("_create", start), body: body))
            return true
        } catch {
            guard error.status == 409 else { throw error }
        }
        struct Found: Decodable {
            let _source: Claim
        }
        let answer = try client.perform(OpenSearchRequest("GET", path("_doc", start)))
        let claim = try JSONDecoder().decode(Found.self, from: Data(answer.body))._source
        if claim.isDone {
            done.withLock { _ = $0.insert(start) }
            return false
        }
        guard now - claim.time >= nanoseconds(options.claimTime) else { return false }
        try tell(start, Claim(time: now, isDone: false))
        return true
    }

    private func tell(_ start: Int64, _ claim: Claim) throws {
        let body = Array(try JSONEncoder().encode(claim))
        _ = try client.perform(OpenSearchRequest("PUT", path("_doc", start), body: body))
    }
}
