import FoundationEssentials
import NetworkServer
import NetworkTestSupport
import Receivers
import Sampling
import TestSupport
import Testing

/// What SDKs are told that ask how to sample, over HTTP and gRPC.
@Suite struct SamplingRoutesTests {
    private static let method = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy"
    private static let strategies = """
        {"service_strategies":[
          {"service":"a b","type":"probabilistic","param":0},
          {"service":"limited","type":"ratelimiting","param":5,"operation_strategies":[
            {"operation":"GET \\"/\\"","type":"probabilistic","param":1}]},
          {"service":"none","type":"ratelimiting","param":0}],
         "default_strategy":{"type":"probabilistic","param":0.5}}
        """

    private func run(
        _ json: String?, rates: OperationRates? = nil, anyPath: Bool = true,
        _ test: (RunningServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let file = try json.map { json in
            try write(json, folder.path + "/strategies.json")
            return try SamplingStrategiesFile(path: folder.path + "/strategies.json", fallback: 0.125)
        }
        let routes = SamplingRoutes(defaultProbability: 0.25, file: file, rates: rates)
        try await RunningServer.run(
            routes: { router in
                routes.registerHTTP(on: &router, anyPath: anyPath)
                routes.registerGRPC(on: &router)
                SamplingRoutes.registerReflection(on: &router)
            }, test)
    }

    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private func get(_ running: RunningServer, _ target: String, method: String = "GET") throws -> RawClient.Answer {
        let client = try running.client()
        client.send("\(method) \(target) HTTP/1.1\r\nhost: x\r\n\r\n")
        return try client.readAnswer()
    }

    @Test func `each service gets its strategy with every field`() async throws {
        try await run(Self.strategies) { running in
            for (service, expected) in [
                ("a%20b", #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#),
                ("a+b", #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#),
                ("none", #"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":0}}"#),
                (
                    "limited",
                    #"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5},"#
                        + #""operationSampling":{"defaultSamplingProbability":0.001,"#
                        + #""defaultLowerBoundTracesPerSecond":0,"perOperationStrategies":["#
                        + #"{"operation":"GET \"/\"","probabilisticSampling":{"samplingRate":1}}],"#
                        + #""defaultUpperBoundTracesPerSecond":0}}"#
                ),
                ("", #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#),
                ("other", #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#),
            ] {
                for path in ["/sampling", "/api/sampling", "/", "/some/other"] {
                    let answer = try get(running, "\(path)?service=\(service)")
                    #expect(answer.status == 200 && answer.text == expected)
                    #expect(answer.headers["content-type"] == "application/json")
                }
            }
        }
    }

    @Test func `the service has to be named once`() async throws {
        try await run(nil) { running in
            for target in [
                "/sampling", "/api/sampling?x=1", "/sampling?service=a&service=b", "/any?service=a&service=a",
            ] {
                let answer = try get(running, target)
                #expect(answer.status == 400)
                #expect(answer.text == "'service' parameter must be provided once")
            }
            for target in ["/sampling?service=a", "/any?service=a"] {
                #expect(try get(running, target, method: "DELETE").status == 405)
            }
        }
        try await run(nil, anyPath: false) { running in
            let (found, missing) = (
                try get(running, "/api/sampling?service=a"), try get(running, "/sampling?service=a")
            )
            #expect(found.status == 200 && missing.status == 404)
        }
    }

    @Test func `calls are answered with the same`() async throws {
        try await run(Self.strategies) { running in
            func ask(_ service: String) throws -> [UInt8]? {
                let message = service.isEmpty ? [] : [1 << 3 | 2, UInt8(service.utf8.count)] + Array(service.utf8)
                return try HTTP2Client(port: running.port).call(Self.method, message).message
            }
            #expect(try ask("a b") == [0x12, 0])
            #expect(try ask("none") == [8, 1, 0x1a, 0])
            let half: [UInt8] = [0x12, 9, 9, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]
            #expect(try ask("other") == half)
            #expect(try ask("") == half)
            let limited = try #require(try ask("limited"))
            let one: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
            let operation: [UInt8] = [0x0a, 7] + Array("GET \"/\"".utf8) + [0x12, 9] + one
            let thousandth = (0..<8).map { UInt8(truncatingIfNeeded: (0.001).bitPattern >> (8 * $0)) }
            let operations = [9] + thousandth + [0x1a, UInt8(operation.count)] + operation
            #expect(limited == [8, 1, 0x1a, 2, 8, 5, 0x22, UInt8(operations.count)] + operations)

            let broken = try HTTP2Client(port: running.port).call(Self.method, [0xff, 0xff])
            #expect(broken.code == 3)
            let listed = try HTTP2Client(port: running.port).call(
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [7 << 3 | 2, 0])
            let answer = try #require(listed.message)
            #expect(String(decoding: answer, as: UTF8.self).contains(SamplingRoutes.service))
        }
    }

    @Test func `a file goes before adaptive sampling for the services that it names`() async throws {
        let rates = OperationRates(target: 1, initialProbability: 0.5, now: 0)
        try await run(Self.strategies, rates: rates) { running in
            let named = try get(running, "/sampling?service=none")
            #expect(named.text.contains("RATE_LIMITING"))
            let other = try get(running, "/sampling?service=other")
            #expect(
                other.text
                    == #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5},"#
                    + #""operationSampling":{"defaultSamplingProbability":0.5,"#
                    + #""defaultLowerBoundTracesPerSecond":0.016666666666666666,"perOperationStrategies":[],"#
                    + #""defaultUpperBoundTracesPerSecond":0}}"#)
        }
        try await run(nil) { running in
            let answer = try get(running, "/sampling?service=a")
            #expect(answer.text.contains(#""samplingRate":0.25}"#))
        }
    }

    @Test func `a replaced file is taken, and a broken one leaves the old in force`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/strategies.json"
        let missing = #expect(throws: SamplingStrategiesFileError.self) {
            try SamplingStrategiesFile(path: path, fallback: 0.125)
        }
        #expect(missing?.code == .unreadable)
        #expect(missing?.description == "sampling strategies \(path): no such file")
        try write("{\"default_strategy\": 7}", path)
        let malformed = #expect(throws: SamplingStrategiesFileError.self) {
            try SamplingStrategiesFile(path: path, fallback: 0.125)
        }
        #expect(malformed?.code == .malformed)
        #expect(
            malformed?.description
                == "sampling strategies \(path), line 1, column 22: default_strategy: "
                + "an object is expected, not a number")

        try write("{}", path)
        let file = try SamplingStrategiesFile(path: path, fallback: 0.125)
        let routes = SamplingRoutes(defaultProbability: 1, file: file, rates: nil)
        #expect(routes.strategy(of: "a").rule == .probabilistic(0.125))
        #expect(file.reloadIfChanged() == .unchanged)
        try write("{", path)
        let reason = "sampling strategies \(path), line 1, column 2: a name in quotes is expected, but the text ends"
        #expect(file.reloadIfChanged() == .failed(reason))
        #expect(file.reloadIfChanged() == .unchanged)
        #expect(routes.strategy(of: "a").rule == .probabilistic(0.125))
        try write(Self.strategies + " ", path)
        #expect(file.reloadIfChanged() == .reloaded(warnings: []))
        #expect(routes.strategy(of: "none").rule == .rateLimiting(0))
    }
}
