/// A comparison of two traces as the query API tells of it. Durations and times on a path are nanoseconds.
public struct TraceDiffReport: Codable, Sendable, Equatable {
    /// One of the two.
    public struct Trace: Codable, Sendable, Equatable {
        public var traceID: String
        /// The span at the top of what was compared; of a trace that fell apart, of its greatest part.
        public var spanID: String?
        public var service: String
        public var operation: String
        /// Nanoseconds since 1970, as text; `0` if no span has a start.
        public var startTimeUnixNano: String
        public var durationNanos: Int64
        public var spanCount: Int
        public var errorCount: Int
        /// The trace has more spans than were looked at.
        public var isCut: Bool
        public var criticalPath: Path
    }

    /// What a trace waited for.
    public struct Path: Codable, Sendable, Equatable {
        public struct Service: Codable, Sendable, Equatable {
            public var service: String
            public var durationNanos: Int64
            /// Of it while calls of others were under way, and these did not work: network, queues, proxies.
            public var callNanos: Int64
            public var share: Double
        }

        public struct Step: Codable, Sendable, Equatable {
            public var service: String
            public var operation: String
            public var spanID: String
            public var durationNanos: Int64
        }

        public var durationNanos: Int64
        /// By time, the most first.
        public var services: [Service]
        /// The calls that took most of it, in the order in which they began.
        public var steps: [Step]
    }

    public struct Summary: Codable, Sendable, Equatable {
        public var matchedCount = 0
        public var addedCount = 0
        public var missingCount = 0
        public var slowerCount = 0
        public var fasterCount = 0
        /// Of matched calls, those whose status, version or attributes changed.
        public var statusCount = 0
        public var versionCount = 0
        public var attributesCount = 0
    }

    /// What of the difference between the two durations is spent in calls of one kind: the times on both critical
    /// paths, whose differences add up to that of the durations.
    public struct Contribution: Codable, Sendable, Equatable {
        public var service: String
        public var operation: String
        public var kind: String
        public var aNanos: Int64
        public var bNanos: Int64
        public var differenceNanos: Int64
        public var words: String
    }

    /// A call as one of the traces has it.
    public struct Call: Codable, Sendable, Equatable {
        public var spanID: String
        /// Of its server, where both sides of it are known.
        public var serverSpanID: String?
        /// After the start of what is compared.
        public var startNanos: Int64
        public var durationNanos: Int64?
        public var serverDurationNanos: Int64?
        /// While nothing below it was at work.
        public var selfNanos: Int64
        /// On the critical path, and not in anything below it.
        public var criticalNanos: Int64
        public var operation: String
        public var version: String
        public var status: String
        public var isError: Bool
    }

    public struct Attribute: Codable, Sendable, Equatable {
        public var key: String
        /// nil: that trace has it not.
        public var a: String?
        public var b: String?
    }

    public struct Row: Codable, Sendable, Equatable {
        public var depth: Int
        /// `matched`, `added` (only b has it) or `missing` (only a has it).
        public var match: String
        public var service: String
        public var operation: String
        /// `call`, `database`, `sent`, `received`, `local` or `mirrored`.
        public var kind: String
        /// What differs: `slower`, `faster`, `status`, `version`, `attributes`.
        public var changes: [String]
        public var a: Call?
        public var b: Call?
        public var attributes: [Attribute]
    }

    public var a: Trace
    public var b: Trace
    public var summary: Summary
    /// What differs in sentences, what matters most first.
    public var words: [String]
    /// By how much they differ, the most first.
    public var contributions: [Contribution]
    /// A tree: parents before their children, by start.
    public var rows: [Row]
    /// Rows that were left out: those that are the same first, then the last ones.
    public var leftOutCount: Int
}
