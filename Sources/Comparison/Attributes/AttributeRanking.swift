internal import Glibc

/// How often an attribute has a value in one group of requests and in the others.
public struct AttributeCount: Hashable, Sendable {
    public let key: String
    public let value: String
    public let inGroup: Int
    public let inOthers: Int

    public init(key: String, value: String, inGroup: Int, inOthers: Int) {
        self.key = key
        self.value = value
        self.inGroup = inGroup
        self.inOthers = inOthers
    }
}

/// A value of an attribute that a group has more or less often than the others.
public struct AttributeDifference: Hashable, Sendable {
    public let key: String
    public let value: String
    /// Of the requests of the group, and of the others, that have it.
    public let group: Share
    public let others: Share
    /// What knowing whether a request has it tells of whether it is in the group, in bits; up to 1.
    public let informationGain: Double
    /// Expected part of false ones among all that have no greater one.
    public let p: Double
}

/// The attributes that tell a group of requests, such as the slow or the failed ones, from others.
public struct AttributeRanking: Sendable {
    /// The most telling first.
    public let differences: [AttributeDifference]
    /// Keys that were left out, by name, with the reason.
    public let leftOut: [(key: String, reason: LeftOut)]

    public enum LeftOut: String, Hashable, Sendable {
        /// Nearly each request has a value of its own, as IDs are.
        case nearlyUnique
        /// No value occurs on both sides, as names of pods of two versions.
        case separate
    }

    /// What is allowed.
    public struct Options: Hashable, Sendable {
        /// Values of a key for each request that has it, from which on it is an identity.
        public var distinctPartMax = 0.2
        /// Whether keys of which no value occurs on both sides are left out: for groups of two versions, where they
        /// name the version; not for the slow and the others of one version, where they may be the cause.
        public var leavesOutSeparate = false
        /// Greatest expected part of false ones among those returned.
        public var level = 0.05
        public var countMax = 20

        public init() {}
    }

    /// Each value is tested by the likelihood ratio (Woolf: "The log likelihood ratio test (the G-test)", 1957) against
    /// all requests without it, which is the information gain times twice the number of requests; where counts are
    /// small by Fisher's test. Probabilities are adjusted by the method of Benjamini and Hochberg over all values
    /// of all keys that are not left out, since the list is one to look through.
    /// - Parameters:
    ///   - counts: of each key all its values; a pair of key and value once.
    ///   - groupTotal: requests of the group, with and without attributes.
    public init(_ counts: [AttributeCount], groupTotal: Int, othersTotal: Int, options: Options = .init()) {
        let leftOut = Self.identities(counts, groupTotal: groupTotal, othersTotal: othersTotal, options)
        var differences: [AttributeDifference] = []
        for count in counts where leftOut[count.key] == nil {
            let group = Share(count: min(max(0, count.inGroup), groupTotal), total: groupTotal)
            let others = Share(count: min(max(0, count.inOthers), othersTotal), total: othersTotal)
            let table = ContingencyTable(group, others)
            differences.append(
                AttributeDifference(
                    key: count.key, value: count.value, group: group, others: others,
                    informationGain: table.informationGain, p: table.p))
        }
        let adjusted = MultipleComparisons.benjaminiHochberg(differences.map(\.p))
        self.differences = Array(
            zip(differences, adjusted).filter { $1 <= options.level }.map { $0.with(p: $1) }
                .sorted { ($1.informationGain, $0.key, $0.value) < ($0.informationGain, $1.key, $1.value) }
                .prefix(options.countMax))
        self.leftOut = leftOut.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private struct KeyFacts {
        var values = 0
        var requests = 0
        var isOnBothSides = false
        var (inGroup, inOthers) = (0, 0)
    }

    private static func identities(
        _ counts: [AttributeCount], groupTotal: Int, othersTotal: Int, _ options: Options
    ) -> [String: LeftOut] {
        var facts: [String: KeyFacts] = [:]
        for count in counts where count.inGroup > 0 || count.inOthers > 0 {
            facts[count.key, default: KeyFacts()].values += 1
            facts[count.key, default: KeyFacts()].inGroup += count.inGroup
            facts[count.key, default: KeyFacts()].inOthers += count.inOthers
            if count.inGroup > 0, count.inOthers > 0 { facts[count.key]?.isOnBothSides = true }
        }
        return facts.compactMapValues { key in
            let requests = key.inGroup + key.inOthers
            // Of a handful of values nothing can be said.
            if key.values >= 5, Double(key.values) > Double(requests) * options.distinctPartMax { return .nearlyUnique }
            let isOnAll = key.inGroup >= groupTotal && key.inOthers >= othersTotal
            if options.leavesOutSeparate, !key.isOnBothSides, isOnAll { return .separate }
            return nil
        }
    }
}

extension AttributeDifference {
    fileprivate func with(p: Double) -> AttributeDifference {
        AttributeDifference(
            key: key, value: value, group: group, others: others, informationGain: informationGain, p: p)
    }
}

/// Two shares as a table of four counts.
struct ContingencyTable {
    private let (group, others): (Share, Share)

    init(_ group: Share, _ others: Share) {
        (self.group, self.others) = (group, others)
    }

    private var having: Double { group.count + others.count }
    private var total: Double { group.total + others.total }

    /// Mutual information of having the value and being in the group, in bits.
    var informationGain: Double {
        guard total > 0 else { return 0 }
        func part(_ count: Double, _ row: Double, _ column: Double) -> Double {
            count > 0 ? count / total * log2(count * total / (row * column)) : 0
        }
        return max(
            0,
            part(group.count, having, group.total) + part(others.count, having, others.total)
                + part(group.total - group.count, total - having, group.total)
                + part(others.total - others.count, total - having, others.total))
    }

    /// The statistic of the G-test.
    var likelihoodRatio: Double { 2 * total * log(2) * informationGain }

    /// Of no connection.
    var p: Double {
        guard having > 0, having < total, group.total > 0, others.total > 0 else { return 1 }
        let least = min(having, total - having) * min(group.total, others.total) / total
        return least < 5
            ? FisherTest(base: others, candidate: group).p(.different)
            : Distributions.chiSquaredAbove(likelihoodRatio, degreesOfFreedom: 1)
    }
}
