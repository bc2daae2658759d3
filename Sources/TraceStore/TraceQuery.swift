public import QueryLanguage
public import TraceModel

/// Which traces to find. Names and values are compared byte by byte.
public struct TraceQuery: Sendable {
    /// Whose rules say when a trace matches.
    public enum Rules: Sendable, Equatable {
        /// Every clause is met by some span whose local service is the one asked for, not always the same span; the
        /// window tests the start of the root span, or of the earliest span if there is no root (Zipkin).
        case anySpans
        /// All clauses and the window are met by one span of the service (Jaeger).
        case oneSpan
        /// The query language's own; the window tests the start of the trace, that is of its earliest span. Service,
        /// operation and the other clauses say nothing here.
        case traceQL(TraceQLQuery)
    }

    /// What an attribute has to be.
    public struct AttributeClause: Sendable, Equatable {
        public enum Target: Sendable, Equatable {
            case keyOrEvent  // the key of an attribute, or the name of an event (Zipkin: a bare word)
            case attribute(value: String)  // an attribute's value, as text
            case anywhere(value: String)  // an attribute of the span, its resource, scope, events or links (Jaeger)
        }

        public var key: String
        public var target: Target

        public init(key: String, target: Target) {
            self.key = key
            self.target = target
        }
    }

    public var rules: Rules
    public var serviceName: String?
    /// Set for a service that was asked for together with its namespace, which its spans have as an attribute.
    var namespace: String?
    public var operationName: String?
    public var remoteServiceName: String?
    public var attributes: [AttributeClause] = []
    /// Nanoseconds, inclusive.
    public var durationMin: Int64?
    public var durationMax: Int64?
    /// Nanoseconds since 1970, inclusive at both ends.
    public var startMin: Int64
    public var startMax: Int64
    /// Traces at most: those that start last.
    public var limit: Int
    /// Only traces that come after this one.
    public var after: Place?
    /// Traces that match are counted up to here, also beyond the limit.
    public var countMax = 0

    /// Where a trace stands in the order of an answer: by start, the last first, and of equal starts by ID, the
    /// greatest first.
    public struct Place: Sendable, Equatable {
        /// Of the root span or the earliest one, as the rules say; nanoseconds since 1970.
        public var start: Int64
        public var traceID: TraceID

        public init(start: Int64, traceID: TraceID) {
            self.start = start
            self.traceID = traceID
        }

        package func isFollowed(by start: Int64, _ traceID: TraceID) -> Bool {
            (start, traceID) < (self.start, self.traceID)
        }
    }

    public init(rules: Rules, startMin: Int64, startMax: Int64, limit: Int) {
        self.rules = rules
        self.startMin = startMin
        self.startMax = startMax
        self.limit = limit
    }
}

/// A trace that a search found.
public struct FoundTrace: Sendable {
    public let trace: Trace
    /// Where it stands in the order of the answer.
    public let place: TraceQuery.Place
    /// What the query language says of its spans; empty by other rules.
    public let spansets: [Spanset]
}

/// What a search tells when it has ended.
public struct TraceSearchOutcome: Sendable {
    /// How many traces match, whatever the limit.
    public enum MatchCount: Sendable, Equatable {
        case exactly(Int)
        case atLeast(Int)
    }

    /// What was read for it. Traces and spans are those that were looked at whole.
    public struct Scanned: Sendable, Equatable {
        public var segmentCount = 0
        public var blockCount = 0
        public var traceCount = 0
        public var spanCount = 0

        package init() {}
    }

    /// From the place on at which the search began.
    public let count: MatchCount
    /// More traces match than the limit let through.
    public let hasMore: Bool
    public let scanned: Scanned
    /// What the matching traces say of all that were offered, where the sampler left out some.
    public let estimate: SampleEstimate
    /// What a reader has to know of the answer, in words: a service was found by another name.
    public var notes: [String] = []
    /// Why traces may be missing that match, in words; empty if none are.
    public var gaps: [String] = []

    package init(
        count: MatchCount, hasMore: Bool, scanned: Scanned, estimate: SampleEstimate, gaps: [String] = []
    ) {
        self.count = count
        self.hasMore = hasMore
        self.scanned = scanned
        self.estimate = estimate
        self.gaps = gaps
    }
}
