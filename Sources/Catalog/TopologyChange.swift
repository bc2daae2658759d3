/// What one transaction changes of the topology, beside the segments that it enters.
public struct TopologyChange: Sendable {
    /// A series that did not exist before.
    public struct Series: Sendable, Equatable {
        public var id: Int64
        public var kind: UInt8
        public var spanKind: UInt8
        public var isMirrored: Bool
        /// UTF-8: service, namespace, version, operation of the caller, then of the callee.
        public var names: [String]

        public init(id: Int64, kind: UInt8, spanKind: UInt8, isMirrored: Bool, names: [String]) {
            precondition(names.count == 8, "a series has two parties of four names")
            self.id = id
            self.kind = kind
            self.spanKind = spanKind
            self.isMirrored = isMirrored
            self.names = names
        }
    }

    /// How long a bucket is. Raw values: seconds.
    public enum Level: Int64, Sendable, CaseIterable {
        case minute = 60
        case tenMinutes = 600
        case hour = 3_600
        case day = 86_400
    }

    /// A bucket as it is from now on.
    public struct Bucket: Sendable, Equatable {
        public var level: Level
        /// Nanoseconds since 1970; a multiple of the level.
        public var start: Int64
        public var content: [UInt8]

        public init(level: Level, start: Int64, content: [UInt8]) {
            self.level = level
            self.start = start
            self.content = content
        }
    }

    /// Calls that wait for the rest of their traces, and up to when traces were settled when they were written.
    public struct Waiting: Sendable, Equatable {
        /// Nanoseconds since 1970: what came last before this was settled.
        public var cutoff: Int64
        public var content: [UInt8]

        public init(cutoff: Int64, content: [UInt8]) {
            self.cutoff = cutoff
            self.content = content
        }
    }

    public var series: [Series] = []
    public var buckets: [Bucket] = []
    public var waiting: Waiting?
    /// Whether all that waited before goes: `waiting` says it anew, or nothing waits any more.
    public var replacesWaiting = false

    public init() {}
}
