internal import Glibc

/// Two shares that grow while they are watched: what is said of them holds at all looks together, however many and
/// whenever, and whether or not one stops at what is seen.
///
/// How likely the counts are if each share is drawn at random, against how likely they are by the best shares that a
/// claim allows: for true claims that ratio exceeds 1/a at any time with a probability of at most a. Ville: "Étude
/// critique de la notion de collectif", 1939; Robbins: "Statistical methods related to the law of the iterated
/// logarithm", 1970; Howard, Ramdas, McAuliffe, Sekhon: "Time-uniform, nonparametric, nonasymptotic confidence
/// sequences", 2021; for claims with unknowns Wasserman, Ramdas, Balakrishnan: "Universal inference", 2020. Exact for
/// independent requests, however few; it takes no more than the counts as they are now.
public struct ShareSequence: Sendable {
    public let (base, candidate): (Share, Share)
    /// Logarithm of the counts' mean likelihood.
    private let logMean: Double

    public init(base: Share, candidate: Share) {
        (self.base, self.candidate) = (base, candidate)
        logMean = Self.logMean([base, candidate])
    }

    /// Where both shares are drawn from at random, together: anywhere, or where shares of errors mostly are.
    private static let priors: [(a: Double, b: Double)] = [(0.5, 0.5), (0.5, 20)]

    private static func logMean(_ shares: [Share]) -> Double {
        let logs = priors.map { prior in
            shares.reduce(-log(Double(priors.count))) { sum, share in
                sum + SpecialFunctions.logBeta(share.count + prior.a, share.total - share.count + prior.b)
                    - SpecialFunctions.logBeta(prior.a, prior.b)
            }
        }
        let most = logs.reduce(-.infinity, max)
        return most + log(logs.reduce(0) { $0 + exp($1 - most) })
    }

    private static func logLikelihood(_ share: Share, _ value: Double) -> Double {
        let lacking = share.total - share.count
        return (share.count > 0 ? share.count * log(value) : 0) + (lacking > 0 ? lacking * log1p(-value) : 0)
    }

    // MARK: Evidence

    /// Logarithm of the evidence that the candidate's share is greater (or less): for the claim that it is not, the
    /// ratio above. Below 0 of no evidence.
    public func logEvidence(_ alternative: Alternative) -> Double {
        let isAllowed =
            switch alternative {
            case .greater: candidate.value <= base.value
            case .less: candidate.value >= base.value
            case .different: false
            }
        let pooled = Share(count: base.count + candidate.count, total: base.total + candidate.total).value
        return logMean - Self.logLikelihood(base, isAllowed ? base.value : pooled)
            - Self.logLikelihood(candidate, isAllowed ? candidate.value : pooled)
    }

    /// A probability of error that may be looked at at any time.
    public func p(_ alternative: Alternative) -> Double { min(1, exp(-logEvidence(alternative))) }

    // MARK: Intervals

    /// Where the true difference lies, candidate less base, at all looks together.
    public func difference(confidence: Double = 0.95) -> ClosedRange<Double> {
        let seen = candidate.value - base.value
        let limit = logMean + log(1 - confidence)
        func room(_ difference: Double) -> Double { mostLikely(difference) - limit }
        return Self.bound(from: seen, to: -1, room)...Self.bound(from: seen, to: 1, room)
    }

    /// Whether a difference is outside the interval.
    func rulesOut(difference: Double, confidence: Double) -> Bool {
        mostLikely(difference) < logMean + log(1 - confidence)
    }

    /// Where the true share lies, at all looks together.
    public static func interval(_ share: Share, confidence: Double = 0.95) -> ClosedRange<Double> {
        let limit = logMean([share]) + log(1 - confidence)
        func room(_ value: Double) -> Double { logLikelihood(share, value) - limit }
        return bound(from: share.value, to: 0, room)...bound(from: share.value, to: 1, room)
    }

    /// The value next to the first one without room, on the way from one with: false position as changed by Dowell and
    /// Jarratt ("Illinois"), with a halving now and then.
    private static func bound(from inside: Double, to end: Double, _ room: (Double) -> Double) -> Double {
        var (inside, outside) = (inside, end)
        var (has, lacks) = (room(inside), room(end))
        if lacks >= 0 { return end }
        for step in 0..<200 where abs(outside - inside) > 1e-11 {
            let isHalving = step % 4 == 3 || !lacks.isFinite || !has.isFinite
            let next = isHalving ? (inside + outside) / 2 : (inside * lacks - outside * has) / (lacks - has)
            let value = room(next)
            if value >= 0 {
                if !isHalving { lacks /= 2 }
                (inside, has) = (next, value)
            } else {
                if !isHalving { has /= 2 }
                (outside, lacks) = (next, value)
            }
        }
        return outside
    }

    /// The greatest logarithm of the likelihood that two shares with the given difference have.
    private func mostLikely(_ difference: Double) -> Double {
        var (low, high) = (max(0, -difference), min(1, 1 - difference))
        let (hits, others) = (base.count, base.total - base.count)
        let (hits2, others2) = (candidate.count, candidate.total - candidate.count)
        // The slope falls throughout: Newton's steps, halving where they leave what is known.
        var value = (low + high) / 2
        for _ in 0..<60 {
            let other = value + difference
            let (a, b) = (hits > 0 ? hits / value : 0, others > 0 ? others / (1 - value) : 0)
            let (c, d) = (hits2 > 0 ? hits2 / other : 0, others2 > 0 ? others2 / (1 - other) : 0)
            let slope = a - b + c - d
            if slope > 0 { low = value } else { high = value }
            var bend = (hits > 0 ? a / value : 0) + (others > 0 ? b / (1 - value) : 0)
            bend += (hits2 > 0 ? c / other : 0) + (others2 > 0 ? d / (1 - other) : 0)
            let newton = value + slope / bend
            let next = newton > low && newton < high ? newton : (low + high) / 2
            let moved = abs(next - value)
            value = next
            if moved < 1e-14 { break }
        }
        var most = -Double.infinity
        for value in [low, value, high] {
            let other = min(1, max(0, value + difference))
            most = max(most, Self.logLikelihood(base, value) + Self.logLikelihood(candidate, other))
        }
        return most
    }
}
