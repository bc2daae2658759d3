internal import TraceModel
public import TraceStore

/// Requests that a version served and that are stored, as far as comparisons ask.
struct StoredRequests {
    struct Request {
        var traceID: TraceID
        var spanID: SpanID
        /// Nanoseconds since 1970, and nanoseconds.
        var start: Int64
        var duration: Int64
        var isError: Bool
        /// Of how many it is one that sampling left out, and, besides, that were not looked at.
        var samplingWeight: Double
        var weight: Double
        /// Texts; 0: none.
        var operation: UInt32
        var commonOperation: UInt32
        var path: UInt32
        var url: UInt32
        /// Places among `features`: what went wrong, then the attributes.
        var firstFeature: Int
        var errorKindCount: Int
        var featureCount: Int
    }

    /// A part of the time of which the requests from some moment on were looked at.
    struct Coverage {
        var part: Range<Int64>
        var from: Int64
    }

    var version: String
    var requests: [Request] = []
    var features: [UInt32] = []
    /// The candidate served copies of requests only.
    var isMirrored = false
    var coverage: [Coverage] = []
    /// All that are stored were looked at; if not, for lack of time or because they are too many.
    var isComplete = true
    var isOutOfTime = false
    var gaps: [String] = []

    init(version: String) { self.version = version }

    func errorKinds(_ place: Int) -> ArraySlice<UInt32> {
        let request = requests[place]
        return features[request.firstFeature..<request.firstFeature + request.errorKindCount]
    }

    func attributes(_ place: Int) -> ArraySlice<UInt32> {
        let request = requests[place]
        let first = request.firstFeature + request.errorKindCount
        return features[first..<first + request.featureCount]
    }

    var isWeighted: Bool { requests.contains { $0.weight != 1 } }
    var isSampled: Bool { requests.contains { $0.samplingWeight != 1 } }
    /// How many are stored, about.
    var storedCount: Int {
        let sum = requests.reduce(0) { $0 + $1.weight / $1.samplingWeight }
        return max(requests.count, Int(exactly: sum.rounded()) ?? .max)
    }

    /// Whether all requests of a moment were looked at.
    func covers(_ time: Int64) -> Bool { coverage.contains { $0.part.contains(time) && time >= $0.from } }
}

/// How many stored requests are looked at.
public struct StoredRequestLimits: Sendable, Equatable {
    /// Of each version: all, or if there are more, some of each part of the time.
    public var requestCountMax = 10_000
    /// For reading those of both.
    public var time: Duration = .seconds(2)

    public init() {}
}

/// Stored requests of two versions of a service.
public struct StoredRequestPair {
    let serviceName: String
    let window: Range<Int64>
    let base: StoredRequests
    let candidate: StoredRequests
    let names: RequestNames
    /// Whether the store leaves requests out.
    let isSampled: Bool

    /// Reads requests.
    /// - Parameters:
    ///   - window: nanoseconds since 1970.
    ///   - isMirrored: the candidate's are copies of requests; nil: if it served no others.
    ///   - hasMirrored: copies of requests were served, as far as that is known.
    /// - Throws: `StoreError`.
    public init(
        of serviceName: String, base: String, candidate: String, within window: Range<Int64>, isMirrored: Bool? = nil,
        hasMirrored: Bool = true, from store: any QueryableStore, limits: StoredRequestLimits = .init(),
        _ work: QueryWork
    ) throws {
        self.serviceName = serviceName
        self.window = window
        var reader = RequestReader(serviceName, window, store, limits, work)
        let others: Bool? = hasMirrored ? false : nil
        // The candidate has fewer, as a rule: the base must not use up the time.
        var own = try reader.read(candidate, isMirrored: isMirrored == true ? true : others)
        if isMirrored == nil, hasMirrored, own.requests.isEmpty {
            own = try reader.read(candidate, isMirrored: true)
        }
        self.candidate = own
        self.base = try reader.read(base, isMirrored: others)
        names = reader.names
        isSampled = store.isSampled || own.isSampled || self.base.isSampled
    }

    /// What one should know of how much was read, in sentences.
    var notes: [String] {
        var notes: [String] = []
        for requests in [base, candidate] {
            if requests.requests.isEmpty {
                notes.append("no request of \(requests.version) is stored of this time")
            } else if requests.isOutOfTime {
                notes.append("there was no time to look at all stored requests of \(requests.version)")
            } else if !requests.isComplete {
                notes.append(
                    "of \(requests.version) \(requests.requests.count) of about \(requests.storedCount) stored requests"
                        + " were looked at, spread over the time")
            }
        }
        for gap in base.gaps + candidate.gaps where !notes.contains(gap) { notes.append(gap) }
        return notes
    }
}

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

    mutating func read(_ version: String, isMirrored: Bool?) throws -> StoredRequests {
        var requests = StoredRequests(version: version)
        requests.isMirrored = isMirrored == true
        try read(window, isMirrored, limit: limits.requestCountMax, into: &requests)
        guard !requests.isComplete, requests.requests.count >= limits.requestCountMax else {
            requests.isOutOfTime = !requests.isComplete
            return requests
        }
        // The latest alone would not show what went wrong for a while some time ago.
        var spread = StoredRequests(version: version)
        spread.isMirrored = requests.isMirrored
        let parts = try partsOfTime()
        for (place, part) in parts.enumerated() {
            let limit = (limits.requestCountMax - spread.requests.count) / (parts.count - place)
            try read(part, isMirrored, limit: limit, into: &spread)
            if spread.isOutOfTime { break }
        }
        spread.isComplete = false
        return spread
    }

    private static let partCount = 20

    /// Equal parts of the time of which anything may be stored; neighbours stand far apart, in case that time is up.
    private func partsOfTime() throws -> [Range<Int64>] {
        var (start, end) = (window.lowerBound, window.upperBound)
        if let known = try store.timeRange() {
            start = max(start, known.lowerBound)
            end = min(end, max(start, known.upperBound == .max ? .max : known.upperBound + 1))
        }
        let length = max(1, (end - start) / Int64(Self.partCount))
        return (0..<Self.partCount).map { number in
            let place = Int64((Self.partCount - 1) * (number + 1) * 7 % Self.partCount)
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
