internal import QueryLanguage
internal import TraceModel

extension PolicyReader {
    private enum Extent: String, CaseIterable {
        case trace
        case spans
    }

    private enum StatusName: String, CaseIterable {
        case unset, ok, error

        var code: StatusCode {
            switch self {
            case .unset: .unset
            case .ok: .ok
            case .error: .error
            }
        }
    }

    mutating func latency(
        _ values: [String: PolicyNode], _ node: PolicyNode, _ allowance: Allowance
    ) -> TailPolicy.Rule? {
        let ofSpans = word(values["of"], "of", as: Extent.self) == .spans
        switch (values["over"], values["above-percentile"]) {
        case (.some, nil):
            return duration(values["over"], "over").map { .latency(over: $0, ofSpans: ofSpans) }
        case (nil, .some(let percentile)):
            let isAllowed = check(.memory, allowance, "above-percentile", percentile)
            let expectation = "a percentage from 1 to 99.99"
            let part = number(percentile, "above-percentile", in: 1...99.99, expecting: expectation)
            return isAllowed ? part.map { .percentile($0 / 100, ofSpans: ofSpans, number: newPercentile()) } : nil
        case (nil, nil):
            problem(
                node.place, "a policy of type 'latency' without 'over' and 'above-percentile'; expected one of them")
        case (.some, .some(let second)):
            problem(second.place, "both 'over' and 'above-percentile'; expected one of them")
        }
        return nil
    }

    mutating func status(_ node: PolicyNode) -> TailPolicy.Rule? {
        let expectation = "one or more of 'unset', 'ok' and 'error'"
        guard let texts = texts(node, "codes", expecting: expectation) else { return nil }
        var codes: [StatusCode] = []
        for text in texts {
            guard let name = StatusName(rawValue: text) else {
                let question = NearestKey.question(text, among: StatusName.allCases.map(\.rawValue))
                problem(node.place, "the code '\(text.prefix(80))'; expected \(expectation)\(question)")
                return nil
            }
            codes.append(name.code)
        }
        return .status(codes)
    }

    mutating func attribute(
        key: PolicyNode, _ values: [String: PolicyNode], _ node: PolicyNode
    ) -> TailPolicy.Rule? {
        guard let name = text(key, "key", expecting: "an attribute's key") else { return nil }
        let hasBounds = values["min"] != nil || values["max"] != nil
        if [values["values"] != nil, values["matches"] != nil, hasBounds].count(where: { $0 }) > 1 {
            problem(node.place, "more than one of 'values', 'matches', and 'min' with 'max'; expected one of them")
            return nil
        }
        if let node = values["values"] {
            let texts = texts(node, "values", expecting: "a value, or a list of some")
            return texts.map { .attribute(AttributeRule(key: name, test: .values($0.map { .init($0) }))) }
        }
        if let node = values["matches"] {
            guard let text = text(node, "matches", expecting: "a regular expression") else { return nil }
            do throws(PatternError) {
                return .attribute(AttributeRule(key: name, test: .pattern(try Pattern(text))))
            } catch {
                problem(node.place, "'matches' is no regular expression: \(error)")
                return nil
            }
        }
        if hasBounds {
            let bound = -1e300...1e300
            let low = number(values["min"], "min", in: bound, expecting: "a number")
            let high = number(values["max"], "max", in: bound, expecting: "a number")
            guard let range = range(low ?? -.infinity, high ?? .infinity, node) else { return nil }
            return .attribute(AttributeRule(key: name, test: .range(range)))
        }
        return .attribute(AttributeRule(key: name, test: .anything))
    }

    private mutating func range<Bound>(_ low: Bound, _ high: Bound, _ node: PolicyNode) -> ClosedRange<Bound>? {
        if low <= high { return low...high }
        problem(node.place, "'min' is \(low) and 'max' \(high); expected 'min' not to be more than 'max'")
        return nil
    }

    mutating func traceQL(_ node: PolicyNode) -> TailPolicy.Rule? {
        guard let text = text(node, "query", expecting: "a TraceQL query") else { return nil }
        do throws(TraceQLError) {
            return .traceQL(TraceQLMatcher(try TraceQLQuery(parsing: text)))
        } catch {
            problem(node.place, "'query' is no TraceQL at \(error)")
            return nil
        }
    }

    mutating func spanCount(_ values: [String: PolicyNode], _ node: PolicyNode) -> TailPolicy.Rule? {
        if values["min"] == nil, values["max"] == nil {
            problem(node.place, "a policy of type 'span-count' without 'min' and 'max'; expected one of them at least")
        }
        let low = count(values["min"], "min", in: 0...1_000_000_000)
        let high = count(values["max"], "max", in: 0...1_000_000_000)
        return range(low ?? 0, high ?? .max, node).map { .spanCount($0) }
    }

    mutating func rateLimit(_ values: [String: PolicyNode], _ node: PolicyNode) -> TailPolicy.Rule? {
        let traces = values["traces-per-second"]
        let spans = values["spans-per-second"]
        if traces == nil, spans == nil {
            problem(
                node.place,
                "a policy of type 'rate-limit' without 'traces-per-second' and 'spans-per-second'; expected one of them"
            )
            return nil
        }
        let ofTraces = rate(traces, "traces-per-second").map {
            TailPolicy.Rule.rate(TailPolicy.Quota(number: newQuota(), perSecond: $0), inSpans: false)
        }
        let ofSpans = rate(spans, "spans-per-second").map {
            TailPolicy.Rule.rate(TailPolicy.Quota(number: newQuota(), perSecond: $0), inSpans: true)
        }
        if let ofTraces, let ofSpans { return .all([ofTraces, ofSpans]) }
        return ofTraces ?? ofSpans
    }

    mutating func composite(_ list: PolicyNode?, _ total: PolicyNode?, _ depth: Int) -> TailPolicy.Rule? {
        let perSecond = rate(total, "traces-per-second")
        guard let list, let nodes = self.list(list, "policies", expecting: "a list of policies, each with 'share'")
        else { return nil }
        var parts: [(rule: TailPolicy.Rule, share: TailPolicy.Quota)] = []
        var sum = 0.0
        for node in nodes {
            guard
                let (policy, values) = policy(node, allowing: [.chance, .memory], depth: depth + 1, inComposite: true)
            else { continue }
            guard let shareNode = values["share"] else {
                problem(node.place, "a policy of a composite without 'share'; expected a percentage of the total rate")
                continue
            }
            let expectation = "a percentage of more than 0, up to 100"
            guard let share = number(shareNode, "share", in: 0.001...100, expecting: expectation), let perSecond else {
                continue
            }
            sum += share
            let quota = TailPolicy.Quota(number: newQuota(), perSecond: perSecond * share / 100)
            parts.append((policy.rule, quota))
        }
        if sum > 100.0001 { problem(list.place, "shares of \(sum) in all; expected 100 at most") }
        return parts.count == nodes.count ? .composite(parts) : nil
    }
}
