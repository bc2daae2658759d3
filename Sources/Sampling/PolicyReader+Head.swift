extension PolicyReader {
    private static let ruleCountMax = 1000

    mutating func head(percent: PolicyNode?, _ node: PolicyNode?) -> HeadPolicy {
        var policy = HeadPolicy.keepingEverything
        if let part = self.percent(percent) { policy.other = .part(SamplingThreshold(probability: part)) }
        guard let node, let entries = map(node, "head", expecting: "the key 'rules'") else { return policy }
        guard let rules = values(entries, of: "'head'", keys: ["rules"])["rules"] else {
            problem(node.place, "'head' has no key 'rules'")
            return policy
        }
        let nodes = list(rules, "rules", expecting: "a list of one or more rules") ?? []
        if nodes.count > Self.ruleCountMax {
            problem(rules.place, "\(nodes.count) rules; expected at most \(Self.ruleCountMax)")
            return policy
        }
        var names: Set<String> = [HeadPolicy.otherName]
        for (index, node) in nodes.enumerated() {
            if let rule = headRule(node, number: index + 1) {
                if !names.insert(rule.name).inserted {
                    problem(node.place, "a second rule named '\(rule.name)'; expected a name of its own")
                }
                policy.rules.append(rule)
            }
        }
        return policy
    }

    private mutating func headRule(_ node: PolicyNode, number: Int) -> HeadPolicy.Rule? {
        let matchKeys = ["service", "operation", "namespace", "version"]
        guard let entries = map(node, "rules", expecting: "a rule with keys such as 'service' and 'percent'") else {
            return nil
        }
        let values = values(
            entries, of: "a rule", keys: ["name"] + matchKeys + ["percent", "traces-per-second", "per"])
        func pattern(_ key: String, _ reader: inout PolicyReader) -> NamePattern? {
            reader.text(values[key], key, expecting: "a name, with * for any letters").map { NamePattern($0) }
        }
        let outcome = headOutcome(values, node)
        return HeadPolicy.Rule(
            name: text(values["name"], "name") ?? "rule \(number)", service: pattern("service", &self),
            operation: pattern("operation", &self), namespace: pattern("namespace", &self),
            version: pattern("version", &self), outcome: outcome ?? .part(.all))
    }

    private mutating func headOutcome(_ values: [String: PolicyNode], _ node: PolicyNode) -> HeadPolicy.Outcome? {
        let part = percent(values["percent"])
        let rate = rate(values["traces-per-second"], "traces-per-second")
        let per = word(values["per"], "per", as: RateScope.self)
        switch (values["percent"], values["traces-per-second"]) {
        case (nil, nil):
            problem(node.place, "a rule without 'percent' and 'traces-per-second'; expected one of them")
        case (.some, .some(let second)):
            problem(second.place, "a rule with both 'percent' and 'traces-per-second'; expected one of them")
        case (.some, nil):
            if let per = values["per"] {
                problem(per.place, "'per' in a rule with 'percent'; expected 'per' with 'traces-per-second' only")
            }
        case (nil, .some): break
        }
        if let rate { return .rate(tracesPerSecond: rate, isPerService: per == .service) }
        return part.map { .part(SamplingThreshold(probability: $0)) }
    }

    private enum RateScope: String, CaseIterable {
        case all
        case service
    }

    mutating func rate(_ node: PolicyNode?, _ key: String) -> Double? {
        number(node, key, in: 0.001...1e9, expecting: "a number from 0.001 to 1e9")
    }
}
