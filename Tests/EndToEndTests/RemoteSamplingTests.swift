import FoundationEssentials
import PeerTestSupport
import TestSupport
import Testing

/// The program tells SDKs how to sample: on all of its ports, from a file that is replaced, and adaptively.
@Suite(.serialized, .onOwnThread) enum RemoteSamplingTests {
    private static func write(_ text: String, _ folder: TemporaryFolder) throws -> String {
        let path = folder.path + "/strategies.json"
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        return path
    }

    private static func file(probability: Double) -> String {
        """
        {"default_strategy":{"type":"probabilistic","param":\(probability)},
         "service_strategies":[{"service":"named","type":"ratelimiting","param":9}]}
        """
    }

    /// The answer over HTTP; that of both listeners, if it is the same.
    private static func strategy(_ process: SkeinProcess, _ service: String) throws -> String {
        var answers: Set<String> = []
        for (listener, path) in [
            ("sampling-http", "/sampling"), ("sampling-http", "/api/sampling"), ("jaeger-http", "/api/sampling"),
        ] {
            let connection = try HTTPConnection(port: try process.port(listener))
            let answer = try connection.request("GET", "\(path)?service=\(service)")
            #expect(answer.status == 200)
            answers.insert(answer.text)
        }
        return answers.count == 1 ? answers.first ?? "" : "different answers: \(answers)"
    }

    @Suite struct FileTests {
        @Test func `a file is in force at start, and anew when it is replaced`() throws {
            let folder = try TemporaryFolder()
            let path = try RemoteSamplingTests.write(RemoteSamplingTests.file(probability: 0.5), folder)
            let process = try SkeinProcess.started(options: ["--sampling-strategies", path])
            let half = #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#
            let quarter = half.replacing("0.5", with: "0.25")
            #expect(try RemoteSamplingTests.strategy(process, "other") == half)
            #expect(
                try RemoteSamplingTests.strategy(process, "named")
                    == #"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":9}}"#)

            _ = try RemoteSamplingTests.write("{\"default_strategy\":", folder)
            let complaint = "line 1, column 21: a value is expected, but the text ends"
            #expect(try PeerTests.waited(for: true) { process.standardError.contains(complaint) })
            #expect(try RemoteSamplingTests.strategy(process, "other") == half)

            _ = try RemoteSamplingTests.write(RemoteSamplingTests.file(probability: 0.25), folder)
            let reloaded = try PeerTests.waited(for: quarter) { try RemoteSamplingTests.strategy(process, "other") }
            #expect(reloaded == quarter)
            try process.terminate()
        }

        @Test func `a file that cannot be used is told at start, with the place`() throws {
            let folder = try TemporaryFolder()
            let path = try RemoteSamplingTests.write(RemoteSamplingTests.file(probability: 5), folder)
            let process = SkeinProcess(data: try TemporaryFolder(), options: ["--sampling-strategies", path])
            try process.launch()
            #expect(try process.waitForExit() != 0)
            let place = "\(path), line 1, column 53: default_strategy.param: a number from 0 to 1 is expected"
            #expect(process.standardError.contains(place), "\(process.standardError)")
        }

        @Test(.peers(.current)) func `a gRPC client gets the same on both ports`() throws {
            let folder = try TemporaryFolder()
            let path = try RemoteSamplingTests.write(RemoteSamplingTests.file(probability: 0.5), folder)
            let process = try SkeinProcess.started(options: ["--sampling-strategies", path])
            let ports = try ["sampling-grpc", "jaeger-grpc"].map { "\(try process.port($0))" }
            let output = try PeerEnvironment.current.run("ask_sampling.py", ["grpc"] + ports)
            let one =
                #"[{"strategyType": "RATE_LIMITING", "rateLimitingSampling": {"maxTracesPerSecond": 9}}, "#
                + #"{"probabilisticSampling": {"samplingRate": 0.5}}]"#
            #expect(String(decoding: output, as: UTF8.self) == "[\(one), \(one)]\n")
            try process.terminate()
        }
    }

    @Suite struct AdaptiveTests {
        private static let options = [
            "--sampling-adaptive-traces-per-second", "2", "--sampling-adaptive-interval", "500ms",
        ]

        private struct Answer: Decodable {
            struct Rate: Decodable {
                let samplingRate: Double
            }
            struct Operation: Decodable {
                let operation: String
                let probabilisticSampling: Rate
            }
            struct Operations: Decodable {
                let perOperationStrategies: [Operation]
            }
            let operationSampling: Operations
        }

        private func probability(_ process: SkeinProcess, _ operation: String) throws -> Double? {
            let text = try RemoteSamplingTests.strategy(process, "shop")
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(text.utf8))
            return answer?.operationSampling.perOperationStrategies.first { $0.operation == operation }?
                .probabilisticSampling.samplingRate
        }

        /// Traces of one span, as an SDK with Zipkin's format sends them.
        private func spans(_ count: Int, from first: Int) -> String {
            let spans = (first..<first + count).map { number in
                let id = String(0x1000_0000 + number, radix: 16)
                return "{\"traceId\":\"\(id)00000000\",\"id\":\"\(id)00000000\",\"name\":\"get /\","
                    + "\"timestamp\":\(TimeWindow.nowMicroseconds),\"duration\":5,"
                    + "\"localEndpoint\":{\"serviceName\":\"shop\"},"
                    + "\"tags\":{\"sampler.type\":\"probabilistic\",\"sampler.param\":\"1.0\"}}"
            }
            return "[" + spans.joined(separator: ",") + "]"
        }

        @Test func `the probability falls under traffic, rises in silence, and begins anew after a restart`() throws {
            let process = try SkeinProcess.started(options: Self.options)
            let client = try SkeinClient(process)
            var sent = 0
            let fell = try PeerTests.waited(for: true) {
                for _ in 0..<10 {
                    #expect(try client.post(Array(spans(200, from: sent).utf8)).status == 202)
                    sent += 200
                }
                return try probability(process, "get /").map { $0 < 0.02 } ?? false
            }
            #expect(fell)
            #expect(try PeerTests.waited(for: true) { try probability(process, "get /").map { $0 > 0.2 } ?? false })
            try process.terminate()
            try process.start()
            #expect(try probability(process, "get /") == nil)
            try process.terminate()
        }

        @Test(.peers(.older)) func `the sampler of jaeger-client follows`() throws {
            let process = try SkeinProcess.started(options: Self.options)
            let ports = try ["sampling-http", "jaeger-compact"].map { "\(try process.port($0))" }
            _ = try PeerEnvironment.older.run("ask_sampling.py", ["client"] + ports)
            try process.terminate()
        }
    }
}
