/// Several versions of one service within a window of time.
public struct Release: Sendable, Equatable {
    /// How the new version is brought in. It is guessed from the requests alone.
    public enum Kind: String, Sendable {
        case canary  // versions share the requests
        case blueGreen = "blue-green"  // one took all requests over at once
        case rolling  // one took them over bit by bit
        case mirrored  // one is sent copies of requests only
    }

    public struct Version: Sendable, Equatable {
        /// `latest` is what a mesh calls pods without a version.
        public var name: String
        /// Start of the first step in which it did anything, and end of the last. Nanoseconds since 1970.
        public var firstSeen: Int64
        public var lastSeen: Int64
        /// Requests served, without mirrored ones.
        public var callCount: Int
        public var errorCount: Int
        /// Copies of requests served.
        public var mirroredCallCount: Int
        public var mirroredErrorCount: Int
        /// Of all versions' requests, from 0 to 1: in the window, and of late.
        public var share: Double
        public var latestShare: Double
    }

    public struct Step: Sendable, Equatable {
        /// Nanoseconds since 1970.
        public var start: Int64
        /// Requests of each version, in the order of `versions`.
        public var callCounts: [Int]
    }

    public var serviceName: String
    public var namespace: String
    /// By when they were first seen, then by name: at least two.
    public var versions: [Version]
    public var kind: Kind
    /// What the guess rests on, a sentence.
    public var reason: String
    /// Ascending; steps without requests are left out.
    public var steps: [Step]

    /// The version that was there first, or took more requests then.
    public var base: String
    /// The version that is being brought in.
    public var candidate: String
}
