internal import TraceModel

/// Chooses requests of two versions to look at.
struct ExampleChoice {
    private let pair: StoredRequestPair

    private static let countMax = 3
    private static let failedPairCountMax = 2
    private static let groupCountMax = 3

    private enum Role: String {
        case typical, slowest, failed, slow
    }

    init(_ pair: StoredRequestPair) { self.pair = pair }

    private func example(_ requests: StoredRequests, _ place: Int, _ role: Role) -> ComparisonReport.Evidence.Example {
        let request = requests.requests[place]
        return ComparisonReport.Evidence.Example(
            version: requests.version, role: role.rawValue, operation: pair.names.texts[Int(request.operation)],
            traceID: "\(request.traceID)", spanID: "\(request.spanID)", startTime: request.start,
            duration: request.duration, isError: request.isError,
            url: request.url == 0 ? nil : pair.names.texts[Int(request.url)])
    }

    // MARK: Of one version

    /// Those of the base first; of each the typical, the slowest, the failed.
    func examples() -> [ComparisonReport.Evidence.Example] {
        [pair.base, pair.candidate].flatMap { requests in
            typical(requests).map { example(requests, $0, .typical) }
                + slowest(requests).map { example(requests, $0, .slowest) }
                + failed(requests).map { example(requests, $0, .failed) }
        }
    }

    /// Of the operation that both have most requests of, those nearest the median.
    private func typical(_ requests: StoredRequests) -> [Int] {
        guard let operation = commonOperation(requests) else { return [] }
        let own = requests.requests.indices.filter {
            requests.requests[$0].commonOperation == operation && !requests.requests[$0].isError
        }
        let sorted = own.sorted { requests.requests[$0].duration < requests.requests[$1].duration }
        let first = max(0, (sorted.count - Self.countMax) / 2)
        return Array(sorted[first..<min(sorted.count, first + Self.countMax)])
    }

    private func commonOperation(_ requests: StoredRequests) -> UInt32? {
        func counts(_ requests: StoredRequests) -> [UInt32: Int] {
            requests.requests.reduce(into: [:]) { $0[$1.commonOperation, default: 0] += 1 }
        }
        let (base, candidate) = (counts(pair.base), counts(pair.candidate))
        let shared = base.compactMap { operation, count in candidate[operation].map { (operation, min(count, $0)) } }
        let best = shared.max { ($0.1, $1.0) < ($1.1, $0.0) }
        return best?.0 ?? counts(requests).max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    private func slowest(_ requests: StoredRequests) -> [Int] {
        var slowest: [Int] = []
        for place in requests.requests.indices {
            let duration = requests.requests[place].duration
            let next = slowest.firstIndex { requests.requests[$0].duration < duration } ?? slowest.count
            guard next < Self.countMax else { continue }
            slowest.insert(place, at: next)
            if slowest.count > Self.countMax { slowest.removeLast() }
        }
        return slowest
    }

    /// The latest, of several kinds if there are.
    private func failed(_ requests: StoredRequests) -> [Int] {
        let all = requests.requests.indices.filter { requests.requests[$0].isError }
        var kinds: Set<[UInt32]> = []
        let different = all.filter { kinds.insert(Array(requests.errorKinds($0))).inserted }.prefix(Self.countMax)
        let others = all.lazy.filter { !different.contains($0) }.prefix(Self.countMax - different.count)
        return (Array(different) + Array(others)).sorted()
    }

    // MARK: Pairs

    private struct Group: Hashable {
        var operation: UInt32
        var path: UInt32
    }

    /// First those of the candidate that failed, each with the base's nearest in time that did not; then, of what both
    /// were asked for most, those at the median and at the 95th percentile of each.
    func pairs() -> [ComparisonReport.Evidence.Pair] {
        func groups(_ requests: StoredRequests) -> [Group: [Int]] {
            requests.requests.indices.reduce(into: [:]) { groups, place in
                let request = requests.requests[place]
                groups[Group(operation: request.commonOperation, path: request.path), default: []].append(place)
            }
        }
        let (base, candidate) = (groups(pair.base), groups(pair.candidate))
        return failedPairs(base) + latencyPairs(base, candidate)
    }

    private func failedPairs(_ base: [Group: [Int]]) -> [ComparisonReport.Evidence.Pair] {
        var pairs: [ComparisonReport.Evidence.Pair] = []
        for place in failed(pair.candidate) where pairs.count < Self.failedPairCountMax {
            let request = pair.candidate.requests[place]
            let group = Group(operation: request.commonOperation, path: request.path)
            let fine = (base[group] ?? []).lazy.filter { !pair.base.requests[$0].isError }
            let nearest = fine.min { a, b in
                let (a, b) = (pair.base.requests[a].start, pair.base.requests[b].start)
                return a.distance(to: request.start).magnitude < b.distance(to: request.start).magnitude
            }
            if let nearest { pairs.append(made(group, (nearest, .typical), (place, .failed))) }
        }
        return pairs
    }

    private func latencyPairs(
        _ base: [Group: [Int]], _ candidate: [Group: [Int]]
    ) -> [ComparisonReport.Evidence.Pair] {
        func fine(_ requests: StoredRequests, _ places: [Int]) -> [Int] {
            places.filter { !requests.requests[$0].isError }
                .sorted { requests.requests[$0].duration < requests.requests[$1].duration }
        }
        let shared = base.compactMap { group, own -> (group: Group, count: Int)? in
            candidate[group].map { (group, min(own.count, $0.count)) }
        }.sorted { a, b in
            a.count == b.count
                ? (a.group.operation, a.group.path) < (b.group.operation, b.group.path) : a.count > b.count
        }
        var pairs: [ComparisonReport.Evidence.Pair] = []
        for (group, _) in shared.prefix(Self.groupCountMax) {
            let (own, other) = (fine(pair.base, base[group] ?? []), fine(pair.candidate, candidate[group] ?? []))
            guard !own.isEmpty, !other.isEmpty else { continue }
            func at(_ part: Double, _ places: [Int]) -> Int { places[Int(part * Double(places.count - 1))] }
            pairs.append(made(group, (at(0.5, own), .typical), (at(0.5, other), .typical)))
            guard own.count > 2, other.count > 2 else { continue }
            pairs.append(made(group, (at(0.95, own), .slow), (at(0.95, other), .slow)))
        }
        return pairs
    }

    private func made(
        _ group: Group, _ base: (place: Int, role: Role), _ candidate: (place: Int, role: Role)
    ) -> ComparisonReport.Evidence.Pair {
        ComparisonReport.Evidence.Pair(
            operation: pair.names.texts[Int(group.operation)],
            path: group.path == 0 ? nil : pair.names.texts[Int(group.path)],
            base: example(pair.base, base.place, base.role),
            candidate: example(pair.candidate, candidate.place, candidate.role))
    }
}

extension ComparisonReport.Evidence {
    /// What stored requests of two versions tell.
    public init(_ requests: StoredRequestPair) {
        let attributes = AttributeEvidence(requests)
        let choice = ExampleChoice(requests)
        baseRequestCount = requests.base.requests.count
        candidateRequestCount = requests.candidate.requests.count
        isSampled = requests.isSampled
        errorKinds = ErrorKinds.all(requests)
        self.attributes = attributes.differences
        examples = choice.examples()
        pairs = choice.pairs()
        notes = requests.notes + attributes.notes
    }
}
