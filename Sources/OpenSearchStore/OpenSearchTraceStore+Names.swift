internal import Bytes
internal import TraceModel
public import TraceStore
internal import WireFormats

extension OpenSearchTraceStore {
    /// Names of the services that have spans of the last days, as many as spans may be old, sorted.
    public func serviceNames() throws(StoreError) -> [String] {
        let found = try names("serviceName", of: indices.services(indices.wholeWindow), .anything)
        return found.filter { !$0.isEmpty }
    }

    /// Operations of a service, by name and kind; of one that is known by another name, those of that one.
    ///
    /// The kinds are those of the spans: Jaeger's lists of names have none.
    public func operations(ofService service: String) throws(StoreError) -> [Operation] {
        let own = try operations(ofServiceCalled: service)
        if own.isEmpty, let alias = try alias(of: service) { return try operations(ofServiceCalled: alias.serviceName) }
        return own
    }

    private func operations(ofServiceCalled service: String) throws(StoreError) -> [Operation] {
        guard !service.isEmpty else { return [] }
        let place = AttributePlace.span
        var filters: [(kind: SpanKind, filter: DocumentFilter)] = SpanKind.allCases.compactMap { kind in
            kind.jaegerName.map { (kind, place.has("span.kind", $0)) }
        }
        filters.append((.unspecified, .not(.any(filters.map(\.filter)))))
        var operations: [Operation] = []
        try forEachValue(
            of: DocumentField.operation, in: indices.spans(indices.wholeWindow),
            .term(DocumentField.service, service), counting: filters.map(\.filter)
        ) { name, counts throws(StoreError) in
            guard !name.isEmpty else { return }
            for (count, filter) in zip(counts, filters) where count > 0 {
                operations.append(Operation(name: name, kind: filter.kind))
            }
        }
        return operations.sorted { ($0.name, $0.kind.rawValue) < ($1.name, $1.kind.rawValue) }
    }

    /// Names of the services that a service called or was called by, as its own spans name them, sorted.
    public func remoteServiceNames(ofService service: String) throws(StoreError) -> [String] {
        guard !service.isEmpty else { return [] }
        let found = try attributeValues(
            scope: .span, key: "peer.service", serviceName: service, within: indices.wholeWindow, limit: 10_000,
            QueryWork())
        return found.values.compactMap { value in
            if case .string(let name) = value, !name.isEmpty { name } else { nil }
        }
    }

    /// From the start of the earliest span to that of the latest, with its duration.
    public func timeRange() throws(StoreError) -> ClosedRange<Int64>? {
        struct Times: Decodable {
            let first: NumberAggregation
            let last: NumberAggregation
        }
        let window = indices.wholeWindow
        var body = SearchBody(size: 0, filter: .starts(window))
        body.add(#""aggs":{"first":{"min":{"field":"startTime"}},"last":{"max":{"field":"startTime"}}}"#)
        let answer = try cluster.aggregate(indices.spans(window), body, QueryWork(), as: Times.self)
        try require(answer)
        guard let first = answer.aggregations?.first.value, let last = answer.aggregations?.last.value,
            let start = Int64(exactly: first.rounded()), let end = Int64(exactly: last.rounded())
        else { return nil }
        let latest = max(start, end.addingClamped(try duration(ofSpanAt: end, window)))
        return start.multipliedClamped(by: 1_000)...latest.multipliedClamped(by: 1_000)
    }

    /// The longest duration, in microseconds, of the spans that start then.
    private func duration(ofSpanAt start: Int64, _ window: ClosedRange<Int64>) throws(StoreError) -> Int64 {
        struct Longest: Decodable {
            let longest: NumberAggregation
        }
        var body = SearchBody(size: 0, filter: .range(DocumentField.start, from: start, to: start))
        body.add(#""aggs":{"longest":{"max":{"field":"duration"}}}"#)
        let answer = try cluster.aggregate(indices.spans(window), body, QueryWork(), as: Longest.self)
        try require(answer)
        return answer.aggregations?.longest.value.flatMap { Int64(exactly: $0.rounded()) } ?? 0
    }

    // MARK: All values of a field

    /// All values that a field has in these documents, sorted.
    private func names(
        _ field: String, of indices: IndexWindow, _ filter: DocumentFilter
    ) throws(StoreError) -> [String] {
        var names: [String] = []
        try forEachValue(of: field, in: indices, filter) { name, _ throws(StoreError) in names.append(name) }
        return names.sorted()
    }

    private static var bucketPageSize: Int { 1_000 }

    private struct Values: Decodable {
        struct Key: Codable {
            let value: String
        }
        struct Bucket: Decodable {
            let key: Key
            let counts: FilterCounts?
        }
        struct Page: Decodable {
            let buckets: [Bucket]
            let afterKey: Key?
        }
        let values: Page
    }

    /// Calls `body` with each value that a field has, and how many of its documents each filter finds.
    func forEachValue(
        of field: String, in indices: IndexWindow, _ filter: DocumentFilter, counting filters: [DocumentFilter] = [],
        _ work: QueryWork = QueryWork(), _ body: (String, [Int]) throws(StoreError) -> Void
    ) throws(StoreError) {
        var after: String?
        repeat {
            let place = after.map { ",\"after\":{\"value\":\(quoted($0))}" } ?? ""
            let sources = "[{\"value\":{\"terms\":{\"field\":\(quoted(field))}}}]"
            let counts = filters.isEmpty ? "" : ",\"aggs\":{\"counts\":\(FilterCounts.text(filters))}"
            var search = SearchBody(size: 0, filter: filter)
            search.add(
                aggregation: "values",
                "{\"composite\":{\"size\":\(Self.bucketPageSize),\"sources\":\(sources)\(place)}\(counts)}")
            let answer = try cluster.aggregate(indices, search, work, as: Values.self)
            try require(answer)
            let buckets = answer.aggregations?.values.buckets ?? []
            for bucket in buckets { try body(bucket.key.value, bucket.counts?.counts ?? []) }
            after = buckets.count < Self.bucketPageSize ? nil : answer.aggregations?.values.afterKey?.value
        } while after != nil
    }

    /// That an answer is all that there is: a list has no place to tell that it is not.
    func require<Aggregations>(_ answer: SearchAnswer<Aggregations>) throws(StoreError) {
        if let gap = answer.gap { throw StoreError(.unreachable, gap) }
    }
}
