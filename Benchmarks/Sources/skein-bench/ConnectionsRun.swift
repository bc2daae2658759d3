import Foundation
import Workload

/// Many connections that have each posted once and then do nothing.
struct ConnectionsRun {
    private let count: Int
    private let hold: Double
    private let format: LoadFormat
    private let options: MeasureOptions
    private let folder: String
    private let workload: Workload
    private var report: BenchReport

    /// Spans of each connection's post, as a sidecar that has little to say.
    private static let batch = 5
    private static let answerMilliseconds: Int32 = 10_000
    /// Idle connections that are used once more.
    private static let probeCount = 100

    init(
        count: Int, hold: Double, format: LoadFormat, _ options: MeasureOptions, _ workload: WorkloadOptions,
        folder: String
    ) {
        self.count = count
        self.hold = hold
        self.format = format
        self.options = options
        self.folder = folder
        // Some posts are not full.
        let spans = (count + Self.probeCount) * Self.batch + 1_000
        self.workload = workload.workload(.mesh, spans: spans, batch: Self.batch).formatted(as: format.spans)
        report = BenchReport(
            name: "connections", profile: "mesh", format: format.rawValue, batch: Self.batch, seed: workload.seed)
    }

    mutating func run() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        try OpenFiles.allow(count + 1_000)
        let server = try ServerRun.start(options, folder: folder)
        let address = try server.address(of: format.listener)
        let source = PostSource(workload.posts())
        var stage = StageReport(spanCount: workload.spanCount, traceCount: workload.traceCount)
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { input.deallocate() }

        progress("posting on one connection, for comparison")
        var alone: (any LoadConnection)? = connection(to: address, input)
        for _ in 0..<Self.probeCount {
            if let alone { try post(source, on: alone) }
        }
        // Closed, and seen to be closed, lest it count as one of the others.
        alone = nil
        usleep(500_000)
        let before = try server.memory().now
        progress("opening \(count) connections")
        try server.resetPeakMemory()
        let begin = CPUClock.wall()
        var open: [any LoadConnection] = []
        for _ in 0..<count {
            let connection = connection(to: address, input)
            try post(source, on: connection)
            open.append(connection)
        }
        let seconds = CPUClock.wall() - begin
        usleep(UInt32(hold * 1e6))
        let held = open.count { !$0.isEnded }
        if held < count { fail("\(count - held) of \(count) connections were ended by the server within \(hold) s") }
        let memory = try server.memory()
        stage.add("memory before", before, "MiB")
        stage.add("memory with idle connections", memory.now, "MiB")
        stage.add("memory a connection", (memory.now - before) * 1_024 / Double(count), "KiB")
        stage.add("peak memory while opening", memory.peak, "MiB")
        stage.add("connections opened, a post on each", Double(count) / seconds, "1/s")
        stage.add("connections held", Double(held), "")
        progress("posting again on some")
        for position in stride(from: 0, to: count, by: max(count / Self.probeCount, 1)) {
            guard source.first.isEmpty, !open[position].isEnded else { continue }
            try post(source, on: open[position])
        }
        open.removeAll()
        usleep(2_000_000)
        stage.add("memory after they were closed", try server.memory().now, "MiB")
        let end = try server.stop(SIGTERM)
        if end.status != 0 { fail("the server ended with status \(end.status)") }
        report.stages = [stage]
        return report
    }

    private func connection(to address: SocketAddress, _ input: UnsafeMutableRawBufferPointer) -> any LoadConnection {
        if format == .otlpGRPC { return GRPCConnection(to: address, path: format.path, streams: 1, input: input) }
        return HTTP1Connection(to: address, format, options.sending.framing ?? format.framing, input: input)
    }

    /// Sends the next post and waits for its answer.
    private mutating func post(_ source: PostSource, on connection: any LoadConnection) throws {
        let call = connection.calls[0]
        guard source.next(into: call) else { return }
        try connection.send(call)
        while true {
            if let answer = connection.takeAnswers().first?.answer {
                if answer != .accepted { fail("a post was answered \(answer)") }
                return
            }
            guard let descriptor = connection.descriptor else { throw BenchError("a connection broke") }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if connection.hasOutput { polled.events |= Int16(POLLOUT) }
            guard poll(&polled, 1, Self.answerMilliseconds) > 0 else { throw BenchError("no answer to a post") }
            if polled.revents & Int16(POLLOUT) != 0 { connection.write() }
            if polled.revents & ~Int16(POLLOUT) != 0 { try connection.read() }
        }
    }

    private mutating func fail(_ text: String) {
        report.failures.append(text)
    }

    private func progress(_ text: String) {
        FileHandle.standardError.write(Data("connections: \(text)\n".utf8))
    }
}

extension LoadConnection {
    /// Whether the other side has ended the connection.
    fileprivate var isEnded: Bool {
        guard let descriptor else { return true }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN)
    }
}
