import Foundation
import Workload

/// The measurement of one profile on a fresh data folder.
struct ProfileRun {
    let profile: WorkloadProfile
    let options: RunCommand
    /// Holds the data folder and the server's log.
    let folder: String
    private let workload: Workload
    private var report: ProfileReport

    private static let settleSecondsMax = 30.0
    /// What a server that has nothing to do may use of a processor.
    private static let quietCPUShare = 0.02

    init(_ profile: WorkloadProfile, _ options: RunCommand, folder: String) {
        self.profile = profile
        self.options = options
        self.folder = folder
        workload = options.workload.workload(profile)
        report = ProfileReport(
            profile: profile.rawValue, spanCount: workload.spanCount, traceCount: workload.traceCount,
            batch: options.workload.batch, seed: options.workload.seed)
    }

    private var data: String { folder + "/data" }

    mutating func run() throws -> ProfileReport {
        defer { ServerProcess.killRunning() }
        var server = try start()
        report.add("start empty", server.startSeconds, "s")
        try load(server)
        try query(server)
        server = try restart(server)
        if options.crashSpans > 0 { server = try crash(server) }
        let end = try server.stop(SIGTERM)
        if end.status != 0 { report.failures.append("the server ended with status \(end.status) at the end") }
        try calibrate()
        return report
    }

    private func start() throws -> ServerProcess {
        let arguments = options.serverArguments.split(separator: " ").map {
            String($0).replacing("{data}", with: data)
        }
        return try ServerProcess(binary: options.serverBinary, arguments: arguments, log: folder + "/server.log")
    }

    // MARK: Load

    private mutating func load(_ server: ServerProcess) throws {
        progress("posting \(workload.spanCount) spans")
        let before = try server.cpuSeconds()
        let sender = LoadSender(
            to: try server.address(of: "zipkin"), connections: options.sending.connections,
            framing: options.sending.framing)
        let load = try sender.run(workload.posts())
        let after = try server.cpuSeconds()
        report.load = load
        let millions = Double(workload.spanCount) / 1e6
        report.add("spans a second", load.spansPerSecond, "1/s")
        report.add("acknowledgement, p50", load.acknowledgementP50Milliseconds, "ms")
        report.add("acknowledgement, p99", load.acknowledgementP99Milliseconds, "ms")
        report.add("told to wait (503)", Double(load.retries), "posts")
        report.add("server CPU while loading", (after - before) / millions, "s/1M spans")
        report.add("sender CPU while loading", load.senderCPUSeconds / millions, "s/1M spans")
        if load.spansAccepted != workload.spanCount {
            report.failures.append(
                "\(load.spansAccepted) of \(workload.spanCount) spans accepted; refusals \(load.refusals), "
                    + "connections lost \(load.connectionsLost)")
        }
        let size = try settle(server)
        let memory = try server.memory()
        report.add("server CPU until settled", (try server.cpuSeconds() - before) / millions, "s/1M spans")
        report.add("peak memory", memory.peak, "MiB")
        report.add("memory when settled", memory.now, "MiB")
        report.add(
            "data folder, allocated", Double(size.total.allocatedByteCount) / Double(workload.spanCount), "B/span")
        report.add("data folder, lengths", Double(size.total.byteCount) / Double(workload.spanCount), "B/span")
        for (part, value) in size.parts.sorted(by: { $0.key < $1.key }) {
            report.add("data folder, \(part)", Double(value.allocatedByteCount) / Double(workload.spanCount), "B/span")
        }
        report.folders = size.parts
    }

    /// Waits until the server has come to rest, or long enough.
    private mutating func settle(_ server: ServerProcess) throws -> DataFolder {
        progress("settling")
        let begin = CPUClock.wall()
        var quietSince = begin
        var quietCPU = try server.cpuSeconds()
        var size = DataFolder(path: data)
        while CPUClock.wall() - begin < max(Self.settleSecondsMax, options.quietSeconds) {
            usleep(500_000)
            let (cpu, now) = (try server.cpuSeconds(), DataFolder(path: data))
            if now != size || cpu - quietCPU > Self.quietCPUShare * options.quietSeconds {
                (quietSince, quietCPU, size) = (CPUClock.wall(), cpu, now)
            } else if CPUClock.wall() - quietSince >= options.quietSeconds {
                report.settled = "quiet for \(options.quietSeconds) s"
                break
            }
        }
        if report.settled.isEmpty { report.settled = "\(Int(Self.settleSecondsMax)) s after the last span" }
        report.add("settled after", CPUClock.wall() - begin, "s")
        report.notes.append("taken as settled: \(report.settled)")
        return DataFolder(path: data)
    }

