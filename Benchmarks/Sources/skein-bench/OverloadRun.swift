import Foundation
import Workload

/// What an overload is to be like.
struct OverloadPlan {
    var profile: WorkloadProfile
    var format: LoadFormat
    /// Spans a post.
    var batch: Int
    /// Length of the flood, seconds.
    var seconds: Double
    var connections: Int
    /// The most that the server may have resident, MiB; nil: not judged.
    var memoryMax: Double?
}

/// A server that is sent far more than it can take: what it answers, what it needs, whether it keeps what it took, and
/// how it is right after.
struct OverloadRun {
    let plan: OverloadPlan
    let options: MeasureOptions
    let folder: String
    private let workload: Workload
    private var report: BenchReport
    private var stage: StageReport

    /// More than any server here takes in a second.
    private static let spansPerSecondMax = 1_000_000
    private static let capacitySeconds = 5.0
    private static let recoverySecondsMax = 60
    /// Share of the capacity that counts as a normal load.
    private static let normalShare = 0.2

    init(_ plan: OverloadPlan, _ options: MeasureOptions, _ workload: WorkloadOptions, folder: String) {
        self.plan = plan
        self.options = options
        self.folder = folder
        let spans = Int(plan.seconds + Self.capacitySeconds * 2) * Self.spansPerSecondMax
        self.workload = workload.workload(plan.profile, spans: spans, batch: plan.batch)
            .formatted(as: plan.format.spans)
        report = BenchReport(
            name: "overload", profile: plan.profile.rawValue, format: plan.format.rawValue, batch: plan.batch,
            seed: workload.seed)
        stage = StageReport(spanCount: 0, traceCount: 0)
    }

    mutating func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        try OpenFiles.allow(plan.connections + 1_000)
        let server = try ServerRun.start(options, folder: folder)
        let source = PostSource(workload.posts())

        Self.progress("finding the capacity")
        let capacity = try send(source, server, seconds: Self.capacitySeconds)
        let rate = max(Int(capacity.spansPerSecond * Self.normalShare), 1)
        // Capacity is overload already: what is normal shows when nobody is told to wait any more.
        var before = try send(source, server, seconds: 1, rate: rate)
        var tries = 1
        while before.retries > 0 && tries < Self.recoverySecondsMax {
            before = try send(source, server, seconds: 1, rate: rate)
            tries += 1
        }
        let flood = try flood(source, server)
        Self.progress("the first second after")
        let after = try send(source, server, seconds: 1, rate: rate)
        var recoverySeconds = after.retries > 0 ? 1 : 0
        while recoverySeconds > 0 && recoverySeconds < Self.recoverySecondsMax {
            if try send(source, server, seconds: 1, rate: rate).retries == 0 { break }
            recoverySeconds += 1
        }
        Self.progress("sending the rest")
        source.stream.finish()
        let rest = try send(source, server)

