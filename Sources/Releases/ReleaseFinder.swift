internal import Terminal
public import Topology
internal import TraceModel

/// Finds services of which there is more than one version.
public enum ReleaseFinder {
    /// Of the window the part, at its end, that says how requests are shared of late.
    private static let latestPart = 6
    /// A version with a smaller share does not count as being there: probes and stragglers.
    private static let shareMin = 0.002
    /// A change-over that takes no more steps than this is a switch.
    private static let switchStepCountMax = 2

    /// - Parameters:
    ///   - operations: of one window, all in steps of the same length; other than requests served are passed over.
    ///   - stepSeconds: the length of the steps.
    /// - Returns: by service, then namespace. A service that is known as `latest` only, or without a version, has none.
    public static func releases(_ operations: [OperationTotals], stepSeconds: Int64) -> [Release] {
        struct Key: Hashable {
            var serviceName: String
            var namespace: String
        }
        var services: [Key: [OperationTotals]] = [:]
        for operation in operations where operation.spanKind == .server || operation.spanKind == .consumer {
            guard !operation.version.isEmpty else { continue }
            services[Key(serviceName: operation.serviceName, namespace: operation.namespace), default: []]
                .append(operation)
        }
        return services.compactMap { key, operations in
            guard Set(operations.map(\.version)).count > 1 else { return nil }
            return release(key.serviceName, key.namespace, operations, stepSeconds * 1_000_000_000)
        }.sorted { ($0.serviceName, $0.namespace) < ($1.serviceName, $1.namespace) }
    }

    private static func release(
        _ serviceName: String, _ namespace: String, _ operations: [OperationTotals], _ stepLength: Int64
    ) -> Release? {
        var byName: [String: Release.Version] = [:]
        var counts: [Int64: [String: Int]] = [:]
        for operation in operations {
            for step in operation.steps {
                var version =
                    byName[operation.version]
                    ?? Release.Version(
                        name: operation.version, firstSeen: step.start, lastSeen: step.start.addingClamped(stepLength),
                        callCount: 0, errorCount: 0, mirroredCallCount: 0, mirroredErrorCount: 0, share: 0,
                        latestShare: 0)
                version.firstSeen = min(version.firstSeen, step.start)
                version.lastSeen = max(version.lastSeen, step.start.addingClamped(stepLength))
                if operation.isMirrored {
                    version.mirroredCallCount += step.callCount
                    version.mirroredErrorCount += step.errorCount
                } else {
                    version.callCount += step.callCount
                    version.errorCount += step.errorCount
                    counts[step.start, default: [:]][operation.version, default: 0] += step.callCount
                }
                byName[operation.version] = version
            }
        }
        var versions = byName.values.sorted { ($0.firstSeen, $0.name) < ($1.firstSeen, $1.name) }
        let steps = counts.sorted { $0.key < $1.key }.map { start, counts in
            Release.Step(start: start, callCounts: versions.map { counts[$0.name] ?? 0 })
        }
        let latest = steps.suffix(max(1, steps.count / latestPart))
        let total = steps.reduce(0) { $0 + $1.callCounts.reduce(0, +) }
        let latestTotal = latest.reduce(0) { $0 + $1.callCounts.reduce(0, +) }
        for place in versions.indices {
            versions[place].share = Double(versions[place].callCount) / Double(max(1, total))
            let count = latest.reduce(0) { $0 + $1.callCounts[place] }
            versions[place].latestShare = Double(count) / Double(max(1, latestTotal))
        }
        versions.removeAll { version in
            version.mirroredCallCount == 0 && max(version.share, version.latestShare) < shareMin
        }
        guard versions.count > 1 else { return nil }
        // Places in the steps have to stay those of the versions.
        let kept =
            byName.count == versions.count
            ? steps
            : steps.map { step in
                Release.Step(start: step.start, callCounts: versions.map { counts[step.start]?[$0.name] ?? 0 })
            }
        let guess = Guess(versions, kept)
        return Release(
            serviceName: serviceName, namespace: namespace, versions: versions, kind: guess.kind,
            reason: guess.reason, steps: kept, base: guess.base, candidate: guess.candidate)
    }

    /// What kind of release it looks like.
    private struct Guess {
        var kind: Release.Kind
        var reason: String
        var base: String
        var candidate: String

        init(_ versions: [Release.Version], _ steps: [Release.Step]) {
            let live = versions.filter { $0.callCount > 0 }
            // The base is what most requests went to at first.
            let first = steps.prefix(max(1, steps.count / latestPart))
            let early = versions.indices.map { place in first.reduce(0) { $0 + $1.callCounts[place] } }
            let basePlace = early.indices.max { (early[$0], $1) < (early[$1], $0) } ?? 0
            base = versions[basePlace].name
            if let copy = versions.last(where: { $0.callCount == 0 && $0.mirroredCallCount > 0 }) {
                kind = .mirrored
                candidate = copy.name
                reason = "\(copy.name) served \(copy.mirroredCallCount) copies of requests and no request itself"
                return
            }
            let others = versions.indices.filter { $0 != basePlace }
            let candidatePlace =
                others.max { a, b in
                    (versions[a].firstSeen, versions[a].latestShare, a)
                        < (versions[b].firstSeen, versions[b].latestShare, b)
                } ?? basePlace
            candidate = versions[candidatePlace].name
            let present = live.filter { $0.latestShare >= shareMin }
            if present.count > 1 {
                kind = .canary
                reason =
                    "of late "
                    + present.map { "\($0.name) served \(NumberText.percent($0.latestShare))" }
                    .joined(separator: ", ")
                if Guess.rises(candidatePlace, steps) {
                    kind = .rolling
                    reason = "the share of \(candidate) grew from step to step; " + reason
                }
                return
            }
            let mixed = steps.filter { step in step.callCounts.count { $0 > 0 } > 1 }
            let last = present.first?.name ?? candidate
            if mixed.count <= switchStepCountMax {
                kind = .blueGreen
                reason = "\(last) took all requests over at once"
            } else {
                kind = .rolling
                reason = "\(last) took all requests over in \(mixed.count) steps"
            }
            if last != base { candidate = last }
        }

        /// Whether a share only grew, and never rested.
        private static func rises(_ place: Int, _ steps: [Release.Step]) -> Bool {
            let shares = steps.map { step in
                Double(step.callCounts[place]) / Double(max(1, step.callCounts.reduce(0, +)))
            }
            let growing = shares.drop { $0 == 0 }
            guard growing.count >= 4 else { return false }
            // By more than chance would move a share that rests.
            return zip(growing, growing.dropFirst()).allSatisfy { $1 > $0 + 0.03 }
        }
    }
}
