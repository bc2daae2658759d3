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
        /// Of how many it is one: sampling left out the others.
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

    var version: String
    /// The latest first, about.
    var requests: [Request] = []
    var features: [UInt32] = []
    /// The candidate served copies of requests only.
    var isMirrored = false
    /// All that are stored.
    var isComplete = true
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
    var earliest: Int64? { requests.lazy.map(\.start).min() }
}

/// How many stored requests are looked at.
public struct StoredRequestLimits: Sendable, Equatable {
    /// Of each version, the latest.
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
        isSampled = store.isSampled || own.isWeighted || self.base.isWeighted
    }

    /// What one should know of how much was read, in sentences.
    var notes: [String] {
        var notes: [String] = []
        for requests in [base, candidate] {
            if requests.requests.isEmpty {
                notes.append("no request of \(requests.version) is stored of this time")
            } else if !requests.isComplete, let earliest = requests.earliest {
                let seconds = max(1, (window.upperBound - earliest) / 1_000_000_000)
                notes.append(
                    "of \(requests.version) the latest \(requests.requests.count) stored requests were looked at, those "
                        + "of the last \(seconds) s; it has more")
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
        var query = SpanQuery(serviceName: serviceName, window: window, limit: limits.requestCountMax)
        query.version = version
        query.isMirrored = isMirrored
        var extractor = extractor
        let outcome = try store.forEachSpan(query, work) { extractor.append($0, to: &requests) }
        self.extractor = extractor
        requests.isComplete = outcome.isComplete
        requests.gaps = outcome.gaps
        return requests
    }
}
