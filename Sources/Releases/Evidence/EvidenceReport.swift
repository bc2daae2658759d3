extension ComparisonReport {
    /// What stored requests tell of a difference: why there is one, and where to look at it.
    public struct Evidence: Codable, Sendable, Equatable {
        /// Something that goes wrong, such as a status, and how often.
        public struct ErrorKind: Codable, Sendable, Equatable {
            /// What says so: `http.status_code`, `grpc.status_code`, `response_flags`, `exception.type`, `error`.
            public var key: String
            public var value: String
            /// Stored requests that have it.
            public var baseCount: Int
            public var candidateCount: Int
            /// Of all requests, those that have it: 0 to 1. Of sampled ones an estimate.
            public var base: Double
            public var candidate: Double
            /// The old version has none, which is no chance.
            public var isNew: Bool
            /// Of a difference like this by chance, adjusted for all kinds.
            public var p: Double
            public var words: String
        }

        /// A value of an attribute that requests of the new version have more or less often.
        public struct AttributeDifference: Codable, Sendable, Equatable {
            /// Which requests: `slow`, `failed` or `all`.
            public var among: String
            public var key: String
            public var value: String
            /// Stored requests among these that have it.
            public var baseCount: Int
            public var candidateCount: Int
            /// Their shares of these: 0 to 1.
            public var base: Double
            public var candidate: Double
            /// Expected part of false ones among all that are as sure.
            public var p: Double
            public var words: String
        }

        /// A request to look at.
        public struct Example: Codable, Sendable, Equatable {
            public var version: String
            /// `typical`, `slowest`, `failed`; of a pair also `slow`.
            public var role: String
            public var operation: String
            public var traceID: String
            public var spanID: String
            /// Nanoseconds since 1970.
            public var startTime: Int64
            /// Nanoseconds.
            public var duration: Int64
            public var isError: Bool
            public var url: String?
        }

        /// Two requests for the same thing.
        public struct Pair: Codable, Sendable, Equatable {
            public var operation: String
            /// Without what comes after `?`, and with `*` for numbers and IDs; nil if it is not known.
            public var path: String?
            public var base: Example
            public var candidate: Example
            /// What differs between the two, call by call, in sentences, what matters most first; of the first pairs.
            public var differences: [String]?
        }

        /// Of so many pairs it is worth telling what differs.
        public static let comparedPairCountMax = 3

        /// Stored requests that were looked at.
        public var baseRequestCount: Int
        public var candidateRequestCount: Int
        /// Some requests were left out by sampling: shares are estimates.
        public var isSampled: Bool
        /// New ones first, then by how much more often the new version has them.
        public var errorKinds: [ErrorKind]
        /// Those of the slow and the failed requests before those of all; in each the most telling first.
        public var attributes: [AttributeDifference]
        public var examples: [Example]
        public var pairs: [Pair]
        /// What one should know of it, in sentences.
        public var notes: [String]
    }
}
