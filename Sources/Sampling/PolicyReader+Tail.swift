extension PolicyReader {
    private static let waitMax: Int64 = 3_600_000_000_000

    mutating func tail(_ node: PolicyNode) -> TailPolicy? {
        guard let entries = map(node, "tail", expecting: "the keys 'wait' and 'policies'") else { return nil }
        let values = values(entries, of: "'tail'", keys: ["wait", "policies"])
        let wait = duration(values["wait"], "wait", max: Self.waitMax) ?? TailPolicy.defaultWait
        guard let node = values["policies"] else {
            problem(node.place, "'tail' has no key 'policies', and would leave out every trace; expected some policies")
            return nil
        }
        let policies = policies(node, allowing: [.chance, .memory])
        return TailPolicy(wait: wait, policies: policies)
    }

    mutating func ageing(_ node: PolicyNode) -> [StagePolicy] {
        guard let nodes = list(node, "ageing", expecting: "a list of stages, each with 'until'") else { return [] }
        var stages: [StagePolicy] = []
        for (index, node) in nodes.enumerated() {
            guard let stage = stage(node, isLast: index == nodes.count - 1) else { continue }
            if let last = stages.last, stage.until <= last.until {
                problem(
                    node.place,
                    "a stage until \(LengthOfTime.text(stage.until)) behind one until \(LengthOfTime.text(last.until)); "
                        + "expected the stages in the order of their ages")
            }
            if stage.keepsOnePerOperation, stages.last.map({ !$0.keepsOnePerOperation }) ?? false,
                stages.contains(where: { $0.keepsOnePerOperation })
            {
                problem(node.place, "'one-per' again behind a stage without it; expected stages with it side by side")
            }
            stages.append(stage)
        }
        return stages
    }

    private mutating func stage(_ node: PolicyNode, isLast: Bool) -> StagePolicy? {
        guard let entries = map(node, "ageing", expecting: "a stage with keys such as 'until' and 'keep'") else {
            return nil
        }
        let values = values(entries, of: "a stage", keys: ["until", "keep", "policies", "one-per"])
        let until = duration(values["until"], "until")
        if values["until"] == nil, !isLast {
            problem(node.place, "a stage without 'until'; expected it in all but the last stage")
        }
        let keep = word(values["keep"], "keep", as: Keeping.self)
        let onePer = word(values["one-per"], "one-per", as: OnePer.self)
        var policies = values["policies"].map { self.policies($0, allowing: [.chance]) }
        if let other = values["policies"] ?? values["one-per"], values["keep"] != nil {
            problem(other.place, "a stage with 'keep' and with 'policies' or 'one-per'; expected either")
        } else if values["keep"] == nil, policies == nil, values["one-per"] == nil {
            problem(
                node.place, "a stage that does not say what it keeps; expected 'keep: all', 'policies' or 'one-per'")
        }
        if keep == nil, policies == nil { policies = [] }
        return StagePolicy(
            until: until ?? .max, policies: keep == .all ? nil : policies, keepsOnePerOperation: onePer != nil)
    }

    private enum Keeping: String, CaseIterable {
        case all
    }

    private enum OnePer: String, CaseIterable {
        case operationAndVersion = "operation-and-version"
    }
}
