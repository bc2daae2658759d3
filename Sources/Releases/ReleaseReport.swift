internal import TraceModel
public import TraceStore

/// The releases of a window as the query API tells of them.
public struct ReleaseReport: Codable, Sendable, Equatable {
    public struct Window: Codable, Sendable, Equatable {
        /// RFC 3339, in UTC.
        public var since: String
        public var until: String

        /// - Parameter window: nanoseconds since 1970.
        init(_ window: Range<Int64>) {
            since = Self.text(window.lowerBound)
            until = Self.text(window.upperBound)
        }

        static func text(_ time: Int64) -> String {
            RFC3339.text(time, hasFraction: false)
        }
    }

    public struct Version: Codable, Sendable, Equatable {
        public var name: String
        public var firstSeen: String
        public var lastSeen: String
        public var requestCount: Int
        public var errorCount: Int
        public var mirroredRequestCount: Int
        public var mirroredErrorCount: Int
        public var share: Double
        public var latestShare: Double
    }

    public struct Item: Codable, Sendable, Equatable {
        public var service: String
        public var namespace: String
        public var kind: String
        public var reason: String
        public var base: String
        public var candidate: String
        public var versions: [Version]
        /// By when they begin; the requests are those of `versions`, in their order.
        public var steps: [Step]
    }

    public struct Step: Codable, Sendable, Equatable {
        public var start: String
        public var requestCounts: [Int]
    }

    public var window: Window
    /// The figures are of every request, not of those that were stored.
    public var isExact: Bool
    public var releases: [Item]
    /// What one should know of the figures, in sentences.
    public var notes: [String]

    /// - Parameters:
    ///   - requests: of which the releases were found.
    ///   - hasSteps: whether it tells how the requests were shared over time.
    public init(_ releases: [Release], of requests: ServedRequests, window: Range<Int64>, hasSteps: Bool) {
        self.window = Window(window)
        (isExact, notes) = (requests.isExact, requests.notes)
        self.releases = releases.map { release in
            Item(
                service: release.serviceName, namespace: release.namespace, kind: release.kind.rawValue,
                reason: release.reason, base: release.base, candidate: release.candidate,
                versions: release.versions.map { version in
                    Version(
                        name: version.name, firstSeen: Window.text(version.firstSeen),
                        lastSeen: Window.text(version.lastSeen), requestCount: version.callCount,
                        errorCount: version.errorCount, mirroredRequestCount: version.mirroredCallCount,
                        mirroredErrorCount: version.mirroredErrorCount, share: version.share,
                        latestShare: version.latestShare)
                },
                steps: hasSteps
                    ? release.steps.map { Step(start: Window.text($0.start), requestCounts: $0.callCounts) } : [])
        }
    }
}
