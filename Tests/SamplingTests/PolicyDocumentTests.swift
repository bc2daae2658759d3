import Configuration
import Sampling
import Testing

@Suite struct PolicyDocumentTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try PolicyDocument.parse(text: text, path: "p.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    @Test func `an empty document keeps everything`() throws {
        let document = try PolicyDocument.parse(text: "", path: "p.yaml")
        #expect(document.head.keepsEverything && document.tail == nil && document.ageing.isEmpty)
    }

    @Test(arguments: [
        ("percent: 101", "p.yaml:1:10: 'percent' is '101'; expected a percentage from 0 to 100, such as 10 or 0.01"),
        ("percent: -1", "p.yaml:1:10: 'percent' is '-1'; expected a percentage from 0 to 100, such as 10 or 0.01"),
        ("percent: nan", "p.yaml:1:10: 'percent' is 'nan'; expected a percentage from 0 to 100, such as 10 or 0.01"),
        (
            "percnt: 1",
            "p.yaml:1:1: unknown key 'percnt' of the sampling; expected 'percent', 'head', 'tail', 'ageing'; "
                + "did you mean 'percent'?"
        ),
        ("tail: {wait: 5s}", "'tail' has no key 'policies', and would leave out every trace; expected some policies"),
        ("tail: {policies: []}", "'policies' is an empty list; expected a list of one or more policies"),
        ("tail: {wait: 2d, policies: [{type: errors}]}", "expected a length of time of at most 1h, such as 500ms"),
        ("tail: {policies: [{type: errros}]}", "did you mean 'errors'?"),
        ("tail: {policies: [{name: x}]}", "a policy without 'type'; expected one of 'errors', 'latency'"),
        ("tail: {policies: [{type: errors, ovr: 1s}]}", "unknown key 'ovr' of a policy of type 'errors'"),
        ("tail: {policies: [{type: latency, ovr: 1s}]}", "did you mean 'over'?"),
        ("tail: {policies: [{type: latency}]}", "without 'over' and 'above-percentile'; expected one of them"),
        ("tail: {policies: [{type: latency, over: 5}]}", "'over' is '5'; expected a length of time"),
        ("tail: {policies: [{type: attribute, key: a, matches: '('}]}", "'matches' is no regular expression:"),
        ("tail: {policies: [{type: attribute, key: a, min: 2, max: 1}]}", "expected 'min' not to be more than 'max'"),
        ("tail: {policies: [{type: traceql, query: '{ a = }'}]}", "'query' is no TraceQL at 1:"),
        ("tail: {policies: [{type: status, codes: [eror]}]}", "did you mean 'error'?"),
        ("tail: {policies: [{type: errors, name: none}]}", "a policy named 'none', which has a meaning of its own"),
        ("tail: {policies: [{type: errors, name: a}, {type: errors, name: a}]}", "a second policy named 'a'"),
        (
            "tail: {policies: [{type: not, policy: {type: probabilistic, percent: 1}}]}",
            "'probabilistic' within 'not'; expected policies that decide by what a trace is, not by chance"
        ),
        ("tail: {policies: [{type: rate-limit}]}", "without 'traces-per-second' and 'spans-per-second'"),
        ("tail: {policies: [{type: rate-limit, traces-per-second: 0}]}", "expected a number from 0.001 to 1e9"),
        (
            "tail: {policies: [{type: composite, traces-per-second: 5, policies: [{type: errors}]}]}",
            "a policy of a composite without 'share'"
        ),
        (
            "tail: {policies: [{type: composite, traces-per-second: 5, "
                + "policies: [{type: errors, share: 60}, {type: errors, share: 50}]}]}",
            "shares of 110.0 in all; expected 100 at most"
        ),
        ("head: {rules: [{service: a}]}", "a rule without 'percent' and 'traces-per-second'"),
        ("head: {rules: [{percent: 1, traces-per-second: 1}]}", "with both 'percent' and 'traces-per-second'"),
        ("head: {rules: [{percent: 1, per: service}]}", "expected 'per' with 'traces-per-second' only"),
        ("head: {rules: [{name: default, percent: 1}]}", "a second rule named 'default'"),
        ("head: {}", "'head' has no key 'rules'"),
        ("head: 5", "'head' is '5'; expected the key 'rules'"),
        ("ageing: [{keep: all}, {until: 1d, keep: all}]", "a stage without 'until'; expected it in all but the last"),
        ("ageing: [{until: 1d, keep: all}, {until: 1h, keep: all}]", "a stage until 1h behind one until 1d"),
        ("ageing: [{until: 1d}]", "a stage that does not say what it keeps"),
        ("ageing: [{until: 1d, keep: al}]", "did you mean 'all'?"),
        ("ageing: [{keep: all, policies: [{type: errors}]}]", "a stage with 'keep' and with 'policies' or 'one-per'"),
        ("ageing: [{policies: [{type: per-version, traces-per-minute: 1}]}]", "'per-version' in a stage;"),
        ("ageing: [{policies: [{type: latency, above-percentile: 9}]}]", "'above-percentile' in a stage;"),
        (
            "ageing: [{until: 1h, one-per: operation-and-version}, {until: 2h, policies: [{type: errors}]}, "
                + "{one-per: operation-and-version}]",
            "'one-per' again behind a stage without it"
        ),
    ])
    func `what is wrong is told with its place and what was expected`(text: String, problem: String) {
        let found = problems(text)
        #expect(found.contains { $0.contains(problem) }, "\(found)")
        #expect(found.allSatisfy { $0.hasPrefix("p.yaml:1:") }, "\(found)")
    }

    @Test func `all problems are told at once, each where it is`() {
        let found = problems(
            """
            percent: 200
            head:
              rules:
                - servce: a
                  percent: 5
            tail:
              policies:
                - {type: latency, over: never}
                - {type: errors}
                - type: nonsense
            """)
        #expect(found.count == 4, "\(found)")
        let places = ["p.yaml:1:10:", "p.yaml:4:7:", "p.yaml:8:29:", "p.yaml:10:13:"]
        #expect(zip(found, places).allSatisfy { $0.hasPrefix($1) }, "\(found)")
    }

    @Test func `policies without a name are told apart`() throws {
        let text = "tail: {policies: [{type: errors}, {type: errors}, {type: latency, over: 1s}, {type: errors}]}"
        let tail = try #require(try PolicyDocument.parse(text: text, path: "p.yaml").tail)
        #expect(tail.policyNames == ["errors", "errors 2", "latency", "errors 3"])
        #expect(tail.wait == 10_000_000_000)
    }

    @Test func `rules have names`() throws {
        let text = "head: {rules: [{percent: 5}, {name: a, percent: 100%}, {traces-per-second: 5}]}"
        let head = try PolicyDocument.parse(text: text, path: "p.yaml").head
        #expect(head.ruleNames == ["rule 1", "a", "rule 3", "default"])
        #expect(!head.keepsEverything)
    }

    @Test func `policies within policies have an end`() {
        var text = "{type: errors}"
        for _ in 0..<40 { text = "{type: not, policy: \(text)}" }
        #expect(problems("tail: {policies: [\(text)]}").contains { $0.contains("policies within policies") })
    }
}
