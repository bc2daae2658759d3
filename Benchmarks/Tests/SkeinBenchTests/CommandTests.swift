import ArgumentParser
import Testing

@testable import skein_bench

@Suite struct CommandTests {
    @Test func `sizes must grow`() throws {
        #expect(try parseSizes("200000,1000000") == [200_000, 1_000_000])
        for text in ["", "5,5", "9,3", "x", "1,", "0", "-1,4"] {
            #expect(throws: ValidationError.self, "\(text)") { try parseSizes(text) }
        }
    }

    @Test func `the suite has every part unless told which`() throws {
        let all = try SuiteCommand.parse(["--server-binary", "skein"])
        #expect(all.only == [.mesh, .wide, .batch, .formats, .growth] && all.sizes == [1_000_000, 10_000_000])
        let some = try SuiteCommand.parse(["--server-binary", "skein", "--only", "growth,mesh"])
        #expect(some.only == [.growth, .mesh])
        #expect(throws: (any Error).self) { try SuiteCommand.parse(["--server-binary", "skein", "--only", "all"]) }
    }

    @Test func `a format is known by its name`() throws {
        #expect(try RunCommand.parse(["--server-binary", "skein", "--format", "otlp-grpc"]).format == .otlpGRPC)
        #expect(throws: (any Error).self) { try RunCommand.parse(["--server-binary", "skein", "--format", "otlp"]) }
    }

    @Test(arguments: [["--queries", "0"], ["--verify-sample", "0"], ["--spans", "0"], ["--seed", "x"]])
    func `a setting that makes no sense is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try RunCommand.parse(["--server-binary", "skein"] + arguments) }
    }

    @Test func `the commands of the query APIs know their defaults and limits`() throws {
        let server = ["--server-binary", "skein"]
        #expect(try QueriesCommand.parse(server).size.spans == 1_000_000)
        #expect(try LongTraceCommand.parse(server).spans == 100_000)
        let mixed = try MixedCommand.parse(server)
        #expect(mixed.seconds == 30 && mixed.capacitySeconds == 10 && mixed.searchConnections == 64)
        #expect(throws: (any Error).self) { try LongTraceCommand.parse(server + ["--spans", "0"]) }
        #expect(throws: (any Error).self) { try MixedCommand.parse(server + ["--search-connections", "0"]) }
    }
}
