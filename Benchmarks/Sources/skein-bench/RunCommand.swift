import ArgumentParser
import Foundation
import Workload

/// Starts a server, loads it, asks it, stops it, and says what that took.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures a server from its first start to a restart after a crash.")

    @Option(help: "The server's program.")
    var serverBinary: String

    @Option(help: "Its arguments, split at spaces; {data} stands for the data folder.")
    var serverArguments = "serve --data {data} --zipkin-port 0 --query-port 0 --admin-port 0"

    @Option(help: "mesh, wide or both.", transform: parseProfiles)
    var profile: [WorkloadProfile] = [.mesh]

    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var sending: SendingOptions

    @Option(help: "Questions of each kind that asks for one trace.")
    var queries = 300

    @Option(help: "Spans posted just before the kill -9; 0: no kill.")
    var crashSpans = 20_000

    @Option(help: "How long CPU and data folder must be quiet to be taken as settled before 30 s are over.")
    var quietSeconds = 12.0

    @Flag(help: "After each restart, asks for every trace and looks for every span.")
    var verifyAll = false

    @Option(help: "Folder for data and logs, one part a profile, new each time; default: a temporary one.")
    var data: String?

    @Flag(help: "Leaves the folder when done; after a failure it is always left.")
    var keep = false

    @Option(help: "Allowed values.")
    var thresholds = "Benchmarks/Thresholds/foundation.json"

    @Option(help: "Writes everything to this file.")
    var json: String?

    @Flag(help: "A missed target is a failure.")
    var enforce = false

    func run() throws {
        let limits = FileManager.default.fileExists(atPath: thresholds) ? try Thresholds(path: thresholds) : nil
        if limits == nil {
            guard !enforce else { throw ValidationError("\(thresholds) is not there") }
            print("no targets: \(thresholds) is not there")
        }
        let folder = try makeFolder()
        var reports: [ProfileReport] = []
        for profile in profile {
            let part = folder + "/" + profile.rawValue
            try FileManager.default.createDirectory(atPath: part + "/data", withIntermediateDirectories: true)
            var run = ProfileRun(profile, self, folder: part)
            var report = try run.run()
            if let limits { report.apply(limits) }
            print(report.table)
            reports.append(report)
        }
        if let path = json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(reports).write(to: URL(fileURLWithPath: path))
        }
        let isFailed = reports.contains { !$0.failures.isEmpty }
        if isFailed || keep {
            print("data and logs are in \(folder)")
        } else {
            try FileManager.default.removeItem(atPath: folder)
        }
        let isMissed = reports.contains { $0.figures.contains { $0.isMet == false } }
        if isFailed || (enforce && isMissed) { throw ExitCode(1) }
    }

    /// The folder of this run, which must be new: what is in it is removed at the end.
    private func makeFolder() throws -> String {
        guard let data else {
            let template = FileManager.default.temporaryDirectory.path + "/skein-bench-XXXXXX"
            var bytes = Array(template.utf8CString)
            guard mkdtemp(&bytes) != nil else { throw BenchError.system("making \(template)") }
            return String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: data)) ?? []
        guard names.isEmpty else { throw ValidationError("\(data) is not empty") }
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        return data
    }
}

private func parseProfiles(_ text: String) throws -> [WorkloadProfile] {
    text == "both" ? [.mesh, .wide] : [try parseProfile(text)]
}
