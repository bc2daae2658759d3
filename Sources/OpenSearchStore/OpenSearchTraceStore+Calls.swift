internal import FoundationEssentials
public import Topology
internal import TraceModel
public import TraceStore

extension OpenSearchTraceStore {
    /// Who called whom, as Jaeger's documents of the time say it: what several of them count is added up.
    public func dependencies(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [DependencyLink] {
        var sums: [[String]: DependencyLink] = [:]
        try forEachDocument(within: window, work) { document in
            for link in document.dependencies ?? [] {
                let none = DependencyLink(parent: link.parent, child: link.child, callCount: 0, errorCount: 0)
                var sum = sums[[link.parent, link.child]] ?? none
                sum.callCount = Self.sum(sum.callCount, link.callCount)
                sum.errorCount = Self.sum(sum.errorCount, link.errorCount)
                sums[[link.parent, link.child]] = sum
            }
        }
        return sums.values.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }

    /// No more than any services call each other, whatever a document says: sums of it are numbers, too.
    private static func sum(_ count: Int, _ other: Int?) -> Int {
        let countMax = 1 << 44
        return min(count + min(max(other ?? 0, 0), countMax), countMax)
    }

    /// Services and the calls between them, as the dependencies have them: without durations, kinds of calls, and
    /// requests served.
    /// - Throws: `unsupported`, unless services are the nodes.
    public func topology(_ query: TopologyQuery) throws(StoreError) -> TopologyGraph {
        guard query.grouping == .service else {
            throw StoreError(
                .unsupported,
                "what OpenSearch has of calls is between services: it cannot be grouped by \(query.grouping.rawValue)")
        }
        let window =
            query.window.lowerBound...max(query.window.upperBound.subtractingClamped(1), query.window.lowerBound)
        var names = CallNames()
        var series: [CallSeries: CallTotals] = [:]
        for link in try dependencies(within: window, QueryWork()) {
            var totals = CallTotals()
            totals.callCount = link.callCount
            totals.errorCount = link.errorCount
            let caller = CallParty(serviceName: names.number(of: link.parent))
            series[CallSeries(.rpc, caller: caller, callee: CallParty(serviceName: names.number(of: link.child)))] =
                totals
        }
        // That they send spans themselves.
        for service in try serviceNames() {
            series[CallSeries(.operation, callee: CallParty(serviceName: names.number(of: service)))] = CallTotals()
        }
        var graph = TopologyGraph(series: series, names: names, query: query, window: query.window)
        graph.notes.append(
            "OpenSearch has calls between services only: how long they took, and what versions answered, is not known")
        return graph
    }

    public func propagation(within window: Range<Int64>) throws(StoreError) -> PropagationReport {
        throw StoreError(.unsupported, "where traces fall apart is not counted where OpenSearch is the storage")
    }

    public func operations(
        within window: Range<Int64>, stepSeconds: Int64
    ) throws(StoreError) -> [OperationTotals] {
        throw StoreError(
            .unsupported, "figures of operations over time are not counted where OpenSearch is the storage")
    }

    // MARK: Documents

    private struct Document: Decodable {
        struct Link: Decodable {
            let parent: String
            let child: String
            let callCount: Int?
            let errorCount: Int?
        }
        let dependencies: [Link]?
    }

    private struct Page: Decodable {
        struct Hits: Decodable {
            let hits: [Hit]
        }
        struct Hit: Decodable {
            let _index: String
            let _id: String
            let _source: Document
            let sort: [Int64]
        }
        let hits: Hits
    }

    private static var pageSize: Int { 1_000 }

    /// Calls `body` with each document of dependencies whose time is within the window.
    private func forEachDocument(
        within window: ClosedRange<Int64>, _ work: QueryWork, _ body: (Document) -> Void
    ) throws(StoreError) {
        var first = CandidateSearch.microseconds(window.lowerBound) / 1_000
        let last = min(CandidateSearch.microseconds(window.upperBound) / 1_000, Self.lastMillisecond)
        /// Documents of the millisecond at which the page before ended.
        var known: Set<[String]> = []
        while true {
            var search = SearchBody(size: Self.pageSize, filter: .milliseconds("timestamp", from: first, to: last))
            search.add(#""sort":[{"timestamp":{"order":"asc","unmapped_type":"date"}}]"#)
            let bytes = try cluster.search(indices.dependencies(window), search, work)
            try require(try cluster.decode(bytes) as SearchAnswer<Never?>)
            let hits = (try cluster.decode(bytes) as Page).hits.hits
            let new = hits.filter { !known.contains([$0._index, $0._id]) }
            for hit in new { body(hit._source) }
            guard hits.count == Self.pageSize, let end = hits.last?.sort.first else { return }
            guard !new.isEmpty else {
                throw StoreError(
                    .unreachable, "more than \(Self.pageSize) dependencies of one moment are in OpenSearch")
            }
            if end > first { known = [] }
            known.formUnion(hits.filter { $0.sort.first == end }.map { [$0._index, $0._id] })
            first = end
        }
    }

    /// The last that four digits of a year can tell.
    private static var lastMillisecond: Int64 { 253_402_300_799_999 }
}
