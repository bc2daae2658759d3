import ArgumentParser
import Foundation

/// How a server is started and measured, and what becomes of the findings.
struct MeasureOptions: ParsableArguments {
    @Option(help: "The server's program.")
    var serverBinary: String

    @Option(help: "Its arguments, split at spaces; {data} stands for the data folder.")
    var serverArguments =
        "serve --data {data} --zipkin-port 0 --query-port 0 --admin-port 0 --otlp-grpc-port 0 --otlp-http-port 0 "
        + "--jaeger-http-port 0 --jaeger-grpc-port 0 --jaeger-compact-port 0 --jaeger-binary-port 0 "
        + "--jaeger-storage-port 0 --query-grpc-port 0 --tempo-port 0 --sampling-http-port 0 "
        + "--sampling-grpc-port 0"

    @OptionGroup var sending: SendingOptions

    @Option(help: "Questions of each kind that asks for one trace.")
    var queries = 500

    @Option(help: "Spans posted just before the kill -9; 0: no kill.")
    var crashSpans = 20_000

    @Option(help: "How long CPU and data folder must be quiet to be taken as settled before 30 s are over.")
    var quietSeconds = 12.0

    @Option(help: "How long to wait for the end of compaction, from the last span on.")
    var compactionSeconds = 300.0

    @Option(
        help: "Traces compared span by span after the load and each restart; default: 200, of growth 2000.")
    var verifySample: Int?

    @Flag(help: "After each restart, asks for every trace and looks for every span.")
    var verifyAll = false

    @Option(help: "Folder for data and logs, one part a run, new each time; default: a temporary one.")
    var data: String?

    @Flag(help: "Leaves the folder when done; after a failure it is always left.")
    var keep = false

    @Option(help: "Allowed values: a file, or a folder of such files.")
    var thresholds = "Benchmarks/Thresholds"

    @Option(help: "Writes everything to this file.")
    var json: String?

    @Flag(help: "A missed target is a failure.")
    var enforce = false

    func validate() throws {
        guard queries > 0, crashSpans >= 0, quietSeconds >= 0, (verifySample ?? 1) > 0 else {
            throw ValidationError("--queries, --crash-spans, --quiet-seconds and --verify-sample must not be negative")
        }
    }

    /// Measures one plan after the other.
    func measure(_ plans: [RunPlan], _ workload: WorkloadOptions) throws {
        try report(
            plans.map { plan in
                (
                    plan.name,
                    { folder in
                        var run = ServerRun(plan, self, workload, folder: folder)
                        return try run.run()
                    }
                )
            })
    }

    /// Does one run after the other, each in a folder of its own; prints each one's table when it is done.
    func report(_ runs: [(name: String, run: (_ folder: String) throws -> BenchReport)]) throws {
        let limits = FileManager.default.fileExists(atPath: thresholds) ? try Thresholds(path: thresholds) : nil
        if limits == nil {
            guard !enforce else { throw ValidationError("\(thresholds) is not there") }
            print("no targets: \(thresholds) is not there")
        }
        let folder = try makeFolder()
        var reports: [BenchReport] = []
        for (name, run) in runs {
            let part = folder + "/" + name.replacing(" ", with: "-")
            try FileManager.default.createDirectory(atPath: part + "/data", withIntermediateDirectories: true)
            var report = try run(part)
            if let limits { report.apply(limits) }
            print(ReportTable(report: report).text)
            fflush(nil)
            reports.append(report)
            try write(reports)
            if report.failures.isEmpty && !keep { try FileManager.default.removeItem(atPath: part + "/data") }
        }
        if let table = FormatTable(reports: reports).text { print(table) }
        let isFailed = reports.contains { !$0.failures.isEmpty }
        if isFailed || keep {
            print("data and logs are in \(folder)")
        } else {
            try FileManager.default.removeItem(atPath: folder)
        }
        if isFailed || (enforce && !reports.allSatisfy(\.isEveryTargetMet)) { throw ExitCode(1) }
    }

    private func write(_ reports: [BenchReport]) throws {
        guard let json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(reports).write(to: URL(fileURLWithPath: json))
    }

    /// The folder of these runs, which must be new: what is in it is removed at the end.
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
