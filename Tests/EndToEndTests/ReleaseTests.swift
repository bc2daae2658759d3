import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// A canary of recorded mesh traffic: `reviews` v2 takes twice as long as v1, and answered 503 to 11 of 132
    /// requests.
    @Suite struct ReleaseTests {
        private struct Comparison: Decodable {
            struct Interval: Decodable {
                let low: Double
                let high: Double
            }
            struct Duration: Decodable { let value: Double }
            struct Quantile: Decodable {
                let name: String
                let base: Duration
                let candidate: Duration
            }
            struct Errors: Decodable {
                let base: Double
                let candidate: Double
                let candidateInterval: Interval
                let outcome: String
            }
            struct Total: Decodable {
                let baseRequestCount: Int
                let candidateRequestCount: Int
                let errors: Errors
                let quantiles: [Quantile]
            }
            struct Callee: Decodable {
                let service: String
                let change: String
            }
            struct Timeline: Decodable {
                struct Step: Decodable {
                    let base: Int
                    let candidate: Int
                }
                let steps: [Step]
            }
            let outcome: String
            let isExact: Bool
            let total: Total
            let callees: [Callee]
            let timeline: Timeline
        }

        private static let target =
            "/api/skein/v1/compare?service=reviews.default&base=v1&candidate=v2&since=1h&readingSeconds=60"
        /// So many posts tell of too few requests to decide.
        private static let firstPostCount = 30
        /// Of these to the candidate.
        private static let firstRequestCount = 10

        private func compare(_ query: HTTPConnection, _ more: String = "") throws -> Comparison {
            let response = try query.request("GET", Self.target + more)
            #expect(response.status == 200)
            return try JSONDecoder().decode(Comparison.self, from: Data(response.body))
        }

        /// Answers about what just came may be of the second before.
        private func expectCandidateRequests(_ count: Int, _ query: HTTPConnection) throws {
            #expect(
                try PeerTests.waited(for: count) {
                    try compare(query, "&evidence=false").total.candidateRequestCount
                } == count)
        }

        private func post(_ bodies: some Sequence<[UInt8]>, to process: SkeinProcess) throws {
            let client = try SkeinClient(process)
            for body in bodies { #expect(try client.post(body).status == 202) }
        }

        @Test(arguments: ["100", "1"])
        func `a recorded canary is undecided at first and worse in the end, whatever is stored of it`(
            percent: String
        ) throws {
            let traffic = try RecordedTraffic("bookinfo")
            let process = try SkeinProcess.started(options: ["--sampling-percent", percent])
            let query = try HTTPConnection(port: try process.port("query"))
            #expect(try compare(query).outcome == "tooLittleData")
            try post(traffic.bodies.prefix(Self.firstPostCount), to: process)
            try expectCandidateRequests(Self.firstRequestCount, query)
            #expect(try compare(query).outcome == "tooLittleData")
            try post(traffic.bodies.dropFirst(Self.firstPostCount), to: process)
            try expectCandidateRequests(132, query)

            let comparison = try compare(query)
            #expect(comparison.outcome == "worse" && comparison.isExact)
            let total = comparison.total
            #expect(total.baseRequestCount == 150 && total.candidateRequestCount == 132)
            #expect(total.errors.base == 0 && total.errors.candidate == 11.0 / 132)
            let interval = total.errors.candidateInterval
            #expect(interval.low > 0.02 && interval.low < 11.0 / 132 && interval.high < 0.2)
            // What counts for errors alone is found as well.
            #expect(try compare(query, "&latency=20").total.errors.outcome == "worse")
            let p95 = try #require(total.quantiles.first { $0.name == "p95" })
            #expect(abs(p95.base.value / 10_711_000 - 1) < 0.02 && abs(p95.candidate.value / 27_843_000 - 1) < 0.02)
            #expect(comparison.callees.contains { $0.service == "ratings.default" && $0.change == "added" })
            let steps = comparison.timeline.steps
            #expect(steps.reduce(0) { $0 + $1.base } == 150 && steps.reduce(0) { $0 + $1.candidate } == 132)
            try process.terminate()
        }

        @Test func `reports are served as a page and as Markdown, and refuse what is no address`() throws {
            let process = try SkeinProcess.started()
            try post(try RecordedTraffic("bookinfo").bodies, to: process)
            let query = try HTTPConnection(port: try process.port("query"))
            try expectCandidateRequests(132, query)
            let page = try query.request("GET", Self.target + "&format=html&link=https://jaeger.example")
            #expect(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.header("content-security-policy") == "default-src 'none'; style-src 'unsafe-inline'")
            #expect(page.header("x-content-type-options") == "nosniff")
            #expect(page.text.contains("<title>reviews.default: v2 is worse than v1</title>"))
            let markdown = try query.request("GET", Self.target + "&format=markdown")
            #expect(markdown.header("content-type") == "text/markdown; charset=utf-8")
            #expect(markdown.text.hasPrefix("# reviews.default: v2 is worse than v1\n"))
            for wrong in ["&format=pdf", "&link=javascript:alert(1)", "&form=html"] {
                #expect(try query.request("GET", Self.target + wrong).status == 400)
            }
            try process.terminate()
        }

        @Test func `the examples for pipelines, Argo Rollouts and Flagger do what they say`() throws {
            let traffic = try RecordedTraffic("bookinfo")
            let process = try SkeinProcess.started()
            let examples = try ReleaseExamples()
            let gate = try Gate(server: "http://127.0.0.1:\(try process.port("query"))")
            let query = try HTTPConnection(port: try process.port("query"))
            for (outcome, code) in [("tooLittleData", Int32(4)), ("worse", 3)] {
                let part = outcome == "worse" ? traffic.bodies[...] : traffic.bodies.prefix(Self.firstPostCount)
                try post(outcome == "worse" ? part.dropFirst(Self.firstPostCount) : part, to: process)
                try expectCandidateRequests(outcome == "worse" ? 132 : Self.firstRequestCount, query)
                #expect(try gate.run(examples.waitingStep) == code)
                #expect(gate.hasReport)
                #expect(try gate.run(examples.job.script.joined(separator: "\n")) == code)
                #expect(examples.job.allowedFailures.contains(code) == (outcome == "tooLittleData"))
                #expect(gate.hasReport)
                #expect(try gate.run(try examples.command(ofHook: "rollback")) == (outcome == "worse" ? 0 : 1))
                #expect(try gate.run(try examples.command(ofHook: "confirm-promotion")) == code)

                let address = try examples.address(server: "")
                let response = try query.request("GET", address)
                #expect(response.status == 200, "\(address)")
                let result = try examples.result(in: response.body)
                #expect(result == outcome)
            }
            #expect(try examples.phase(of: "worse") == .failed)
            #expect(try examples.phase(of: "tooLittleData") == .inconclusive)
            for outcome in ["better", "same"] { #expect(try examples.phase(of: outcome) == .successful) }
            try process.terminate()
            #expect(try gate.run(examples.job.script.joined(separator: "\n")) == 1)
        }
    }

    /// Runs commands as a pipeline does, in a folder of their own.
    private struct Gate {
        private let folder: TemporaryFolder
        private let environment: [String: String]

        init(server: String) throws {
            folder = try TemporaryFolder()
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let binaries = URL(filePath: own).deletingLastPathComponent().path
            environment = [
                "PATH": binaries + ":/usr/bin:/bin", "SKEIN": server, "SERVICE": "reviews.default", "BASE": "v1",
                "CANDIDATE": "v2", "WAIT": "0",
            ]
        }

        /// - Returns: the exit code.
        func run(_ script: String) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-ec", script]
            process.environment = environment
            process.currentDirectoryURL = URL(filePath: folder.path)
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }

        /// Whether the last run left a page behind, which is then removed.
        var hasReport: Bool {
            let path = folder.path + "/report.html"
            defer { try? FileManager.default.removeItem(atPath: path) }
            return FileManager.default.contents(atPath: path).map { $0.starts(with: Data("<!doctype html>".utf8)) }
                ?? false
        }
    }
}
