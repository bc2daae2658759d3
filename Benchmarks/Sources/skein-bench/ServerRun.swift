import Foundation
import Workload

/// What one run is to do.
struct RunPlan {
    /// For people, and the run's part of the folder.
    let name: String
    let profile: WorkloadProfile
    var format = LoadFormat.zipkinJSON
    /// Spans a post.
    let batch: Int
    /// Spans in the store at the end of each stage, growing.
    let sizes: [Int]
    /// Ends once CPU and size are known: asks nothing but for some traces, restarts nothing.
    var isLoadOnly = false
    /// Goes on as soon as the server has settled.
    var waitsForCompaction = true
    /// Traces compared span by span after the load and after each restart.
    var verifiedTraceCount = 200
}

/// The measurement of one server on a fresh data folder: each stage loads it, waits until it rests, and asks it; after
/// the last one it is stopped, started, killed, and started again.
struct ServerRun {
    let plan: RunPlan
    let options: MeasureOptions
    /// Holds the data folder and the server's log.
    let folder: String
    let workload: Workload
    var report: BenchReport
    /// The stage under way.
    var stage = StageReport(spanCount: 0, traceCount: 0)
    private(set) var summary = WorkloadSummary()

    init(_ plan: RunPlan, _ options: MeasureOptions, _ workload: WorkloadOptions, folder: String) {
        self.plan = plan
        self.options = options
        self.folder = folder
        self.workload = workload.workload(plan.profile, spans: plan.sizes.last ?? 0, batch: plan.batch)
            .formatted(as: plan.format.spans)
        report = BenchReport(
            name: plan.name, profile: plan.profile.rawValue, format: plan.format.rawValue, batch: plan.batch,
            seed: workload.seed)
    }

    var data: String { folder + "/data" }

