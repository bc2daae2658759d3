import Foundation
import Workload

/// What searches are to go along with the load.
struct MixedPlan {
    var profile: WorkloadProfile
    var format: LoadFormat
    /// Spans a post.
    var batch: Int
    /// With searches; without them the same.
    var seconds: Double
    var capacitySeconds: Double
    var searchConnections: Int
}

/// A server that takes half of what it can, first alone and then while many search.
struct MixedRun {
    let plan: MixedPlan
    let options: MeasureOptions
    let folder: String
    private let workload: Workload
    private var report: BenchReport
    private var stage = StageReport(spanCount: 0, traceCount: 0)

    /// More than any server here takes in a second.
    private static let spansPerSecondMax = 1_000_000
    /// Between the loads: what is left of one is not to burden the next.
    private static let restSeconds: UInt32 = 3
    /// Of a load with a rate, at least: with few, a rate falls as soon as answers take longer.
    private static let connectionsMin = 64
    /// Of the wanted rate; with less a note says so.
    private static let rateShareMin = 0.98

    init(_ plan: MixedPlan, _ options: MeasureOptions, _ workload: WorkloadOptions, folder: String) {
        self.plan = plan
        self.options = options
        self.folder = folder
        let spans = Int(plan.seconds * 2 + plan.capacitySeconds) * Self.spansPerSecondMax
        self.workload = workload.workload(plan.profile, spans: spans, batch: plan.batch)
            .formatted(as: plan.format.spans)
        report = BenchReport(
            name: "mixed", profile: plan.profile.rawValue, format: plan.format.rawValue, batch: plan.batch,
            seed: workload.seed)
    }

    mutating func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        try OpenFiles.allow(plan.searchConnections + 1_000)
        let server = try ServerRun.start(options, folder: folder)
        let source = PostSource(workload.posts())
        Self.progress("finding the capacity")
        let capacity = try send(source, server, seconds: plan.capacitySeconds)
        judge(capacity, "the capacity's load")
        stage.add("capacity", capacity.spansPerSecond, "spans/s")
        stage.add("capacity's load, posts told to wait", Double(capacity.retries), "posts")
        let rate = max(Int(capacity.spansPerSecond / 2), 1)

