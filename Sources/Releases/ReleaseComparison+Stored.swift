public import Comparison
internal import TraceModel

extension ReleaseComparison {
    /// Of stored requests, each weighted by how many it is one of.
    ///
    /// Intervals and tests go by as many unweighted requests as say as much: `WeightedShare`, `WeightSum`,
    /// `ClusteredShare`.
    /// - Parameter neighbours: of the same requests; nil: what callers see and what is called is left open.
    public init(
        _ stored: StoredRequestPair, _ neighbours: StoredNeighbours? = nil, configuredShare: Double? = nil,
        thresholds: VerdictThresholds = VerdictThresholds()
    ) {
        serviceName = stored.serviceName
        base = stored.base.version
        candidate = stored.candidate.version
        window = stored.window
        isExact = false
        isMirrored = stored.candidate.isMirrored && !stored.candidate.requests.isEmpty
        (callers, callees) = ([], [])
        var notes = [
            "the figures are of stored requests"
                + (stored.isSampled ? ", each counted as often as sampling says that there were others like it" : "")
                + (neighbours == nil ? ": what callers see and what is called is not compared" : "")
        ]
        notes += stored.notes
        if !stored.base.isComplete || !stored.candidate.isComplete {
            // Each look is at other requests, which a sequence of looks does not allow for.
            notes.append("not all requests are compared: a false alarm is a little likelier than the confidence says")
        }
        if isMirrored { notes.append("\(candidate) served copies of requests only: its errors were no user's") }
        func operations(_ requests: StoredRequests) -> [String: StoredFigures] {
            let isWeighted = requests.isWeighted
            return requests.requests.reduce(into: [:]) { operations, request in
                operations[stored.names.texts[Int(request.commonOperation)], default: StoredFigures()]
                    .add(request, isWeighted: isWeighted)
            }
        }
        let (own, others) = (operations(stored.candidate), operations(stored.base))
        func count(_ operations: [String: StoredFigures]) -> Int {
            let sum = operations.values.reduce(0) { $0 + $1.errors.all.sum }
            return Int(min(sum.rounded(), Self.countMax))
        }
        (baseCount, candidateCount) = (count(others), count(own))
        share = Self.share(stored)
        verdict = Verdict(
            base: base, candidate: candidate,
            operations: Self.matched(others, own, &notes) { figures in
                let all = figures.reduce(into: StoredFigures()) { $0.add($1) }
                return RequestFigures(errors: all.errors, durations: all.durations)
            }, thresholds: thresholds)
        self.notes = notes + (neighbours?.notes ?? [])
        if let neighbours { compare(neighbours.base, neighbours.candidate) }
        note(configuredShare)
    }

    /// Whoever sends spans says how much they weigh: more is no number of requests.
    static let countMax = 1e15

    /// The candidate's part, of the time that the requests of both were looked at.
    private static func share(_ stored: StoredRequestPair) -> Share {
        let (base, candidate) = (stored.base, stored.candidate)
        var share = WeightedShare()
        for request in candidate.requests where candidate.covers(request.start) && base.covers(request.start) {
            share.having.add(request.samplingWeight)
        }
        for request in base.requests where candidate.covers(request.start) && base.covers(request.start) {
            share.lacking.add(request.samplingWeight)
        }
        return share.share
    }
}

/// How often weighted things count in a sketch, so that those of different weights are in the right proportion.
enum WeightTimes {
    private static let perThing = 16.0
    private static let most = 1e9

    static func times(_ weight: Double) -> Int { Int(min(most, (weight * perThing).rounded())) }
}

/// Stored requests of one operation.
private struct StoredFigures {
    var errors = WeightedShare()
    var durations = DurationSketch()

    mutating func add(_ request: StoredRequests.Request, isWeighted: Bool) {
        if request.isError { errors.having.add(request.weight) } else { errors.lacking.add(request.weight) }
        durations.add(request.duration, times: isWeighted ? WeightTimes.times(request.weight) : 1)
    }

    mutating func add(_ other: StoredFigures) {
        errors.having = errors.having + other.errors.having
        errors.lacking = errors.lacking + other.errors.lacking
        durations.merge(other.durations)
    }
}
