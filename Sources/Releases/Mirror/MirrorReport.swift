internal import Comparison
internal import TraceModel

extension ComparisonReport {
    /// Copies of requests that a mesh sent to the candidate, beside the requests themselves, which the base served.
    public struct Mirror: Codable, Sendable, Equatable {
        public struct Disagreement: Codable, Sendable, Equatable {
            /// Statuses: of the request, and of its copy.
            public var base: String
            public var candidate: String
            public var count: Int
            /// Some of those in which it was so.
            public var traceIDs: [String]
        }

        /// By how much copies took longer than their requests: the median of the differences, and where the true one
        /// lies (95 %). Nanoseconds.
        public struct Difference: Codable, Sendable, Equatable {
            public var p50: Int64
            public var low: Int64
            public var high: Int64
        }

        /// What copies have others do: on top of what the requests have them do, or what these do not ask for at all.
        public struct RepeatedCall: Codable, Sendable, Equatable {
            public var service: String
            public var operation: String
            /// `call`, `database` or `sent`.
            public var kind: String
            /// For each copy.
            public var perRequest: Double
            public var words: String
        }

        public var pairCount: Int
        /// Copies without a request.
        public var unpairedCount: Int
        /// Pairs with the same status.
        public var agreeingCount: Int
        /// The most frequent first.
        public var disagreements: [Disagreement]
        /// Nil: too few pairs.
        public var durationDifference: Difference?
        /// Databases and messages first, then by how often.
        public var repeatedCalls: [RepeatedCall]
        public var notes: [String]
    }
}

extension ComparisonReport.Mirror {
    private static let disagreementCountMax = 20
    private static let traceCountMax = 5
    private static let callCountMax = 20

    /// Without pairs.
    init(notes: [String]) {
        (pairCount, unpairedCount, agreeingCount) = (0, 0, 0)
        (disagreements, durationDifference, repeatedCalls) = ([], nil, [])
        self.notes = notes
    }

    init(_ found: MirroredPairs) {
        self.init(notes: [])
        pairCount = found.pairs.count
        unpairedCount = found.unpairedCount
        agreeingCount = found.pairs.count { $0.requestStatus == $0.copyStatus }
        setDisagreements(found.pairs)
        setDifference(found.pairs.compactMap(\.difference).sorted())
        setCalls(found)
        for (version, count) in found.otherCounts.sorted(by: { $0.key < $1.key }) {
            let name = version.isEmpty ? "a version without a name" : version
            notes.append("\(count) more copies are of requests that \(name) served: they are left out")
        }
        if found.leftOutCount > 0 {
            notes.append("\(found.leftOutCount) more copies are in traces that have too many: they are left out")
        }
        if unpairedCount > 0 {
            notes.append(
                "\(unpairedCount) copies have no request in their trace: with trace_sampled: true a proxy reports "
                    + "copies of requests too that are not sampled themselves; where it is not set, newer proxies have "
                    + "a copy share the fate of its request")
        }
    }

    private mutating func setDisagreements(_ pairs: [MirroredPairs.Pair]) {
        var byStatus: [[String]: [TraceID]] = [:]
        for pair in pairs where pair.requestStatus != pair.copyStatus {
            byStatus[[pair.requestStatus, pair.copyStatus], default: []].append(pair.traceID)
        }
        let all = byStatus.map { statuses, traceIDs in
            Disagreement(
                base: statuses[0], candidate: statuses[1], count: traceIDs.count,
                traceIDs: traceIDs.prefix(Self.traceCountMax).map(\.description))
        }
        disagreements = Array(
            all.sorted { a, b in
                (b.count, a.base, a.candidate) < (a.count, b.base, b.candidate)
            }.prefix(Self.disagreementCountMax))
    }

    /// As for any quantile (`DurationDistribution.quantile`), but of the differences within pairs, which what all
    /// requests have in common does not blur.
    private mutating func setDifference(_ sorted: [Int64]) {
        guard !sorted.isEmpty else { return }
        let ranks = DurationDistribution.ranks(0.5, of: Double(sorted.count), confidence: 0.95)
        guard let low = ranks.lower, let high = ranks.upper else {
            notes.append("too few pairs to say how much longer copies take: \(sorted.count)")
            return
        }
        durationDifference = Difference(
            p50: sorted[(sorted.count + 1) / 2 - 1], low: sorted[Int(low) - 1], high: sorted[Int(high) - 1])
    }

    private mutating func setCalls(_ found: MirroredPairs) {
        let pairs = Double(max(1, found.pairs.count))
        let all = found.calls.filter { $0.value.copies > 0 }.map { call, counts in
            RepeatedCall(
                service: call.serviceName, operation: counts.operation, kind: call.kind.word,
                perRequest: Double(counts.copies) / pairs,
                words: Self.words(
                    call.kind, "\(call.serviceName) \(counts.operation)", copies: Double(counts.copies) / pairs,
                    requests: Double(counts.requests) / pairs))
        }
        func rank(_ call: RepeatedCall) -> Int { call.kind == "call" ? 1 : 0 }
        repeatedCalls = Array(
            all.sorted { a, b in
                (rank(a), -a.perRequest, a.service, a.operation, a.kind)
                    < (rank(b), -b.perRequest, b.service, b.operation, b.kind)
            }.prefix(Self.callCountMax))
    }

    private static func words(_ kind: HopKind, _ name: String, copies: Double, requests: Double) -> String {
        func times(_ count: Double) -> String {
            let number = NumberWords.text(count)
            return number == "1" ? "once" : number + " times"
        }
        let what = kind == .sent ? "send to \(name)" : kind == .database ? "ask the database \(name)" : "call \(name)"
        return requests == 0
            ? "only copies \(what), \(times(copies)) a request"
            : "copies \(what) \(times(copies)) a request, as requests do \(times(requests)): it is touched twice"
    }
}
