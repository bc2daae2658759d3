extension PolicyReader {
    /// Which policies have a meaning where they stand.
    struct Allowance: OptionSet {
        let rawValue: Int
        /// Those that keep a part of the traces that are alike.
        static let chance = Allowance(rawValue: 1)
        /// Those whose answer depends on the traces that came before.
        static let memory = Allowance(rawValue: 2)
    }

    /// The type's name in documents; in the order in which they are explained.
    enum PolicyType: String, CaseIterable {
        case errors, latency, status, attribute, traceql
        case spanCount = "span-count"
        case probabilistic
        case rateLimit = "rate-limit"
        case perVersion = "per-version"
        case and, or, not, composite

        var needs: Allowance {
            switch self {
            case .errors, .latency, .status, .attribute, .traceql, .spanCount, .and, .or, .not: []
            case .probabilistic: .chance
            case .rateLimit, .perVersion, .composite: [.chance, .memory]
            }
        }

        /// Beside `name`, `type` and, in a composite, `share`.
        var keys: [String] {
            switch self {
            case .errors: []
            case .latency: ["over", "above-percentile", "of"]
            case .status: ["codes"]
            case .attribute: ["key", "values", "matches", "min", "max"]
            case .traceql: ["query"]
            case .spanCount: ["min", "max"]
            case .probabilistic: ["percent"]
            case .rateLimit: ["traces-per-second", "spans-per-second"]
            case .perVersion: ["traces-per-minute"]
            case .and, .or: ["policies"]
            case .not: ["policy"]
            case .composite: ["traces-per-second", "policies"]
            }
        }
    }

    private static let policyCountMax = 1000
    private static let depthMax = 16

    mutating func policies(_ node: PolicyNode, allowing allowance: Allowance) -> [TailPolicy.Policy] {
        let nodes = list(node, "policies", expecting: "a list of one or more policies") ?? []
        if nodes.count > Self.policyCountMax {
            problem(node.place, "\(nodes.count) policies; expected at most \(Self.policyCountMax)")
            return []
        }
        var names: Set<String> = [TailDecision.noPolicy, TailDecision.forced]
        var policies: [TailPolicy.Policy] = []
        for node in nodes {
            guard let (policy, values) = policy(node, allowing: allowance, depth: 0) else { continue }
            var name = policy.name
            if values["name"] == nil {
                // Of one type there may be several.
                var number = 2
                while names.contains(name) {
                    name = "\(policy.name) \(number)"
                    number += 1
                }
            } else if names.contains(name) {
                let isTaken = name == TailDecision.noPolicy || name == TailDecision.forced
                problem(
                    node.place,
                    isTaken
                        ? "a policy named '\(name)', which has a meaning of its own; expected another name"
                        : "a second policy named '\(name)'; expected a name of its own")
            }
            names.insert(name)
            policies.append(TailPolicy.Policy(name: name, rule: policy.rule))
        }
        return policies
    }

    /// A policy and its keys.
    mutating func policy(
        _ node: PolicyNode, allowing allowance: Allowance, depth: Int, inComposite: Bool = false
    ) -> (policy: TailPolicy.Policy, values: [String: PolicyNode])? {
        guard depth < Self.depthMax else {
            problem(node.place, "policies within policies, \(depth) deep; expected less than \(Self.depthMax)")
            return nil
        }
        guard let entries = map(node, "policies", expecting: "a policy with keys such as 'type'") else { return nil }
        guard let typeNode = entries.first(where: { $0.key == "type" })?.value else {
            problem(
                entries.first?.keyPlace ?? node.place,
                "a policy without 'type'; expected one of "
                    + PolicyType.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))
            return nil
        }
        guard let type = word(typeNode, "type", as: PolicyType.self) else { return nil }
        let keys = ["name", "type"] + type.keys + (inComposite ? ["share"] : [])
        let values = values(entries, of: "a policy of type '\(type.rawValue)'", keys: keys)
        let name = text(values["name"], "name") ?? type.rawValue
        guard check(type.needs, allowance, type.rawValue, typeNode),
            let rule = rule(type, values, node, allowance, depth)
        else { return nil }
        return (TailPolicy.Policy(name: name, rule: rule), values)
    }

    mutating func check(_ needed: Allowance, _ allowance: Allowance, _ what: String, _ node: PolicyNode) -> Bool {
        if !needed.contains(.memory) || allowance.contains(.memory) {
            if !needed.contains(.chance) || allowance.contains(.chance) { return true }
            problem(
                node.place, "'\(what)' within 'not'; expected policies that decide by what a trace is, not by chance")
        } else {
            problem(
                node.place,
                "'\(what)' in a stage; expected policies that say the same of a trace whenever they are asked")
        }
        return false
    }

    private mutating func rule(
        _ type: PolicyType, _ values: [String: PolicyNode], _ node: PolicyNode, _ allowance: Allowance, _ depth: Int
    ) -> TailPolicy.Rule? {
        /// The value of a key that has to be there.
        func needed(_ key: String, _ reader: inout PolicyReader) -> PolicyNode? {
            if values[key] == nil { reader.problem(node.place, "a policy of type '\(type.rawValue)' without '\(key)'") }
            return values[key]
        }
        switch type {
        case .errors: return .errors
        case .latency: return latency(values, node, allowance)
        case .status: return needed("codes", &self).flatMap { status($0) }
        case .attribute: return needed("key", &self).flatMap { attribute(key: $0, values, node) }
        case .traceql: return needed("query", &self).flatMap { traceQL($0) }
        case .spanCount: return spanCount(values, node)
        case .probabilistic:
            return percent(needed("percent", &self)).map { .probabilistic(SamplingThreshold(probability: $0)) }
        case .rateLimit: return rateLimit(values, node)
        case .perVersion:
            let key = "traces-per-minute"
            return count(needed(key, &self), key, in: 1...1_000_000).map {
                .perVersion(TailPolicy.Quota(number: newQuota(), perMinute: Double($0)))
            }
        case .and: return needed("policies", &self).flatMap { rules($0, allowance, depth) }.map { .all($0) }
        case .or: return needed("policies", &self).flatMap { rules($0, allowance, depth) }.map { .any($0) }
        case .not:
            guard let inner = needed("policy", &self) else { return nil }
            let inside = policy(inner, allowing: allowance.subtracting(.chance), depth: depth + 1)
            return inside.map { .not($0.policy.rule) }
        case .composite: return composite(needed("policies", &self), needed("traces-per-second", &self), depth)
        }
    }

    private mutating func rules(_ node: PolicyNode, _ allowance: Allowance, _ depth: Int) -> [TailPolicy.Rule]? {
        guard let nodes = list(node, "policies", expecting: "a list of one or more policies") else { return nil }
        let rules = nodes.compactMap { policy($0, allowing: allowance, depth: depth + 1)?.policy.rule }
        return rules.count == nodes.count ? rules : nil
    }
}
