import Foundation
import TestSupport
import Yams

/// The examples of `Sources/Releases/releases.md`, read and followed as the programs do for which they are.
struct ReleaseExamples {
    struct Job: Decodable {
        struct Allowed: Decodable {
            var codes: [Int32]
            enum CodingKeys: String, CodingKey { case codes = "exit_codes" }
        }
        var script: [String]
        var allowFailure: Allowed
        var allowedFailures: [Int32] { allowFailure.codes }
        enum CodingKeys: String, CodingKey {
            case script
            case allowFailure = "allow_failure"
        }
    }

    enum Phase {
        case successful, failed, inconclusive
    }

    private struct Pipeline: Decodable {
        var job: Job
        enum CodingKeys: String, CodingKey { case job = "canary-gate" }
    }

    private struct Argument: Decodable {
        var name: String
        var value: String?
    }

    private struct Template: Decodable {
        struct Metric: Decodable {
            struct Provider: Decodable {
                struct Web: Decodable {
                    var url: String
                    var jsonPath: String
                }
                var web: Web
            }
            var count: Int
            var successCondition: String
            var failureCondition: String
            var failureLimit: Int
            var inconclusiveLimit: Int
            var provider: Provider
        }
        struct Spec: Decodable {
            var args: [Argument]
            var metrics: [Metric]
        }
        struct Metadata: Decodable { var name: String }
        var kind: String
        var metadata: Metadata
        var spec: Spec
    }

    private struct Rollout: Decodable {
        struct Analysis: Decodable {
            struct Reference: Decodable { var templateName: String }
            var templates: [Reference]
            var args: [Argument]
        }
        struct Step: Decodable { var analysis: Analysis? }
        struct Canary: Decodable { var steps: [Step] }
        struct Strategy: Decodable { var canary: Canary }
        struct Spec: Decodable { var strategy: Strategy }
        var kind: String
        var spec: Spec
    }

    private struct Hooks: Decodable {
        struct Hook: Decodable {
            struct Metadata: Decodable {
                var type: String
                var cmd: String
            }
            var type: String
            var metadata: Metadata
        }
        var webhooks: [Hook]
    }

    let waitingStep: String
    let job: Job
    private let metric: Template.Metric
    private let arguments: [Argument]
    private let hooks: [Hooks.Hook]

    init() throws {
        let page = try Repository.text(of: "Sources/Releases/releases.md")
        waitingStep = try Self.block(of: "sh", containing: "deadline", in: page)
        let decoder = YAMLDecoder()
        job = try decoder.decode(Pipeline.self, from: try Self.block(of: "yaml", containing: "canary-gate", in: page))
            .job
        let template = try decoder.decode(
            Template.self, from: try Self.block(of: "yaml", containing: "kind: AnalysisTemplate", in: page))
        let rollout = try decoder.decode(
            Rollout.self, from: try Self.block(of: "yaml", containing: "kind: Rollout", in: page))
        hooks = try decoder.decode(
            Hooks.self, from: try Self.block(of: "yaml", containing: "webhooks", in: page)
        ).webhooks
        let analyses = rollout.spec.strategy.canary.steps.compactMap(\.analysis)
        guard template.spec.metrics.count == 1, analyses.count == 1,
            analyses[0].templates.map(\.templateName) == [template.metadata.name]
        else { throw TestSupportError("the rollout does not ask for the template") }
        metric = template.spec.metrics[0]
        arguments = template.spec.args.map { argument in
            let given = analyses[0].args.first { $0.name == argument.name }
            return Argument(name: argument.name, value: given?.value ?? argument.value)
        }
        guard metric.failureLimit == 0, metric.inconclusiveLimit == metric.count - 1 else {
            throw TestSupportError("a run would not end as the page says")
        }
    }

    private static func block(of language: String, containing text: String, in page: String) throws -> String {
        let blocks = page.split(separator: "```\(language)\n").dropFirst().compactMap { rest in
            rest.firstRange(of: "\n```").map { String(rest[..<$0.lowerBound]) + "\n" }
        }
        guard let block = blocks.first(where: { $0.contains(text) }) else {
            throw TestSupportError("no block of \(language) with \(text)")
        }
        return block
    }

    func command(ofHook type: String) throws -> String {
        guard let hook = hooks.first(where: { $0.type == type }), hook.metadata.type == "bash" else {
            throw TestSupportError("no hook of type \(type)")
        }
        return hook.metadata.cmd
    }

    // MARK: Argo Rollouts

    /// What the metric asks, with the arguments of the rollout.
    /// - Parameter server: instead of the one in the example.
    func address(server: String) throws -> String {
        var address = metric.provider.web.url
        for argument in arguments {
            guard let value = argument.name == "skein" ? server : argument.value else {
                throw TestSupportError("the argument \(argument.name) has no value")
            }
            address = address.replacing("{{args.\(argument.name)}}", with: value)
        }
        guard !address.contains("{{") else { throw TestSupportError("an argument is not declared: \(address)") }
        return address
    }

    /// What the path of the metric, of names with points between, leads to.
    func result(in body: [UInt8]) throws -> String {
        let path = metric.provider.web.jsonPath
        guard path.hasPrefix("{$."), path.hasSuffix("}") else {
            throw TestSupportError("a path of another form: \(path)")
        }
        var value = try JSONSerialization.jsonObject(with: Data(body))
        for name in path.dropFirst(3).dropLast().split(separator: ".") {
            guard let next = (value as? [String: Any])?[String(name)] else { throw TestSupportError("no \(path)") }
            value = next
        }
        guard let text = value as? String else { throw TestSupportError("no text at \(path): \(value)") }
        return text
    }

    /// How a measurement with this result ends.
    func phase(of result: String) throws -> Phase {
        let isSuccess = try Self.holds(metric.successCondition, result)
        let isFailure = try Self.holds(metric.failureCondition, result)
        return isFailure ? .failed : isSuccess ? .successful : .inconclusive
    }

    /// Whether a condition holds, of comparisons with a text and `||` between them.
    private static func holds(_ condition: String, _ result: String) throws -> Bool {
        try condition.split(separator: " || ").contains { part in
            guard part.hasPrefix("result == \""), part.hasSuffix("\"") else {
                throw TestSupportError("a condition of another form: \(condition)")
            }
            return part.dropFirst(11).dropLast() == result
        }
    }
}
