internal import QueryLanguage
internal import TraceModel

extension TailPolicy {
    /// What each policy says of a trace, and which one counts.
    func explain(_ trace: TailTrace) -> SamplingExplanation.Stage {
        if trace.isForced { return .forced("tail", policies.map { $0.explain(trace) }) }
        let said = policies.map { $0.explain(trace) }
        let sure = policies.filter { !$0.rule.dependsOnOthers }
        var evaluation = TailEvaluation(sure)
        let decision = evaluation.decide(sure, trace, now: 0)
        return SamplingExplanation.Stage("tail", said, decision, trace)
    }
}

extension SamplingExplanation.Stage {
    /// - Parameter decision: of those policies that look at nothing but the trace.
    init(
        _ name: String, _ said: [SamplingExplanation.Policy], _ decision: TailDecision, _ trace: TailTrace
    ) {
        // A policy that cannot be known matters only where no other keeps all of such traces.
        let isOpen = decision.threshold > trace.base && said.contains { $0.outcome == .depends }
        let outcome: SamplingExplanation.Outcome = decision.isKept ? .kept : isOpen ? .depends : .leftOut
        self.init(
            name: name, policies: said, outcome: outcome, policy: decision.policy,
            weight: decision.isKept && !isOpen ? decision.threshold.weight : nil)
    }

    static func forced(_ name: String, _ said: [SamplingExplanation.Policy]) -> Self {
        Self(name: name, policies: said, outcome: .kept, policy: TailDecision.forced, weight: 1)
    }
}

extension TailPolicy.Policy {
    func explain(_ trace: TailTrace) -> SamplingExplanation.Policy {
        let said = rule.explain(trace)
        let outcome: SamplingExplanation.Outcome =
            said.threshold.map { $0.keeps(trace.randomness) ? .kept : .leftOut } ?? .depends
        return SamplingExplanation.Policy(
            name: name, outcome: outcome, probability: said.threshold?.probability, reason: said.text)
    }
}

extension TailPolicy.Rule {
    /// Whether it measures other traces than the one it decides on.
    var dependsOnOthers: Bool {
        switch self {
        case .errors, .latency, .status, .attribute, .traceQL, .spanCount, .probabilistic: false
        case .percentile, .rate, .perVersion, .composite: true
        case .all(let rules), .any(let rules): rules.contains(where: \.dependsOnOthers)
        case .not(let rule): rule.dependsOnOthers
        }
    }

    /// - Returns: the threshold that the sampler itself finds; nil if it depends on other traces.
    func explain(_ trace: TailTrace) -> (threshold: SamplingThreshold?, text: String) {
        guard !dependsOnOthers else { return explainOpen(trace) }
        let policy = TailPolicy.Policy(name: "", rule: self)
        var evaluation = TailEvaluation([policy])
        let threshold = evaluation.threshold(self, trace, trace.base, 0)
        return (threshold, text(trace, isMet: threshold != .none, threshold))
    }

    /// A rule that measures, or has such rules as parts.
    private func explainOpen(_ trace: TailTrace) -> (threshold: SamplingThreshold?, text: String) {
        switch self {
        case .all(let rules):
            let parts = rules.map { $0.explain(trace) }
            let text = parts.map(\.text).joined(separator: "; and ")
            // One that keeps nothing decides, whatever the others measure.
            return (parts.contains { $0.threshold == SamplingThreshold.none } ? SamplingThreshold.none : nil, text)
        case .any(let rules):
            let parts = rules.map { $0.explain(trace) }
            let text = parts.map(\.text).joined(separator: "; or ")
            let keepsAll = parts.contains { $0.threshold == trace.base }
            return (keepsAll ? trace.base : nil, text)
        case .not(let rule): return (nil, "not: " + rule.explain(trace).text)
        case .percentile(let part, let ofSpans, _):
            let what = ofSpans ? "a span" : "its \(ExplanationText.duration(trace.duration))"
            let percent = ExplanationText.number(part * 100)
            return (nil, "kept if \(what) is longer than \(percent) % of what its operation took lately")
        case .rate(let quota, let inSpans):
            return (nil, "kept as far as a limit of \(quota.text(inSpans ? "spans" : "traces")) lets it through")
        case .perVersion(let quota):
            return (
                nil,
                "kept if it is among the first \(ExplanationText.number(quota.amount)) of one of its versions in its "
                    + "minute, else with that number over the traces there were"
            )
        case .composite(let parts):
            let said = parts.map { ($0.rule.explain(trace), $0.share) }
            let text = said.map { "\($0.0.text) (up to \($0.1.text("traces")))" }.joined(separator: "; ")
            let isNone = said.allSatisfy { $0.0.threshold == SamplingThreshold.none }
            return (isNone ? SamplingThreshold.none : nil, text)
        case .errors, .latency, .status, .attribute, .traceQL, .spanCount, .probabilistic:
            preconditionFailure("these look at nothing but the trace")
        }
    }

