import Foundation
import HTTPAPI
import Sampling
import TestSupport
import Testing
import TraceModel
import TraceStore

/// Simulations and explanations over TCP, with a real store and the real reader of policies behind.
@Suite(.serialized) struct SamplingRoutesTests {
    private static let start = Int64(Date().timeIntervalSince1970 * 1000) * 1000 - 60_000_000

    private static func span(trace: String, service: String, at: Int64, tags: String = "{}") -> String {
        """
        {"traceId":"\(trace)","id":"\(trace)","kind":"SERVER","name":"get","timestamp":\(start + at),"duration":2000,
        "localEndpoint":{"serviceName":"\(service)"},"tags":\(tags)}
        """
    }

    /// Traces 1 to 40, every tenth of them with an error.
    private static var posts: [String] {
        let spans = (1...40).map { (number: Int) -> String in
            let service = number % 4 == 0 ? "reviews" : "front"
            let tags = number % 10 == 0 ? #"{"error":"oh"}"# : "{}"
            return span(trace: String(number, radix: 16), service: service, at: Int64(number) * 1000, tags: tags)
        }
        return ["[" + spans.joined(separator: ",") + "]"]
    }

    private static let simulate = "/api/skein/v1/sampling/simulate"
    private static let explain = "/api/skein/v1/sampling/explain"

    private func post(_ server: QueryServer, _ target: String, _ policies: String) throws -> HTTPResponse {
        try server.jaeger.request(
            "POST", target, headers: [("content-type", "application/yaml")], body: .bytes(Array(policies.utf8)))
    }

    private func report(_ response: HTTPResponse) throws -> SimulationReport {
        #expect(response.status == 200, "\(response.text)")
        return try JSONDecoder().decode(SimulationReport.self, from: Data(response.body))
    }

    private func explanation(_ response: HTTPResponse) throws -> SamplingExplanation {
        #expect(response.status == 200, "\(response.text)")
        return try JSONDecoder().decode(SamplingExplanation.self, from: Data(response.body))
    }

    @Test func `a simulation tells what policies would have kept`() async throws {
        try await QueryServer.serving(Self.posts) { server in
            let policies = "tail: {policies: [{type: errors}]}"
            let all = try report(try post(server, Self.simulate, policies))
            #expect(all.seen.traceCount == 40)
            #expect(all.stages.map(\.name) == ["tail"])
            #expect(all.stages.first?.kept.traceCount == 4)
            try server.seal()
            let sealed = try report(try post(server, Self.simulate, "sampling: {\(policies)}"))
            #expect(sealed.stages == all.stages)
            #expect((sealed.bytesPerSpan ?? 0) > 0)
            let some = try report(try post(server, Self.simulate + "?service=reviews&since=1h", policies))
            #expect(some.seen.traceCount == 10)
            #expect(some.stages.first?.kept.traceCount == 2)
            #expect(try report(try post(server, Self.simulate + "?until=-10m", policies)).seen.traceCount == 0)
        }
    }

    @Test func `every problem of a policy is told with its place`() async throws {
        try await QueryServer.serving(Self.posts) { server in
            let wrong = try post(server, Self.simulate, "percent: 101\ntail:\n  policies:\n    - {type: eror}\n")
            #expect(wrong.status == 400)
            #expect(wrong.text.contains("policies:1:10"), "\(wrong.text)")
            #expect(wrong.text.contains("policies:4:"))
            for target in ["?sinc=1h", "?since=x", "?since=1h&until=2h"] {
                #expect(try post(server, Self.simulate + target, "percent: 1").status == 400, "\(target)")
            }
            for body in ["a: [", String(repeating: "- ", count: 5000), String(repeating: "#", count: 70_000)] {
                #expect(try post(server, Self.simulate, body).status == 400)
            }
            #expect(try server.jaeger.request("GET", Self.simulate).status == 405)
        }
    }

    @Test func `a trace is explained by the server's own policies, and by others`() async throws {
        var settings = QueryServer.Settings()
        settings.policies.head = HeadPolicy(percent: 25)
        try await QueryServer.serving(Self.posts, settings) { server in
            let own = try explanation(try server.jaeger.request("GET", Self.explain + "?trace=a"))
            #expect(own.isStored)
            #expect(own.head.map(\.outcome) == [.leftOut])
            #expect(own.head.first?.service == "front")
            let other = try explanation(
                try post(server, Self.explain + "?trace=a", "tail: {policies: [{type: errors}]}"))
            #expect(other.tail?.outcome == .kept)
            #expect(other.tail?.policies.first?.reason == "1 of 1 spans failed")
            let unknown = try explanation(try server.jaeger.request("GET", Self.explain + "?trace=ffffffffffffffff"))
            #expect(!unknown.isStored)
            #expect(unknown.head.map(\.outcome) == [.kept])
            for target in ["", "?trace=x", "?trace=a&b=c"] {
                #expect(try server.jaeger.request("GET", Self.explain + target).status == 400, "\(target)")
            }
        }
    }

    /// Small, and very large once every alias is replaced.
    private static var aliases: String {
        let lines = (0..<40).map { (number: Int) -> String in
            "b\(number + 1): &b\(number + 1) [*b\(number), *b\(number)]\n"
        }
        return "b0: &b0 [x, x]\n" + lines.joined()
    }

    @Test(arguments: [UInt64(1), 2]) func `no text of policies stops the server`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let known = [
            "percent: 10\nhead: {rules: [{service: \"a*\", percent: 1}, {traces-per-second: 5, per: service}]}\n",
            "tail:\n  policies:\n    - {type: latency, above-percentile: 99}\n    - {type: per-version, "
                + "traces-per-minute: 2}\n    - {type: not, policy: {type: attribute, key: k, matches: \"a.*\"}}\n",
            "ageing: [{until: 1h, keep: all}, {policies: [{type: errors}], one-per: operation-and-version}]\n",
        ]
        let hard = [
            String(repeating: "[", count: 30_000), String(repeating: "- ", count: 30_000),
            String(repeating: "? ", count: 30_000), String(repeating: "{a: ", count: 900),
            "tail: {policies: " + String(repeating: "[{type: and, policies: ", count: 200),
            Self.aliases,
        ]
        try await QueryServer.serving(Self.posts) { server in
            func expectAnswer(_ body: [UInt8]) throws {
                let response = try server.jaeger.request("POST", Self.simulate, body: .bytes(body))
                #expect([200, 400].contains(response.status), "seed \(seed): \(response.text.prefix(200))")
            }
            for text in known { #expect(try post(server, Self.simulate, text).status == 200) }
            for text in hard { try expectAnswer(Array(text.utf8)) }
            for round in 0..<300 {
                var body: [UInt8]
                if round % 4 == 0 {
                    body = (0..<Int.random(in: 0..<200, using: &random)).map { _ in .random(in: 0...255, using: &random)
                    }
                } else {
                    body = Array(known.randomElement(using: &random)?.utf8 ?? "".utf8)
                    for _ in 0..<Int.random(in: 1...6, using: &random) where !body.isEmpty {
                        let place = Int.random(in: 0..<body.count, using: &random)
                        switch Int.random(in: 0..<3, using: &random) {
                        case 0: body.remove(at: place)
                        case 1: body[place] = Array("{}[]:,-*&0 9\n".utf8).randomElement(using: &random) ?? 0
                        default: body.insert(contentsOf: body[place...].prefix(20), at: place)
                        }
                    }
                }
                try expectAnswer(body)
            }
        }
    }
}
