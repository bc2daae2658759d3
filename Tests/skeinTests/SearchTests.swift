import ArgumentParser
import QueryLanguage
import Testing

@testable import skein

@Suite struct SearchTests {
    private let now: Int64 = 1_795_247_697_114_999_000

    @Test func `options become a query, each of them for some span of the service`() throws {
        let command = try SearchCommand.parse([
            "--service", "a", "--operation", "o \"p\"", "--tag", "k=v=w", "--tag", "error", "--min-duration", "10ms",
            "--max-duration", "1s", "--since", "1h", "--until", "2026-11-21T07:54:00Z", "--limit", "5",
        ])
        let request = try command.request(now: now)
        let service = #"resource.service.name = "a""#
        let clauses = [
            #"name = "o \"p\"""#, "duration >= 10000000ns && duration <= 1000000000ns", #"span."k" = "v=w""#,
            #"(span."error" != nil || event:name = "error")"#,
        ]
        #expect(request.query == clauses.map { "{ \(service) && \($0) }" }.joined(separator: " && "))
        #expect(throws: Never.self) { try TraceQLQuery(parsing: request.query) }
        #expect(request.start == now - 3_600_000_000_000)
        #expect(request.end == 1_795_247_640_000_000_000)
        #expect(request.limit == 5)
    }

    @Test func `a query of one's own is taken as it is, and options are added to it`() throws {
        let own = "{ status = error } | count() > 1"
        #expect(try SearchCommand.parse([own]).query() == own)
        #expect(try SearchCommand.parse([]).query() == "{ }")
        let both = try SearchCommand.parse([own, "--service", "a"]).query()
        #expect(both == "(\(own)) && { resource.service.name = \"a\" }")
        #expect(throws: Never.self) { try TraceQLQuery(parsing: both) }
    }

    @Test(arguments: [["--since", "yesterday"], ["--since", "1h", "--until", "2h"], ["--tag", "=v"]])
    func `times and tags that are none are refused`(arguments: [String]) throws {
        let command = try SearchCommand.parse(arguments)
        #expect(throws: (any Error).self) { try command.request(now: now) }
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
