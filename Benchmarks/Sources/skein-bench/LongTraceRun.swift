import Foundation
import Workload

/// One very long trace, read by several APIs while it is in memory and once it is in a segment: when the first byte
/// comes, when the last, and what the server needs for it.
struct LongTraceRun {
    let options: MeasureOptions
    let folder: String
    /// Of the slow reader.
    let bytesPerSecond: Double
    /// How often each is read at full speed.
    let rounds: Int
    private let trace: LongTrace
    private var report: BenchReport
    private var stage: StageReport

    private static let apis: [TraceAPI] = [.zipkin, .jaeger, .tempo, .jaegerGRPC]
    private static let sealSecondsMax = 120.0

    init(
        spans: Int, bytesPerSecond: Double, rounds: Int, _ options: MeasureOptions, _ workload: WorkloadOptions,
        folder: String
    ) {
        self.options = options
        self.folder = folder
        self.bytesPerSecond = bytesPerSecond
        self.rounds = rounds
        trace = LongTrace(workload.workload(.mesh, spans: spans * 2, batch: 512), spanCount: spans)
        report = BenchReport(name: "long trace", profile: "mesh", batch: 512, seed: workload.seed)
        stage = StageReport(spanCount: spans, traceCount: 1)
    }

    mutating func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        var server = try ServerRun.start(options, folder: folder)
        let others = try OtherPrograms(server)
        try post(server)
        try read(server, "live", isSlow: false)
        let early = Self.segmentCount(server)
        try read(server, "live", isSlow: true)
        let late = Self.segmentCount(server)
        report.notes.append("segments while live: \(early) after the fast readers, \(late) after the slow ones")
        stage.add("CPU of other programs while live", try others.processors(server), "processors")
        try waitUntilSealed(server)
        var end = try server.stop(SIGTERM)
        if end.status != 0 { report.failures.append("the server ended with status \(end.status)") }
        server = try ServerRun.start(options, folder: folder)
        try read(server, "sealed", isSlow: false)
        try read(server, "sealed", isSlow: true)
        end = try server.stop(SIGTERM)
        if end.status != 0 { report.failures.append("the server ended with status \(end.status) at the end") }
        report.stages = [stage]
        return report
    }

    private mutating func post(_ server: ServerProcess) throws {
        Self.progress("posting \(trace.spanCount) spans of one trace")
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { input.deallocate() }
        let socket = try Socket(to: try server.address(of: "zipkin"), isBlocking: true)
        var (request, begin, byteCount) = ([UInt8](), CPUClock.wall(), 0)
        try trace.forEachPost { body in
            BodyFraming.length.write(body, .zipkinJSON, into: &request)
            byteCount += body.count
            try socket.postUntilTaken(request, answers: input)
        }
        begin = CPUClock.wall() - begin
        stage.add("posting", begin, "s")
        stage.add("JSON as posted", Double(byteCount) / 1_048_576, "MiB")
        stage.add("memory after posting", try server.memory().now, "MiB")
    }

    // MARK: Reading

    /// Memory grows from what it was before the first reader: what that one leaves behind counts for the others too.
    private mutating func read(_ server: ServerProcess, _ state: String, isSlow: Bool) throws {
        let before = try server.memory().now
        for api in Self.apis {
            let name = "\(state), \(api.rawValue)" + (isSlow ? ", slow" : "")
            Self.progress("reading: \(name)")
            let channel = try api.channel(server)
            var (first, whole, growth, byteCount) = ([Double](), [Double](), 0.0, 0)
            for _ in 0..<(isSlow ? 1 : rounds) {
                try server.resetPeakMemory()
                let pace = ReadingPace(bytesPerSecond: isSlow ? bytesPerSecond : 0)
                let answer = try channel.ask(api.trace(trace.traceID), pace: pace)
                growth = max(growth, try server.memory().peak - before)
                first.append(answer.firstByteSeconds * 1_000)
                whole.append(answer.seconds)
                byteCount = answer.body.count
                try check(answer, api, name)
            }
            stage.add("\(name), first byte", Quantile.of(first.sorted(), 0.5), "ms")
            stage.add("\(name), whole", Quantile.of(whole.sorted(), 0.5), "s")
            stage.add("\(name), memory growth", growth, "MiB")
            if !isSlow && state == "sealed" {
                stage.add("\(api.rawValue), body", Double(byteCount) / 1_048_576, "MiB")
            }
        }
    }

    private mutating func check(_ answer: QueryAnswer, _ api: TraceAPI, _ name: String) throws {
        guard answer.status == 200 else {
            report.failures.append("\(name): status \(answer.status)")
            return
        }
        let content = try TraceContent.read(answer.body, api.traceForm)
        let expected = TraceContent(traceIDs: [TraceContent.id(trace.traceID)], spanCount: trace.spanCount)
        if content != expected {
            report.failures.append("\(name): \(content.spanCount ?? -1) spans of \(content.traceIDs.count) traces")
        }
    }

    // MARK: Sealing

    private static func segmentCount(_ server: ServerProcess) -> Int {
        server.listeners["admin"].map { Int(AdminMetrics($0).read()["skein_store_segments"] ?? 0) } ?? 0
    }

    /// Until there is a segment and nothing has changed for long enough.
    private mutating func waitUntilSealed(_ server: ServerProcess) throws {
        Self.progress("waiting for the sealing")
        let begin = CPUClock.wall()
        var (seen, since) = (Self.segmentCount(server), begin)
        var cpu = try server.cpuSeconds()
        while CPUClock.wall() - begin < Self.sealSecondsMax {
            usleep(500_000)
            let (count, used) = (Self.segmentCount(server), try server.cpuSeconds())
            if count != seen || used - cpu > 0.2 { (seen, since) = (count, CPUClock.wall()) }
            cpu = used
            if count > 0 && CPUClock.wall() - since >= options.quietSeconds { break }
        }
        stage.add("segments when sealed", Double(seen), "")
        if seen == 0 { report.failures.append("no segment after \(Int(Self.sealSecondsMax)) s") }
    }

    private static func progress(_ text: String) {
        FileHandle.standardError.write(Data("long trace: \(text)\n".utf8))
    }
}
