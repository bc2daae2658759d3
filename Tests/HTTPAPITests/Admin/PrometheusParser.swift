import Foundation
import TestSupport
import Testing

/// The parser of Prometheus' client for Python, in the environment that `.ci/peers` installs.
enum PrometheusParser {
    struct Family: Decodable {
        var type: String
        var samples: [Sample]
    }

    struct Sample: Decodable, Equatable {
        var name: String
        var labels: [String: String]
        var value: Double

        init(_ name: String, _ labels: [String: String], _ value: Double) {
            self.name = name
            self.labels = labels
            self.value = value
        }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            name = try list.decode(String.self)
            labels = try list.decode([String: String].self)
            value = try list.decode(Double.self)
        }
    }

    private static let environment = Repository.path + "/.build/peers/current"

    /// Whether it is there with the versions that the tests want.
    static var isInstalled: Bool {
        let installed = FileManager.default.contents(atPath: environment + "/installed.txt")
        let wanted = FileManager.default.contents(atPath: Repository.path + "/Tests/Peers/requirements.txt")
        return installed != nil && installed == wanted
    }

    /// What it makes of metrics, by family.
    static func read(_ metrics: [UInt8]) throws -> [String: Family] {
        let folder = try TemporaryFolder()
        let file = folder.path + "/metrics.txt"
        try Data(metrics).write(to: URL(filePath: file))
        let process = Process()
        process.executableURL = URL(filePath: environment + "/bin/python3")
        process.arguments = [Repository.path + "/Tests/Peers/read_metrics.py", file]
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "what is wrong stands on standard error")
        return try JSONDecoder().decode([String: Family].self, from: answer)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, and says so, where the parser could not be installed.
    static var prometheusParser: ConditionTrait {
        .enabled(
            if: PrometheusParser.isInstalled,
            "no Python environment .build/peers/current: run .ci/peers, which tells the reason")
    }
}
