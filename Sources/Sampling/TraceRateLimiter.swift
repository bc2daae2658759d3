/// Turns a limit of traces per second into a probability that follows how many traces there are.
///
/// The probability for a trace depends on the traces before it alone, never on its own randomness; therefore weights,
/// the inverses of the probabilities, add up to the number of traces in the mean, without bias.
///
/// It is the limit over the traces expected in this second: as many as in the last one, or the mean of those before,
/// if that is more, in which the past fades by half each second. In a burst that nobody expected it is halved once
/// the limit is reached, and again with each further half of the limit. So a second with n times as many traces as
/// expected keeps about 1 + log2(n) / 2 times the limit.
struct TraceRateLimiter {
    let tracesPerSecond: Double
    private var second = Int64.min
    private var seenCount = 0
    private var keptCount = 0.0
    /// Traces per second.
    private var expected = 0.0
    /// Kept in this second so far, beyond which the probability is halved.
    private var bound: Double
    private(set) var probability = 1.0

    init(tracesPerSecond: Double) {
        self.tracesPerSecond = tracesPerSecond
        bound = tracesPerSecond
    }

    /// To be called before the probability is asked for.
    /// - Parameter now: nanoseconds; a clock that goes back counts as standing still.
    mutating func advance(to now: Int64) {
        let current = now / 1_000_000_000
        guard current > second else { return }
        if second != .min {
            let seen = Double(seenCount)
            expected = max(seen, (expected + seen) / 2)
            // Seconds in which nothing came.
            let (passed, isLong) = current.subtractingReportingOverflow(second)
            for _ in 1..<max(isLong ? 64 : min(passed, 64), 1) { expected /= 2 }
        }
        second = current
        seenCount = 0
        keptCount = 0
        bound = tracesPerSecond
        probability = expected > tracesPerSecond ? tracesPerSecond / expected : 1
    }

    /// Takes note of a trace that is new.
    mutating func add(isKept: Bool) {
        seenCount += 1
        guard isKept else { return }
        keptCount += 1
        if keptCount >= bound {
            probability /= 2
            bound = max(bound, keptCount) + tracesPerSecond / 2
        }
    }
}

/// The thresholds of traces that were decided lately, so that a trace's later spans follow its first.
///
/// Bounded: what was not asked for in two rounds is forgotten.
struct DecidedTraces {
    fileprivate var recent: [UInt64: UInt64] = [:]
    private var older: [UInt64: UInt64] = [:]
    private var roundStart = Int64.min

    static let roundCountMax = 1 << 16
    static let roundLength: Int64 = 10_000_000_000

    /// - Parameter now: nanoseconds.
    mutating func advance(to now: Int64) {
        let (passed, isLong) = now.subtractingReportingOverflow(roundStart)
        if isLong || passed >= Self.roundLength || recent.count >= Self.roundCountMax {
            swap(&recent, &older)
            recent.removeAll(keepingCapacity: true)
            roundStart = now
        }
    }

    /// What a trace was decided with, as `SamplingThreshold.rejected`.
    mutating func threshold(_ key: UInt64) -> UInt64? {
        if let known = recent[key] { return known }
        guard let known = older[key] else { return nil }
        recent[key] = known
        return known
    }

    mutating func set(_ threshold: UInt64, _ key: UInt64) { recent[key] = threshold }
}

/// What the rules with rates know of the traces that came.
struct RateLimits {
    private var limiters: [TraceRateLimiter] = []
    private var numbers: [Key: Int] = [:]
    private var decided = DecidedTraces()

    private struct Key: Hashable {
        var rule: Int
        /// 0: all services.
        var service: UInt64
    }

    /// Services beyond these share one limit for each rule.
    private static let limiterCountMax = 10_000

    /// Sets the time for what follows.
    mutating func advance(to now: Int64) { decided.advance(to: now) }

    /// - Parameter service: a hash of its name that is not 0; nil if the rule's limit is for all services together.
    mutating func limiter(rule: Int, service: UInt64?, tracesPerSecond: Double) -> Int {
        var key = Key(rule: rule, service: service ?? 0)
        if let number = numbers[key] { return number }
        if service != nil, limiters.count >= Self.limiterCountMax {
            key.service = 0
            if let number = numbers[key] { return number }
        }
        limiters.append(TraceRateLimiter(tracesPerSecond: tracesPerSecond))
        numbers[key] = limiters.count - 1
        return limiters.count - 1
    }

    /// The threshold for a trace, as `SamplingThreshold.rejected`.
    /// - Parameter base: what was rejected before it came here; the limit is for what is left.
    mutating func threshold(limiter: Int, traceIDLow: UInt64, randomness: UInt64, base: UInt64, now: Int64) -> UInt64 {
        let key = traceIDLow ^ UInt64(limiter) &* 0x9e37_79b9_7f4a_7c15
        if let known = decided.threshold(key) { return known }
        limiters[limiter].advance(to: now)
        let threshold = SamplingThreshold(rejected: base).keeping(limiters[limiter].probability)
        limiters[limiter].add(isKept: threshold.keeps(randomness))
        decided.set(threshold.rejected, key)
        if decided.isFull { decided.advance(to: now) }
        return threshold.rejected
    }
}

extension DecidedTraces {
    var isFull: Bool { recent.count >= Self.roundCountMax }
}

extension SamplingThreshold {
    /// What keeps a part of what this one keeps.
    func keeping(_ probability: Double) -> SamplingThreshold {
        if probability >= 1 { return self }
        let left = Double((1 << 56) - rejected)
        return SamplingThreshold(rejected: rejected + UInt64((left * (1 - max(probability, 0))).rounded()))
    }
}