    mutating func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var server = try start()
        let emptyStartSeconds = server.startSeconds
        var loadedTraceCount = 0
        for (position, size) in plan.sizes.enumerated() {
            let part = workload.prefix(spanCount: size)
            stage = StageReport(spanCount: part.spanCount, traceCount: part.traceCount)
            if position == 0 { stage.add("start empty", emptyStartSeconds, "s") }
            try load(server, part, traces: loadedTraceCount..<part.traceCount)
            loadedTraceCount = part.traceCount
            if plan.isLoadOnly {
                try verify(part, server, isEveryTrace: options.verifyAll, when: " after the load")
            } else {
                try query(server, part)
            }
            if position < plan.sizes.count - 1 { report.stages.append(stage) }
        }
        if !plan.isLoadOnly {
            server = try restart(server)
            if options.crashSpans > 0 { server = try crash(server) }
        }
        let end = try server.stop(SIGTERM)
        if end.status != 0 { fail("the server ended with status \(end.status) at the end") }
        try calibrate()
        report.stages.append(stage)
        report.compareStages()
        return report
    }

    func start() throws -> ServerProcess { try Self.start(options, folder: folder) }

    /// Starts the server on the folder's data.
    static func start(_ options: MeasureOptions, folder: String) throws -> ServerProcess {
        let arguments = options.serverArguments.split(separator: " ").map {
            String($0).replacing("{data}", with: folder + "/data")
        }
        return try ServerProcess(binary: options.serverBinary, arguments: arguments, log: folder + "/server.log")
    }

    // MARK: Load

    mutating func load(_ server: ServerProcess, _ part: Workload, traces: Range<Int>) throws {
        progress("posting up to \(part.spanCount) spans")
        let before = try server.cpuSeconds()
        try server.resetPeakMemory()
        try ProcessMemory.resetPeak(getpid())
        let others = try OtherPrograms(server)
        let sender = LoadSender(to: try server.address(of: plan.format.listener), options.sending.plan(plan.format))
        let stream = workload.posts(ofTraces: traces)
        let spanCount = part.spanCount - (report.stages.last?.spanCount ?? 0)
        let load = try sender.run(stream, monitor: monitor(server, spanCount: spanCount))
        summary.merge(stream.summary)
        let millions = Double(spanCount) / 1e6
        stage.load = load
        stage.add("spans a second", load.spansPerSecond, "1/s")
        stage.add("posts a second", load.postsPerSecond, "1/s")
        stage.add("acknowledgement, p50", load.acknowledgementP50Milliseconds, "ms")
        stage.add("acknowledgement, p99", load.acknowledgementP99Milliseconds, "ms")
        stage.add("told to wait", Double(load.retries), "posts")
        stage.add("server CPU while loading", (try server.cpuSeconds() - before) / millions, "s/1M spans")
        stage.add("sender CPU while loading", load.senderCPUSeconds / millions, "s/1M spans")
        stage.add("sender peak memory", try ProcessMemory.read(getpid()).peak, "MiB")
        stage.add("CPU of other programs while loading", try others.processors(server), "processors")
        if load.spansAccepted != spanCount {
            fail(
                "\(load.spansAccepted) of \(spanCount) spans accepted; refusals \(load.refusals), "
                    + "connections lost \(load.connectionsLost)")
        }
        try rest(server, cpuBefore: before, millions: millions)
    }

    private func monitor(_ server: ServerProcess, spanCount: Int) -> LoadMonitor {
        let metrics = adminMetrics(server)
        let before = report.stages.last?.spanCount ?? 0
        return LoadMonitor(
            spanCount: spanCount, sample: { (try server.cpuSeconds(), try server.memory().now) },
            progress: { spansAccepted, spansPerSecond, memory in
                let segments = metrics?.read()["skein_store_segments"].map { ", \(Int($0)) segments" } ?? ""
                progress(
                    "\(before + spansAccepted) spans, \(Int(spansPerSecond)) spans/s, memory \(Int(memory)) MiB"
                        + segments)
            })
    }

    func adminMetrics(_ server: ServerProcess) -> AdminMetrics? {
        server.listeners["admin"].map(AdminMetrics.init)
    }

    // MARK: Questions

    private mutating func query(_ server: ServerProcess, _ part: Workload) throws {
        progress("asking")
        try server.resetPeakMemory()
        let (before, others) = (try server.cpuSeconds(), try OtherPrograms(server))
        let jaeger = server.listeners["query"]
        if jaeger == nil { report.notes.append("no listener 'query': Jaeger's API was not asked") }
        let suite = QuerySuite(
            workload: part, zipkin: try server.address(of: "zipkin"), jaeger: jaeger, count: options.queries)
        for answer in try suite.run(summary) {
            stage.add("\(answer.name), p50", answer.p50Milliseconds, "ms")
            stage.add("\(answer.name), p99", answer.p99Milliseconds, "ms")
            note(answer)
        }
        stage.add("server CPU of all queries", try server.cpuSeconds() - before, "s")
        stage.add("CPU of other programs while asking", try others.processors(server), "processors")
        let memory = try server.memory()
        stage.add("peak memory with queries", memory.peak, "MiB")
        stage.add("memory after queries", memory.now, "MiB")
        try verify(part, server, isEveryTrace: false, when: " after the load")
    }

    /// Keeps what a kind of query found; wrong answers make the run a failure.
    mutating func note(_ answer: QueryReport, when: String = "") {
        stage.queries.append(answer)
        guard answer.wrong > 0 else { return }
        fail(
            "\(answer.name)\(when): \(answer.wrong) of \(answer.count) answers wrong; "
                + answer.complaints.joined(separator: "; "))
    }

    // MARK: Calibration

    private mutating func calibrate() throws {
        let walk = try BodyWalk(workload)
        let loading = stage.figure("server CPU while loading")?.value ?? 0
        stage.add("body as posted", walk.bytesPerSpan, "B/span")
        stage.add("walk of the body, CPU", walk.cpuSecondsPerMillionSpans, "s/1M spans")
        stage.add("server CPU while loading / walk", loading / walk.cpuSecondsPerMillionSpans, "times")
        report.walk = walk
        let calibration = try Calibration(workload.formatted(as: .zipkinJSON))
        report.calibration = calibration
        stage.add("JSON as posted", calibration.jsonBytesPerSpan, "B/span")
        stage.add("LZ4 fast of the JSON, size", calibration.bytesPerSpan, "B/span")
        stage.add("LZ4 fast of the JSON, CPU", calibration.cpuSecondsPerMillionSpans, "s/1M spans")
        let settled = stage.figure("server CPU until settled")?.value ?? 0
        stage.add("server CPU / LZ4 CPU", settled / calibration.cpuSecondsPerMillionSpans, "times")
    }

    mutating func fail(_ text: String) {
        report.failures.append(text)
    }

    func progress(_ text: String) {
        FileHandle.standardError.write(Data("\(plan.name): \(text)\n".utf8))
    }
}
