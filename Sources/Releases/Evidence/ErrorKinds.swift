internal import Comparison
internal import Terminal

/// What goes wrong in requests of two versions.
enum ErrorKinds {
    private static let countMax = 20
    /// Of a false "new" among all kinds.
    private static let level = 0.05
    /// Kinds of fewer requests cannot be told from chance: they are not among those to adjust for. Tarone: "A modified
    /// Bonferroni method for discrete data", 1990.
    private static let countMin = 3

    /// New kinds first, then by how much more often the candidate has them.
    static func all(_ pair: StoredRequestPair) -> [ComparisonReport.Evidence.ErrorKind] {
        let featureCount = pair.names.features.count
        func tally(_ requests: StoredRequests) -> RequestTally {
            RequestTally(requests, requests.requests.indices, featureCount: featureCount) { $0.errorKinds($1) }
        }
        let (base, candidate) = (tally(pair.base), tally(pair.candidate))
        let features = (0..<featureCount).filter { base.counts[$0] + candidate.counts[$0] > 0 }
        let familyCount = max(1, features.count { base.counts[$0] + candidate.counts[$0] >= countMin })
        let kinds = features.map { feature in
            let test = FisherTest(base: base.share(feature), candidate: candidate.share(feature))
            func adjusted(_ p: Double) -> Double { min(1, p * Double(familyCount)) }
            var kind = ComparisonReport.Evidence.ErrorKind(
                key: pair.names.key(ofFeature: feature), value: pair.names.value(ofFeature: feature),
                baseCount: base.counts[feature], candidateCount: candidate.counts[feature], base: base.value(feature),
                candidate: candidate.value(feature), isNew: false, p: adjusted(test.p(.different)), words: "")
            kind.isNew = kind.baseCount == 0 && base.all.count > 0 && adjusted(test.p(.greater)) <= level
            return kind
        }
        let sorted = kinds.sorted { a, b in
            if a.isNew != b.isNew { return a.isNew }
            let (moreA, moreB) = (a.candidate - a.base, b.candidate - b.base)
            return moreA == moreB ? (a.key, a.value) < (b.key, b.value) : moreA > moreB
        }
        return sorted.prefix(countMax).map { kind in
            var kind = kind
            kind.words = words(kind, pair)
            return kind
        }
    }

    private static func words(_ kind: ComparisonReport.Evidence.ErrorKind, _ pair: StoredRequestPair) -> String {
        let key = AttributeRole.ErrorKey(rawValue: kind.key)?.words ?? kind.key
        func part(_ count: Int, _ share: Double, _ requests: StoredRequests) -> String {
            let total = requests.requests.count
            guard count > 0 else { return "none of \(total) requests of \(requests.version)" }
            let weighted = requests.isWeighted ? ", weighted" : ""
            return "\(NumberText.percent(share)) of \(requests.version) (\(count) of \(total) requests\(weighted))"
        }
        return "\(key) \(kind.value): \(part(kind.candidateCount, kind.candidate, pair.candidate)), "
            + part(kind.baseCount, kind.base, pair.base) + (kind.isNew ? ": new" : "")
    }
}
