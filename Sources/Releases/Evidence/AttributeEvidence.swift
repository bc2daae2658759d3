internal import Comparison
internal import Terminal

/// What attributes tell the candidate's slow, failed and other requests from those of the base.
struct AttributeEvidence {
    private(set) var differences: [ComparisonReport.Evidence.AttributeDifference] = []
    private(set) var notes: [String] = []
    private let pair: StoredRequestPair
    private let slowLimits: [UInt32: Int64]

    /// Fewer tell nothing of what is usual.
    private static let requestCountMin = 20
    private static let countMax = 10
    /// Expected part of false ones; there are three lists.
    private static let level = 0.01
    /// Values told of one key.
    private static let valueCountMax = 3

    init(_ pair: StoredRequestPair) {
        self.pair = pair
        slowLimits = Self.slowLimits(pair.base)
        guard !pair.base.requests.isEmpty, !pair.candidate.requests.isEmpty else { return }
        let (base, candidate) = (pair.base, pair.candidate)
        let slow = (base: places(base, isSlow), candidate: places(candidate, isSlow))
        let failed = (base: places(base, \.isError), candidate: places(candidate, \.isError))
        if !slowLimits.isEmpty { add("slow", slow.base, slow.candidate, rest: places(candidate) { !isSlow($0) }) }
        if failed.base.count >= Self.requestCountMin {
            add("failed", failed.base, failed.candidate, rest: places(candidate) { !$0.isError })
        } else {
            // The base has too few to compare with: what all its requests are like has to do.
            add(
                "failed", Array(base.requests.indices), failed.candidate, rest: places(candidate) { !$0.isError },
                isAgainstAll: true)
        }
        add("all", Array(base.requests.indices), Array(candidate.requests.indices), rest: nil)
    }

    // MARK: Which requests

    /// The base's 95th percentile of each operation, in nanoseconds; of those with enough requests.
    static func slowLimits(_ base: StoredRequests) -> [UInt32: Int64] {
        var durations: [UInt32: [(duration: Int64, weight: Double)]] = [:]
        for request in base.requests {
            durations[request.commonOperation, default: []].append((request.duration, request.weight))
        }
        return durations.compactMapValues { own in
            guard own.count >= requestCountMin else { return nil }
            let sorted = own.sorted { $0.duration < $1.duration }
            let limit = 0.95 * sorted.reduce(0) { $0 + $1.weight }
            var passed = 0.0
            for (duration, weight) in sorted {
                passed += weight
                if passed >= limit { return duration }
            }
            return sorted.last?.duration
        }
    }

    private func isSlow(_ request: StoredRequests.Request) -> Bool {
        slowLimits[request.commonOperation].map { request.duration > $0 } ?? false
    }

    private func places(_ requests: StoredRequests, _ isWanted: (StoredRequests.Request) -> Bool) -> [Int] {
        requests.requests.indices.filter { isWanted(requests.requests[$0]) }
    }

    // MARK: Differences

    /// - Parameters:
    ///   - rest: the candidate's other requests; nil if these are all.
    ///   - isAgainstAll: the base's are all its requests.
    private mutating func add(
        _ among: String, _ base: [Int], _ candidate: [Int], rest: [Int]?, isAgainstAll: Bool = false
    ) {
        guard candidate.count >= 5, base.count >= 5 else { return }
        if let rest, rest.count < max(Self.requestCountMin, candidate.count / 20) {
            notes.append("nearly all requests of \(pair.candidate.version) are \(among): no attribute tells them apart")
            return
        }
        func tally(_ requests: StoredRequests, _ places: [Int]) -> RequestTally {
            RequestTally(requests, places, featureCount: pair.names.features.count) { $0.attributes($1) }
        }
        let (own, others) = (tally(pair.candidate, candidate), tally(pair.base, base))
        let left = rest.map { tally(pair.candidate, $0) }
        var features: [AttributeName: Int] = [:]
        var counts: [AttributeCount] = []
        for feature in pair.names.features.indices where own.counts[feature] + others.counts[feature] > 0 {
            let (key, value) = (pair.names.key(ofFeature: feature), pair.names.value(ofFeature: feature))
            features[AttributeName(key: key, value: value)] = feature
            counts.append(
                AttributeCount(
                    key: key, value: value, inGroup: own.count(feature), inOthers: others.count(feature)))
        }
        var options = AttributeRanking.Options()
        options.leavesOutSeparate = true
        options.level = Self.level
        options.countMax = .max
        let ranking = AttributeRanking(counts, groupTotal: own.total, othersTotal: others.total, options: options)
        var found: [ComparisonReport.Evidence.AttributeDifference] = []
        for difference in ranking.differences {
            guard let feature = features[AttributeName(key: difference.key, value: difference.value)] else { continue }
            // What all the candidate's requests have is told of all.
            if let left, !Self.tells(own, from: left, feature, isMore: own.value(feature) > others.value(feature)) {
                continue
            }
            var told = ComparisonReport.Evidence.AttributeDifference(
                among: among, key: difference.key, value: difference.value, baseCount: others.counts[feature],
                candidateCount: own.counts[feature], base: others.value(feature), candidate: own.value(feature),
                p: difference.p, words: "")
            told.words = words(told, isAgainstAll: isAgainstAll)
            found.append(told)
        }
        differences += Self.shortened(found)
    }

    private struct AttributeName: Hashable {
        var key: String
        var value: String
    }

    /// Whether a feature tells some requests of a version from the rest of them, in the way it tells the versions.
    private static func tells(_ own: RequestTally, from rest: RequestTally, _ feature: Int, isMore: Bool) -> Bool {
        let (share, other) = (own.share(feature), rest.share(feature))
        guard (share.value > other.value) == isMore else { return false }
        return FisherTest(base: other, candidate: share).p(.different) <= 0.05
    }

    /// Of each key what the candidate has more often; that it has others less often follows.
    private static func shortened(
        _ found: [ComparisonReport.Evidence.AttributeDifference]
    ) -> [ComparisonReport.Evidence.AttributeDifference] {
        let more = Set(found.lazy.filter { $0.candidate > $0.base }.map(\.key))
        var told: [String: Int] = [:]
        let kept = found.filter { difference in
            guard difference.candidate > difference.base || !more.contains(difference.key) else { return false }
            told[difference.key, default: 0] += 1
            return told[difference.key, default: 0] <= valueCountMax
        }
        return Array(kept.prefix(countMax))
    }

    private func words(
        _ difference: ComparisonReport.Evidence.AttributeDifference, isAgainstAll: Bool
    ) -> String {
        let kind = difference.among == "all" ? "" : difference.among + " "
        let own = "\(NumberText.percent(difference.candidate)) of the \(kind)requests of \(pair.candidate.version)"
        let base = "\(NumberText.percent(difference.base)) of \(isAgainstAll ? "all " : "the \(kind)")requests"
        return "\(difference.key)=\(difference.value): \(own), \(base) of \(pair.base.version)"
    }
}