        Self.progress("half of it, \(rate) spans/s, without searches")
        sleep(Self.restSeconds)
        try measure("without searches", source, server, rate: rate)
        Self.progress("half of it with \(plan.searchConnections) connections that search")
        sleep(Self.restSeconds)
        try search(source, server, rate: rate)
        let end = try server.stop(SIGTERM)
        if end.status != 0 { fail("the server ended with status \(end.status)") }
        let sent = workload.prefix(traceCount: max(source.stream.nextTrace, 1))
        var whole = StageReport(spanCount: sent.spanCount, traceCount: sent.traceCount)
        (whole.figures, whole.load, whole.queries) = (stage.figures, stage.load, stage.queries)
        report.stages = [whole]
        return report
    }

    // MARK: Load

    private func send(
        _ source: PostSource, _ server: ServerProcess, seconds: Double, rate: Int = 0
    ) throws -> LoadReport {
        var sending = options.sending.plan(plan.format, rate: rate)
        sending.seconds = seconds
        if rate > 0 { sending.connections = max(sending.connections, Self.connectionsMin) }
        return try LoadSender(to: try server.address(of: plan.format.listener), sending).run(source)
    }

    private mutating func measure(_ name: String, _ source: PostSource, _ server: ServerProcess, rate: Int) throws {
        try server.resetPeakMemory()
        let (cpu, others) = (try server.cpuSeconds(), try OtherPrograms(server))
        let load = try send(source, server, seconds: plan.seconds, rate: rate)
        let used = try server.cpuSeconds() - cpu
        let refused = load.retries + load.refusals.values.reduce(0, +)
        stage.add("\(name), spans a second", load.spansPerSecond, "1/s")
        stage.add("\(name), share of the rate", load.spansPerSecond / Double(rate), "")
        stage.add("\(name), posts", Double(load.posts), "posts")
        stage.add("\(name), posts refused", Double(refused), "posts")
        stage.add("\(name), acknowledgement p50", load.acknowledgementP50Milliseconds, "ms")
        stage.add("\(name), acknowledgement p99", load.acknowledgementP99Milliseconds, "ms")
        stage.add("\(name), server CPU", used / load.wallSeconds, "processors")
        stage.add("\(name), CPU of this program", load.senderCPUSeconds / load.wallSeconds, "processors")
        stage.add("\(name), peak memory", try server.memory().peak, "MiB")
        stage.add("\(name), CPU of other programs", try others.processors(server), "processors")
        if load.spansPerSecond < Double(rate) * Self.rateShareMin {
            report.notes.append("the load \(name) was not kept up: sender, searchers and server share the processors")
        }
        judge(load, "the load \(name)")
        if load.retries > 0 { fail("the load \(name) was told to wait \(load.retries) times") }
        stage.load = load
    }

    private mutating func judge(_ load: LoadReport, _ name: String) {
        for (status, count) in load.refusals.sorted(by: { $0.key < $1.key }) {
            fail("\(name): \(count) posts refused with \(status)")
        }
        if load.connectionsLost > 0 { fail("\(name): \(load.connectionsLost) connections broke before the answer") }
    }

    // MARK: Searches

    private mutating func search(_ source: PostSource, _ server: ServerProcess, rate: Int) throws {
        let kinds = try kinds(server, sent: workload.prefix(traceCount: max(source.stream.nextTrace, 1)))
        let searches = SearchLoad(kinds, connections: plan.searchConnections)
        searches.start()
        let begin = CPUClock.wall()
        do {
            try measure("with searches", source, server, rate: rate)
        } catch {
            _ = try? searches.stop()
            throw error
        }
        let tallies = try searches.stop()
        add(tallies, kinds.map(\.name), seconds: CPUClock.wall() - begin)
    }

    /// Traces and times of what has been sent before: each question finds something.
    private func kinds(_ server: ServerProcess, sent: Workload) throws -> [SearchLoad.Kind] {
        let services = Self.services(sent)
        let tag = sent.requestTag
        let truth: @Sendable (UInt64) -> TraceTruth = { sent.truth(ofTrace: Int($0 % UInt64(sent.traceCount))) }
        // Ten seconds around a trace, so that any service is there, also where it is the first or the last one.
        let window: @Sendable (UInt64) -> TraceAPI.Window = { random in
            let second = truth(random).start / 1_000_000
            return (second - 5)...(second + 5)
        }
        let service: @Sendable (UInt64) -> String = { services[Int($0 >> 40) % services.count] }
        func kind(
            _ name: String, _ api: TraceAPI, _ question: @escaping @Sendable (UInt64) -> Question
        ) throws -> SearchLoad.Kind {
            SearchLoad.Kind(
                name: "by \(name)", address: try server.address(of: api.listener), question: question)
        }
        let byService = try [TraceAPI.zipkin, .jaeger, .jaegerV3, .tempo, .skein].map { api in
            try kind("\(api.rawValue) service", api) { api.search(service: service($0), window($0)) }
        }
        return byService + [
            try kind("zipkin trace", .zipkin) { TraceAPI.zipkin.trace(truth($0).traceID) },
            try kind("tempo request", .tempo) {
                TraceAPI.tempo.search("{ span.\"\(tag)\" = \"\(truth($0).requestID)\" }", window($0))
            },
            try kind("skein slow", .skein) {
                TraceAPI.skein.search("{ resource.service.name = \"\(service($0))\" && duration > 1ms }", window($0))
            },
        ]
    }

    private static func services(_ sent: Workload) -> [String] {
        let traces = (0..<min(sent.traceCount, 200)).map { sent.truth(ofTrace: $0) }
        return traces.reduce(into: Set()) { $0.formUnion($1.services) }.sorted()
    }

    private mutating func add(_ tallies: [SearchTally], _ names: [String], seconds: Double) {
        var all = SearchTally()
        for tally in tallies { all.merge(tally) }
        let failed = all.failed.values.reduce(0, +)
        stage.add("searches a second", Double(all.answered) / seconds, "1/s")
        stage.add("searches, p50", all.latencies.quantile(0.5) * 1_000, "ms")
        stage.add("searches, p99", all.latencies.quantile(0.99) * 1_000, "ms")
        stage.add("searches refused", Double(all.refused), "")
        stage.add(
            "searches refused, share", Double(all.refused) / Double(max(all.answered + all.refused + failed, 1)), "")
        stage.add("searches that found nothing", Double(all.empty), "")
        for (name, tally) in zip(names, tallies) {
            stage.add("\(name), answered", Double(tally.answered), "")
            stage.add("\(name), p50", tally.latencies.quantile(0.5) * 1_000, "ms")
            stage.add("\(name), p99", tally.latencies.quantile(0.99) * 1_000, "ms")
            for (status, count) in tally.failed.sorted(by: { $0.key < $1.key }) {
                fail("\(name): \(count) answers \(status)")
            }
        }
    }

    private mutating func fail(_ text: String) {
        report.failures.append(text)
    }

    private static func progress(_ text: String) {
        FileHandle.standardError.write(Data("mixed: \(text)\n".utf8))
    }
}
