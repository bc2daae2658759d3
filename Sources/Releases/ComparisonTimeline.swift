public import Comparison
internal import Terminal
public import Topology
internal import TraceModel

extension ComparisonReport {
    /// How the requests of two versions came over time.
    public struct Timeline: Codable, Sendable, Equatable {
        public struct Presence: Codable, Sendable, Equatable {
            /// RFC 3339, in UTC.
            public var firstSeen: String
            public var lastSeen: String
        }

        public struct Step: Codable, Sendable, Equatable {
            public var start: String
            public var base: Int
            public var candidate: Int
        }

        public var stepSeconds: Int64
        /// Nil of a version without a request.
        public var base: Presence?
        public var candidate: Presence?
        /// Ascending; steps without requests of either are left out.
        public var steps: [Step]
    }

    /// What a finding has to exceed, and how sure it has to be.
    public struct Thresholds: Codable, Sendable, Equatable {
        public var errors: Double
        public var latency: Double
        /// Nanoseconds.
        public var latencyMin: Int64
        public var confidence: Double

        public init(_ thresholds: VerdictThresholds) {
            (errors, latency) = (thresholds.errorShare, thresholds.durationPart)
            (latencyMin, confidence) = (thresholds.durationDifference, thresholds.confidence)
        }
    }

    /// The length of the steps that a window is told in: few enough to look at, and as long as counts are kept apart.
    /// - Parameter window: nanoseconds since 1970.
    public static func stepSeconds(of window: Range<Int64>) -> Int64 {
        let seconds = (window.upperBound - window.lowerBound) / 1_000_000_000
        return seconds <= 6 * 3600 ? 60 : seconds <= 2 * 86_400 ? 600 : seconds <= 35 * 86_400 ? 3600 : 86_400
    }

    /// Tells when the two versions served, and notes if that was for the most part not at the same time.
    /// - Parameter operations: of the window, all in steps of `stepSeconds`; those of other services are passed over.
    public mutating func addTimeline(_ operations: [OperationTotals], stepSeconds: Int64) {
        var counts = TimelineCounts(stepLength: stepSeconds * 1_000_000_000)
        for operation in operations where operation.serviceName == service {
            guard operation.spanKind == .server || operation.spanKind == .consumer else { continue }
            if operation.version == base, !operation.isMirrored { counts.add(operation.steps, to: \.base) }
            if operation.version == candidate, operation.isMirrored == isMirrored {
                counts.add(operation.steps, to: \.candidate)
            }
        }
        let steps = counts.steps.sorted { $0.key < $1.key }
        timeline = Timeline(
            stepSeconds: stepSeconds, base: counts.presence(\.base), candidate: counts.presence(\.candidate),
            steps: steps.map { start, count in
                Timeline.Step(
                    start: ReleaseReport.Window.text(start), base: count.base, candidate: count.candidate)
            })
        if let note = counts.note(base: base, candidate: candidate) { notes.append(note) }
    }
}

/// Requests of two versions by time.
private struct TimelineCounts {
    struct Count {
        var base = 0
        var candidate = 0
    }

    /// Nanoseconds.
    let stepLength: Int64
    /// By start, in nanoseconds since 1970.
    var steps: [Int64: Count] = [:]

    /// So small a part of a version's requests at the time when both served makes their figures those of other times.
    private static let commonPartMin = 0.5

    init(stepLength: Int64) { self.stepLength = stepLength }

    mutating func add(_ added: [OperationTotals.Step], to version: WritableKeyPath<Count, Int>) {
        for step in added { steps[step.start, default: Count()][keyPath: version] += step.callCount }
    }

    private func window(where isWanted: (Count) -> Bool) -> (start: String, end: String)? {
        let starts = steps.filter { isWanted($0.value) }.keys
        guard let first = starts.min(), let last = starts.max() else { return nil }
        return (ReleaseReport.Window.text(first), ReleaseReport.Window.text(last + min(stepLength, .max - last)))
    }

    func presence(_ version: KeyPath<Count, Int>) -> ComparisonReport.Timeline.Presence? {
        window { $0[keyPath: version] > 0 }.map { .init(firstSeen: $0.start, lastSeen: $0.end) }
    }

    func note(base: String, candidate: String) -> String? {
        guard let ofBase = presence(\.base), let ofCandidate = presence(\.candidate) else { return nil }
        let because = "what changed meanwhile, such as load or who asked, looks like a difference between the versions"
        guard let common = window(where: { $0.base > 0 && $0.candidate > 0 }) else {
            return "\(base) served from \(ofBase.firstSeen) to \(ofBase.lastSeen), \(candidate) from "
                + "\(ofCandidate.firstSeen) to \(ofCandidate.lastSeen), at no time both: \(because)"
        }
        func part(_ version: KeyPath<Count, Int>) -> Double {
            let all = steps.values.reduce(0) { $0 + $1[keyPath: version] }
            let shared = steps.values.reduce(0) { sum, count in
                count.base > 0 && count.candidate > 0 ? sum + count[keyPath: version] : sum
            }
            return Double(shared) / Double(max(1, all))
        }
        let (baseShared, candidateShared) = (part(\.base), part(\.candidate))
        guard min(baseShared, candidateShared) < Self.commonPartMin else { return nil }
        return "both versions served from \(common.start) to \(common.end): \(NumberText.percent(baseShared)) of the "
            + "requests of \(base) and \(NumberText.percent(candidateShared)) of those of \(candidate) came then, and "
            + "only figures of that time (since, until) are comparable as such; \(because)"
    }
}
