internal import TraceModel

/// What policies would have kept of stored traces. Durations in nanoseconds.
public struct SimulationReport: Codable, Sendable, Equatable {
    /// Of all that was looked at.
    public var seen = Tally()
    /// In the order in which they apply: arrival, whole traces, each age. Each has what the ones before it left.
    public var stages: [Stage] = []
    /// Bytes that a stored span takes; absent where nothing tells.
    public var bytesPerSpan: Double?
    /// What the figures rest on, in words.
    public var notes: [String] = []

    public struct Tally: Codable, Sendable, Equatable {
        public var traceCount = 0
        public var spanCount = 0
        /// Traces in which any span failed.
        public var errorTraceCount = 0
        /// Longer than the 99th percentile of all that was looked at, within 2 % of it.
        public var slowTraceCount = 0
        /// Of the traces' durations, each trace counted as often as it stands for others; absent of none.
        public var p99DurationNanos: Int64?
        /// Traces that these stand for; absent if each stands for itself alone.
        public var estimate: Estimate?

        public init() {}
    }

    /// With the interval in which the true number lies in 95 of 100 cases.
    public struct Estimate: Codable, Sendable, Equatable {
        public var value: Int
        public var low: Int
        public var high: Int
        public var confidence = 0.95
    }

    public struct Stage: Codable, Sendable, Equatable {
        public var name: String
        public var kept = Tally()
        /// Traces of which spans were kept and others not: rules for services decide span by span.
        public var partialTraceCount = 0
        /// By what decides, in the order of the document.
        public var policies: [Policy] = []
        /// By service, then version.
        public var versions: [Version] = []
        /// The version of which fewest traces were kept in a minute in which it had some.
        public var fewest: Fewest?

        public init(name: String) { self.name = name }
    }

    public struct Policy: Codable, Sendable, Equatable {
        public var name: String
        public var keptTraceCount = 0
        public var keptSpanCount = 0
        public var droppedTraceCount = 0
        public var droppedSpanCount = 0

        public init(name: String) { self.name = name }
    }

    /// Traces with spans of one version of a service; spans are its own.
    public struct Version: Codable, Sendable, Equatable {
        public var service: String
        public var version: String
        public var seenTraceCount = 0
        public var keptTraceCount = 0
        public var seenSpanCount = 0
        public var keptSpanCount = 0
        public var seenErrorTraceCount = 0
        public var keptErrorTraceCount = 0
        /// The least of any minute in which there were some, and of how many; absent where it is not known.
        public var leastKeptPerMinute: Int?
        public var seenInThatMinute: Int?
    }

    public struct Fewest: Codable, Sendable, Equatable {
        public var service: String
        public var version: String
        public var keptTraceCount: Int
        public var seenTraceCount: Int
        /// Seconds since 1970 at which the minute begins.
        public var minuteStartSeconds: Int64
    }

    public init() {}

    /// What a part of the spans takes in the store.
    public func byteCount(ofSpans count: Int) -> Double? { bytesPerSpan.map { $0 * Double(count) } }
}

extension SimulationReport.Estimate {
    init?(_ estimate: SampleEstimate) {
        if estimate.isExact { return nil }
        func whole(_ number: Double) -> Int { Int(exactly: number.rounded()) ?? .max }
        let interval = estimate.interval
        value = whole(estimate.value)
        low = whole(interval.lowerBound.rounded(.down))
        high = whole(interval.upperBound.rounded(.up))
    }
}
