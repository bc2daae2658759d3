internal import TraceStore

/// Reads stored requests.
struct RequestReader {
    private let serviceName: String
    private let window: Range<Int64>
    private let store: any QueryableStore
    private let limits: StoredRequestLimits
    private let work: QueryWork
    private var extractor = RequestExtractor()

    var names: RequestNames { extractor.names }

    init(
        _ serviceName: String, _ window: Range<Int64>, _ store: any QueryableStore, _ limits: StoredRequestLimits,
        _ work: QueryWork
    ) {
        self.serviceName = serviceName
        self.window = window
        self.store = store
        self.limits = limits
        self.work = work.limited(to: limits.time)
    }

    /// - Parameter count: of the requests that were counted; of a store that leaves out some it says nothing.
    mutating func read(_ version: String, isMirrored: Bool?, count: Int?) throws -> StoredRequests {
        var requests = StoredRequests(version: version)
        requests.isMirrored = isMirrored == true
        var spread = requests
        if store.isSampled || count ?? 0 <= limits.requestCountMax {
            try read(window, isMirrored, limit: limits.requestCountMax, into: &requests)
            guard !requests.isComplete, requests.requests.count >= limits.requestCountMax else {
                requests.isOutOfTime = !requests.isComplete
                return requests
            }
        }
        // The latest alone would not show what went wrong for a while some time ago.
        let parts = try partsOfTime()
        for (place, part) in parts.enumerated() {
            let limit = (limits.requestCountMax - spread.requests.count) / (parts.count - place)
            try read(part, isMirrored, limit: limit, into: &spread)
            if spread.isOutOfTime { break }
        }
        return spread
    }

    private static let partCount = 20

    /// Equal parts of the time of which anything may be stored; neighbours stand far apart, in case that time is up.
    private func partsOfTime() throws -> [Range<Int64>] {
        var (start, end) = (max(0, window.lowerBound), max(0, window.upperBound))
        if let known = try store.timeRange() {
            end = min(end, known.upperBound == .max ? .max : max(0, known.upperBound + 1))
            start = min(max(start, known.lowerBound), end)
        }
        let length = max(1, (end - start) / Int64(Self.partCount))
        return (0..<Self.partCount).map { number in
            let place = Int64((number + 1) * 13 % Self.partCount)
            let first = start + place * length
            return first..<(place == Int64(Self.partCount - 1) ? max(end, first) : first + length)
        }
    }

    /// Reads requests of a part of the time, the latest, and has those that it reads stand for the others.
    private mutating func read(
        _ part: Range<Int64>, _ isMirrored: Bool?, limit: Int, into requests: inout StoredRequests
    ) throws {
        var query = SpanQuery(serviceName: serviceName, window: part, limit: limit)
        query.version = requests.version
        query.isMirrored = isMirrored
        let first = requests.requests.count
        var extractor = extractor
        // The one copy of what it knows is changed.
        self.extractor = RequestExtractor()
        defer { self.extractor = extractor }
        let outcome = try store.forEachSpan(query, work) { extractor.append($0, to: &requests) }
        for gap in outcome.gaps where !requests.gaps.contains(gap) { requests.gaps.append(gap) }
        guard !outcome.isComplete else {
            requests.coverage.append(StoredRequests.Coverage(part: part, from: part.lowerBound))
            return
        }
        requests.isComplete = false
        let own = first..<requests.requests.count
        if own.count < limit { requests.isOutOfTime = true }
        guard let earliest = requests.requests[own].lazy.map(\.start).min() else { return }
        requests.coverage.append(StoredRequests.Coverage(part: part, from: earliest))
        guard part != window else { return }
        let covered = Double(max(1, part.upperBound - earliest))
        for place in own { requests.requests[place].weight *= Double(part.upperBound - part.lowerBound) / covered }
    }
}
