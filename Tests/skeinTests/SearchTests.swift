import ArgumentParser
import Testing
import TraceModel
import TraceStore

@testable import skein

@Suite struct SearchTests {
    private let now: Int64 = 1_795_247_697_114_999_000

    @Test func `options become a query`() throws {
        let command = try SearchCommand.parse([
            "--service", "a", "--operation", "o", "--tag", "k=v=w", "--tag", "error", "--min-duration", "10ms",
            "--max-duration", "1s", "--since", "1h", "--until", "2026-11-21T07:54:00Z", "--limit", "5",
        ])
        let query = try command.query(now: now)
        #expect(query.serviceName == "a")
        #expect(query.operationName == "o")
        #expect(
            query.attributes == [
                .init(key: "k", target: .attribute(value: "v=w")), .init(key: "error", target: .keyOrEvent),
            ])
        #expect([query.durationMin, query.durationMax] == [10_000_000, 1_000_000_000])
        #expect(query.startMin == now - 3_600_000_000_000)
        #expect(query.startMax == 1_795_247_640_000_000_000)
        #expect(query.limit == 5)
    }

    @Test func `a query is told in Zipkin's words`() throws {
        var query = TraceQuery(rules: .anySpans, startMin: 1_000_000_001, startMax: 2_000_000_001, limit: 7)
        query.serviceName = "s"
        query.operationName = "o"
        query.durationMax = 5_999
        query.attributes = [
            .init(key: "k", target: .attribute(value: "v")), .init(key: "error", target: .keyOrEvent),
        ]
        let parameters = try ServerSource.parameters(query).map { "\($0.name)=\($0.value)" }
        #expect(
            parameters == [
                "limit=7", "endTs=2001", "lookback=1001", "serviceName=s", "spanName=o", "minDuration=1",
                "maxDuration=5",
                "annotationQuery=k=v and error",
            ])
        query.durationMin = 10_001
        #expect(try ServerSource.parameters(query).contains { $0.name == "minDuration" && $0.value == "11" })
        query.attributes = [.init(key: "a and b", target: .keyOrEvent)]
        #expect(throws: CommandFailure.self) { try ServerSource.parameters(query) }
    }

    @Test(arguments: [["--since", "yesterday"], ["--since", "1h", "--until", "2h"], ["--tag", "=v"]])
    func `times and tags that are none are refused`(arguments: [String]) throws {
        let command = try SearchCommand.parse(arguments)
        #expect(throws: (any Error).self) { try command.query(now: now) }
    }

    @Test(arguments: [
        ["search", "--limit", "0"], ["search", "--operation", "o"], ["search", "--bogus"], ["nothing"],
        ["services", "--server", "x", "--data", "y"], ["trace"], ["trace", "xyz"], ["send"],
        ["send", "x", "--rate", "0"],
        ["config", "print", "--zipkin-port", "x"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        #expect(Skein.run(arguments) == 2)
    }

    @Test func `metrics are read from their text`() {
        let text = "# HELP a b\na 1\nb{x=\"y z\"} 2.5 1795247697\nbroken\nskein_store_bytes 1048576\nn NaN\n"
        let samples = MetricSample.parse(text)
        #expect(
            samples == [
                .init(name: "a", value: 1), .init(name: "b{x=\"y z\"}", value: 2.5),
                .init(name: "skein_store_bytes", value: 1_048_576),
            ])
        #expect(samples.map(\.text) == ["1", "2.5", "1 MiB"])
    }
}