    /// - Parameter isMet: as the sampler found it.
    private func text(_ trace: TailTrace, isMet: Bool, _ threshold: SamplingThreshold) -> String {
        switch self {
        case .errors:
            let count = trace.spans.count { $0.traits.isFailure }
            return isMet ? "\(count) of \(trace.spans.count) spans failed" : "no span has an error"
        case .latency(let over, let ofSpans):
            let own = ofSpans ? trace.spans.compactMap(\.duration).max() ?? 0 : trace.duration
            let what = ofSpans ? "longest span" : "latency"
            let (length, bound) = (ExplanationText.duration(own), ExplanationText.duration(over))
            return "\(what) \(length) is \(isMet ? "" : "not ")over \(bound)"
        case .status(let codes):
            let names = codes.map(\.word).joined(separator: " or ")
            return (isMet ? "a span has" : "no span has") + " the status \(names)"
        case .attribute(let rule): return (isMet ? "a span has " : "no span has ") + rule.text
        case .traceQL: return isMet ? "the query finds it" : "the query does not find it"
        case .spanCount(let range):
            let isOpen = range.upperBound == .max
            let bounds = isOpen ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            return "\(trace.spans.count) spans are \(isMet ? "" : "not ")\(bounds)"
        case .probabilistic(let part):
            let least = ExplanationText.percent(SamplingThreshold(rejected: trace.randomness))
            return "\(ExplanationText.percent(part)) are kept; this trace is among them from \(least) on"
        case .all(let rules): return rules.map { $0.explain(trace).text }.joined(separator: "; and ")
        case .any(let rules): return rules.map { $0.explain(trace).text }.joined(separator: "; or ")
        case .not(let rule): return "not: " + rule.explain(trace).text
        case .percentile, .rate, .perVersion, .composite:
            preconditionFailure("these depend on other traces")
        }
    }
}

extension TailPolicy.Quota {
    fileprivate func text(_ noun: String) -> String {
        "\(ExplanationText.number(amount)) \(noun) in \(LengthOfTime.text(unit))"
    }
}

extension AttributeRule {
    fileprivate var text: String {
        let name = "the attribute '\(String(decoding: key, as: UTF8.self))'"
        return switch test {
        case .anything: name
        case .values(let values):
            name + (values.count == 1 ? " with the value asked for" : " with one of \(values.count) values")
        case .pattern: name + " with a value that matches"
        case .range(let range): name + Self.text(range)
        }
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        let (low, high) = (ExplanationText.number(range.lowerBound), ExplanationText.number(range.upperBound))
        if range.upperBound == .infinity { return " of at least \(low)" }
        return range.lowerBound == -.infinity ? " of at most \(high)" : " between \(low) and \(high)"
    }
}

extension StatusCode {
    fileprivate var word: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}

extension [StagePolicy] {
    /// What the policies of a stage say of a trace, and what becomes of it there and at the ages before.
    func explain(_ trace: TailTrace, stage: Int) -> SamplingExplanation.Stage {
        let name = stageName(stage)
        guard let policies = self[stage].policies else {
            return decided(trace, stage, name, [])
        }
        var said = policies.map { $0.explain(trace) }
        if self[stage].keepsOnePerOperation {
            said.append(
                SamplingExplanation.Policy(
                    name: AgeSampler.onePerOperation, outcome: .depends,
                    reason: "kept if of one of its operations and versions no trace of its segment has more randomness")
            )
        }
        if trace.isForced { return .forced(name, said) }
        return decided(trace, stage, name, said)
    }

    private func decided(
        _ trace: TailTrace, _ stage: Int, _ name: String, _ said: [SamplingExplanation.Policy]
    ) -> SamplingExplanation.Stage {
        var sampler = AgeSampler(self, stage: stage)
        let decision = sampler.decide(trace.spans)
        var result = SamplingExplanation.Stage(name, said, decision, trace)
        // Of earlier stages too: what they leave out does not come here.
        if result.outcome != .kept, sampler.needsSurvey {
            var alone = AgeSampler(self, stage: stage)
            alone.survey(trace.spans)
            result.outcome = alone.decide(trace.spans).isKept ? .depends : .leftOut
        }
        return result
    }
}
