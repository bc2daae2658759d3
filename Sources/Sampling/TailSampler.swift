internal import QueryLanguage
public import TraceModel

/// Decides what becomes of whole traces. For one thread at a time.
///
/// Every policy says with which threshold it keeps a trace; the lowest one counts, that is, the policy that keeps the
/// most of such traces. The trace is kept if its randomness is not below. Where a sampler before this one has left
/// traces out, limits are for those that it kept, and percentages for all: a trace that stands for four others there,
/// stands for four still if 50 % are kept here.
public final class TailSampler {
    fileprivate let policy: TailPolicy
    fileprivate var evaluation: TailEvaluation

    public init(_ policy: TailPolicy) {
        self.policy = policy
        evaluation = TailEvaluation(policy.policies)
    }

    /// - Parameters:
    ///   - spans: all that is known of a trace, at least one; by start, for queries that ask for the first.
    ///   - now: nanoseconds of a clock that goes on. Many traces may be decided at one moment, in any order that has
    ///     nothing to do with their IDs: of traces in the order of their randomness, weights would be wrong.
    public func decide(_ spans: [SpanView], now: Int64) -> TailDecision {
        let trace = TailTrace(spans)
        if trace.isForced { return TailDecision(isKept: true, threshold: .all, policy: TailDecision.forced) }
        evaluation.advance(to: now)
        return evaluation.decide(policy.policies, trace, now: now)
    }
}

/// The rules applied, and what they measured.
struct TailEvaluation {
    private var quotas = TraceQuotas()
    /// By the policy's number.
    private var percentiles: [Int: OperationPercentiles] = [:]

    init(_ policies: [TailPolicy.Policy]) {
        for policy in policies { prepare(policy.rule) }
    }

    private mutating func prepare(_ rule: TailPolicy.Rule) {
        switch rule {
        case .percentile(let part, _, let number): percentiles[number] = OperationPercentiles(part: part)
        case .all(let rules), .any(let rules): for rule in rules { prepare(rule) }
        case .not(let rule): prepare(rule)
        case .composite(let parts): for part in parts { prepare(part.rule) }
        default: break
        }
    }

    mutating func advance(to now: Int64) {
        quotas.advance(to: now)
        for number in percentiles.keys { percentiles[number]?.advance(to: now) }
    }

    mutating func decide(_ policies: [TailPolicy.Policy], _ trace: TailTrace, now: Int64) -> TailDecision {
        var best = SamplingThreshold.none
        var name = TailDecision.noPolicy
        // All of them: those that measure have to see every trace.
        for policy in policies {
            let threshold = threshold(policy.rule, trace, trace.base, now)
            if threshold < best { (best, name) = (threshold, policy.name) }
        }
        return TailDecision(isKept: best.keeps(trace.randomness), threshold: best, policy: name)
    }

    /// - Parameter base: what was rejected before the trace came to the rule.
    /// - Returns: not less than `base`.
    mutating func threshold(
        _ rule: TailPolicy.Rule, _ trace: TailTrace, _ base: SamplingThreshold, _ now: Int64
    ) -> SamplingThreshold {
        switch rule {
        case .errors: return trace.hasError ? base : .none
        case .latency(let over, let ofSpans):
            let isOver = ofSpans ? trace.spans.contains { $0.duration ?? 0 > over } : trace.duration > over
            return isOver ? base : .none
        case .percentile(_, let ofSpans, let number): return isSlow(trace, ofSpans, number) ? base : .none
        case .status(let codes):
            return trace.spans.contains { codes.contains($0.traits.effectiveStatus) } ? base : .none
        case .attribute(let attribute): return trace.spans.contains { attribute.matches($0) } ? base : .none
        case .traceQL(let matcher):
            let found = matcher.match(Trace(traceID: trace.spans[0].traceID, spans: trace.spans))
            return found.isEmpty ? .none : base
        case .spanCount(let range): return range.contains(trace.spans.count) ? base : .none
        case .probabilistic(let threshold): return max(base, threshold)
        case .rate(let quota, let inSpans):
            return limit(quota, trace, base, now, amount: inSpans ? Double(trace.spans.count) : 1)
        case .perVersion(let quota): return perVersion(quota, trace, base, now)
        case .composite(let parts):
            var best = SamplingThreshold.none
            for part in parts {
                let own = threshold(part.rule, trace, base, now)
                if own < .none { best = min(best, limit(part.share, trace, own, now, amount: 1)) }
            }
            return best
        case .all(let rules):
            var result = base
            for rule in rules where result < .none { result = threshold(rule, trace, result, now) }
            return result
        case .any(let rules):
            var best = SamplingThreshold.none
            for rule in rules { best = min(best, threshold(rule, trace, base, now)) }
            return best
        case .not(let rule): return threshold(rule, trace, .all, now) == .none ? base : .none
        }
    }

    private mutating func isSlow(_ trace: TailTrace, _ ofSpans: Bool, _ number: Int) -> Bool {
        func ask(_ span: SpanView, _ duration: Int64, _ measure: inout OperationPercentiles?) -> Bool {
            measure?.isSlow(
                operation: TailTrace.operationHash(span), service: TailTrace.serviceHash(span), duration: duration)
                ?? false
        }
        guard ofSpans else {
            return trace.start != nil && ask(trace.root, trace.duration, &percentiles[number])
        }
        var isSlow = false
        for span in trace.spans {
            if let duration = span.duration, ask(span, duration, &percentiles[number]) { isSlow = true }
        }
        return isSlow
    }

    private mutating func limit(
        _ quota: TailPolicy.Quota, _ trace: TailTrace, _ base: SamplingThreshold, _ now: Int64, amount: Double
    ) -> SamplingThreshold {
        let probability = quotas.probability(
            quota, key: 0, time: trace.start ?? now, amount: amount, isCounted: base.keeps(trace.randomness),
            isGuarantee: false)
        return base.keeping(probability)
    }

    /// With the version of which fewest are known.
    private mutating func perVersion(
        _ quota: TailPolicy.Quota, _ trace: TailTrace, _ base: SamplingThreshold, _ now: Int64
    ) -> SamplingThreshold {
        var greatest = 0.0
        let time = trace.start ?? now
        let isCounted = base.keeps(trace.randomness)
        trace.forEachVersion { key in
            let probability = quotas.probability(
                quota, key: key, time: time, isCounted: isCounted, isGuarantee: true)
            greatest = max(greatest, probability)
        }
        return base.keeping(greatest)
    }
}

extension SpanTraits {
    /// A span that failed in any way has failed.
    fileprivate var effectiveStatus: StatusCode { isFailure ? .error : statusCode }
}