    // MARK: Questions

    private mutating func query(_ server: ServerProcess) throws {
        progress("asking")
        let before = try server.cpuSeconds()
        let jaeger = server.listeners["query"]
        if jaeger == nil { report.notes.append("no listener 'query': Jaeger's API was not asked") }
        let suite = QuerySuite(
            workload: workload, zipkin: try server.address(of: "zipkin"), jaeger: jaeger, count: options.queries)
        for answer in try suite.run() {
            report.add("\(answer.name), p50", answer.p50Milliseconds, "ms")
            report.add("\(answer.name), p99", answer.p99Milliseconds, "ms")
            note(answer)
        }
        report.add("server CPU of all queries", try server.cpuSeconds() - before, "s")
        report.add("peak memory with queries", try server.memory().peak, "MiB")
    }

    private mutating func note(_ answer: QueryReport, when: String = "") {
        report.queries.append(answer)
        guard answer.wrong > 0 else { return }
        report.failures.append(
            "\(answer.name)\(when): \(answer.wrong) of \(answer.count) answers wrong; "
                + answer.complaints.joined(separator: "; "))
    }

    /// Whether traces are still there, whole: some random ones as they were sent, and all of them if asked.
    private mutating func verify(
        _ workload: Workload, _ server: ServerProcess, isEveryTrace: Bool, when: String
    ) throws {
        let suite = QuerySuite(workload: workload, zipkin: try server.address(of: "zipkin"), jaeger: nil, count: 50)
        let client = QueryClient(to: suite.zipkin)
        note(try suite.traceByID(client), when: when)
        if isEveryTrace { note(try suite.everyTrace(client), when: when) }
    }

    // MARK: Restarts

    private mutating func restart(_ server: ServerProcess) throws -> ServerProcess {
        progress("stopping and starting again")
        let end = try server.stop(SIGTERM)
        report.add("stop (SIGTERM)", end.seconds, "s")
        if end.status != 0 { report.failures.append("the server ended with status \(end.status) on SIGTERM") }
        let next = try start()
        report.add("start with data", next.startSeconds, "s")
        usleep(2_000_000)
        report.add("memory idle after restart", try next.memory().now, "MiB")
        try verify(workload, next, isEveryTrace: options.verifyAll, when: " after a restart")
        return next
    }

    /// Posts another load, kills the server at once after the last answer, and looks for every trace.
    private mutating func crash(_ server: ServerProcess) throws -> ServerProcess {
        progress("killing under load")
        var configuration = workload.configuration
        configuration.seed &+= 0x5EED
        configuration.spanCount = options.crashSpans
        configuration.lastStart += 1_000_000
        let more = Workload(configuration)
        let sender = LoadSender(
            to: try server.address(of: "zipkin"), connections: options.sending.connections,
            framing: options.sending.framing)
        let load = try sender.run(more.posts())
        _ = try server.stop(SIGKILL)
        if load.spansAccepted != more.spanCount {
            report.failures.append("\(load.spansAccepted) of \(more.spanCount) spans accepted before the kill")
        }
        let next = try start()
        report.add("start after kill -9", next.startSeconds, "s")
        try verify(more, next, isEveryTrace: true, when: " after kill -9, spans posted just before")
        try verify(workload, next, isEveryTrace: options.verifyAll, when: " after kill -9")
        return next
    }

    // MARK: Calibration

    private mutating func calibrate() throws {
        let calibration = try Calibration(workload)
        report.calibration = calibration
        report.add("JSON as posted", calibration.jsonBytesPerSpan, "B/span")
        report.add("LZ4 fast of the JSON, size", calibration.bytesPerSpan, "B/span")
        report.add("LZ4 fast of the JSON, CPU", calibration.cpuSecondsPerMillionSpans, "s/1M spans")
        let settled = report.figures.first { $0.name == "server CPU until settled" }?.value ?? 0
        report.add("server CPU / LZ4 CPU", settled / calibration.cpuSecondsPerMillionSpans, "times")
    }

    private func progress(_ text: String) {
        FileHandle.standardError.write(Data("\(profile.rawValue): \(text)\n".utf8))
    }
}
