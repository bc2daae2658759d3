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
}
