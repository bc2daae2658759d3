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
}

extension StoredRequestPair {
    /// Reads requests.
    /// - Parameters:
    ///   - window: nanoseconds since 1970.
    ///   - isMirrored: the candidate's are copies of requests; nil: if it served no others.
    ///   - hasMirrored: copies of requests were served, as far as that is known.
    ///   - counts: requests of each that were counted; nil: not known.
    /// - Throws: `StoreError`.
    public init(
        of serviceName: String, base: String, candidate: String, within window: Range<Int64>, isMirrored: Bool? = nil,
        hasMirrored: Bool = true, counts: (base: Int, candidate: Int)? = nil, from store: any QueryableStore,
        limits: StoredRequestLimits = .init(), _ work: QueryWork
    ) throws {
        self.serviceName = serviceName
        self.window = window
        var reader = RequestReader(serviceName, window, store, limits, work)
        let others: Bool? = hasMirrored ? false : nil
        // The candidate has fewer, as a rule: the base must not use up the time.
        var own = try reader.read(
            candidate, isMirrored: isMirrored == true ? true : others, count: counts?.candidate)
        if isMirrored == nil, hasMirrored, own.requests.isEmpty, own.isComplete {
            own = try reader.read(candidate, isMirrored: true, count: nil)
        }
        self.candidate = own
        self.base = try reader.read(base, isMirrored: others, count: counts?.base)
        names = reader.names
        isSampled = store.isSampled || own.isSampled || self.base.isSampled
    }

    /// What one should know of how much was read, in sentences.
    var notes: [String] {
        var notes: [String] = []
        for requests in [base, candidate] {
            if requests.isOutOfTime {
                notes.append("there was no time to look at all stored requests of \(requests.version)")
            } else if requests.requests.isEmpty {
                notes.append("no request of \(requests.version) is stored of this time")
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