        add(flood, capacity, server: server)
        stage.add("normal load, p50", before.acknowledgementP50Milliseconds, "ms")
        stage.add("normal load, p99", before.acknowledgementP99Milliseconds, "ms")
        stage.add("first second after the flood, p50", after.acknowledgementP50Milliseconds, "ms")
        stage.add("first second after the flood, p99", after.acknowledgementP99Milliseconds, "ms")
        stage.add("seconds after the flood with refusals", Double(recoverySeconds), "s")
        stage.add("first second after the flood, spans a second", after.spansPerSecond, "1/s")
        for (name, load) in [("the capacity's load", capacity), ("the normal load", before), ("the rest", rest)] {
            judge(load, name)
        }
        judge(flood, "the flood")
        judge(after, "the first second after")
        if after.retries > 0 { fail("the first second after the flood was told to wait \(after.retries) times") }
        try finish(server, source.stream)
        return report
    }

    private func send(
        _ source: PostSource, _ server: ServerProcess, seconds: Double? = nil, rate: Int = 0
    ) throws -> LoadReport {
        var sending = options.sending.plan(plan.format, rate: rate)
        sending.seconds = seconds
        return try LoadSender(to: try server.address(of: plan.format.listener), sending).run(source)
    }

    private mutating func flood(_ source: PostSource, _ server: ServerProcess) throws -> LoadReport {
        Self.progress("the flood: \(plan.connections) connections for \(Int(plan.seconds)) s")
        stage.add("memory before the flood", try server.memory().now, "MiB")
        try server.resetPeakMemory()
        let (cpu, others) = (try server.cpuSeconds(), try OtherPrograms(server))
        var sending = options.sending.plan(plan.format)
        sending.connections = plan.connections
        sending.seconds = plan.seconds
        sending.isRude = true
        let monitor = LoadMonitor(
            spanCount: .max / 16, sample: { (try server.cpuSeconds(), try server.memory().now) },
            progress: { spansAccepted, spansPerSecond, memory in
                Self.progress("\(spansAccepted) spans taken, \(Int(spansPerSecond)) spans/s, memory \(Int(memory)) MiB")
            })
        let load = try LoadSender(to: try server.address(of: plan.format.listener), sending)
            .run(source, monitor: monitor)
        stage.add("peak memory in the flood", try server.memory().peak, "MiB")
        stage.add("server CPU in the flood", try server.cpuSeconds() - cpu, "s")
        stage.add("CPU of other programs in the flood", try others.processors(server), "processors")
        return load
    }

    private mutating func add(_ flood: LoadReport, _ capacity: LoadReport, server: ServerProcess) {
        let offered = Double(flood.spansOffered) / flood.wallSeconds
        stage.add("capacity", capacity.spansPerSecond, "spans/s")
        stage.add("capacity's load, posts told to wait", Double(capacity.retries), "posts")
        stage.add("flood, offered", offered, "spans/s")
        stage.add("flood, offered / capacity", offered / capacity.spansPerSecond, "times")
        stage.add("flood, accepted", flood.spansPerSecond, "spans/s")
        stage.add("flood, posts sent", Double(flood.attempts), "posts")
        stage.add("flood, posts told to wait", Double(flood.retries), "posts")
        stage.add("flood, refused otherwise", Double(flood.refusals.values.reduce(0, +)), "posts")
        stage.add("flood, connections lost", Double(flood.connectionsLost), "")
        stage.add("flood, acknowledgement p50", flood.acknowledgementP50Milliseconds, "ms")
        stage.add("flood, acknowledgement p99", flood.acknowledgementP99Milliseconds, "ms")
        stage.add("flood, sender CPU", flood.senderCPUSeconds, "s")
        stage.load = flood
        // How many spans there will be is not known beforehand, so there are no tenths of them.
        stage.load.tenths = []
    }

    /// A refusal that is not the protocol's polite one, and an answer that never came, are failures.
    private mutating func judge(_ load: LoadReport, _ name: String) {
        for (status, count) in load.refusals.sorted(by: { $0.key < $1.key }) {
            fail("\(name): \(count) posts refused with \(status)")
        }
        if load.connectionsLost > 0 { fail("\(name): \(load.connectionsLost) connections broke before the answer") }
    }

    /// Reads back what was acknowledged, and stops the server.
    private mutating func finish(_ server: ServerProcess, _ stream: PostStream) throws {
        Self.progress("reading back")
        if let most = plan.memoryMax, let peak = stage.figure("peak memory in the flood")?.value, peak > most {
            fail("peak memory \(Int(peak)) MiB is above \(Int(most)) MiB")
        }
        let sent = workload.prefix(traceCount: stream.nextTrace)
        let suite = QuerySuite(
            workload: sent, zipkin: try server.address(of: "zipkin"), jaeger: nil, count: options.verifySample ?? 2_000)
        let client = QueryClient(to: suite.zipkin)
        var answers = [try suite.sampleTraces(client, when: "overload")]
        if options.verifyAll { answers.append(try suite.everyTrace(client)) }
        for answer in answers where answer.wrong > 0 {
            fail(
                "\(answer.name): \(answer.wrong) of \(answer.count) wrong; \(answer.complaints.joined(separator: "; "))"
            )
        }
        stage.add("traces read back", Double(answers.reduce(0) { $0 + $1.count }), "")
        stage.add("memory at the end", try server.memory().now, "MiB")
        let end = try server.stop(SIGTERM)
        if end.status != 0 { fail("the server ended with status \(end.status)") }
        var whole = StageReport(spanCount: sent.spanCount, traceCount: sent.traceCount)
        (whole.figures, whole.load, whole.queries) = (stage.figures, stage.load, answers)
        report.stages = [whole]
    }

    private mutating func fail(_ text: String) {
        report.failures.append(text)
    }

    private static func progress(_ text: String) {
        FileHandle.standardError.write(Data("overload: \(text)\n".utf8))
    }
}
