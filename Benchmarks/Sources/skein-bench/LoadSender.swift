import Foundation
import Workload

/// How a load goes over the wire.
struct SendingPlan {
    var format: LoadFormat
    var connections: Int
    var framing: BodyFraming
    /// Calls under way at once on a connection of HTTP/2.
    var streams = 4
    /// Spans a second; 0: as fast as the server answers.
    var rate = 0
    /// Seconds after which no post is sent any more; nil: until all are sent.
    var seconds: Double?
    /// Refused posts are sent again at once, and those of broken connections too, whatever the server asks for.
    var isRude = false
}

/// Posts a workload over several kept-alive connections from one thread, each with one post under way, or several over
/// HTTP/2, as proxies do.
final class LoadSender {
    private let plan: SendingPlan
    private let connections: [any LoadConnection]
    private var report = LoadReport()
    private var latencies = LatencyHistogram()
    private var isExhausted = false
    private var spansStarted = 0
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    private static let stallSeconds = 60.0
    private static let retrySecondsMax = 5.0
    /// After a failed attempt to connect.
    private static let connectSeconds = 0.1

    init(to address: SocketAddress, _ plan: SendingPlan) {
        self.plan = plan
        connections = (0..<plan.connections).map { [input] _ -> any LoadConnection in
            if plan.format == .otlpGRPC {
                return GRPCConnection(to: address, path: plan.format.path, streams: plan.streams, input: input)
            }
            return HTTP1Connection(to: address, plan.format, plan.framing, input: input)
        }
    }

    deinit {
        input.deallocate()
    }

    /// Sends every post and waits for all answers; the monitor looks at the server meanwhile.
    func run(_ stream: PostStream, monitor: LoadMonitor? = nil) throws -> LoadReport {
        try run(PostSource(stream), monitor: monitor)
    }

    /// The same from a source, which gets back the posts that were not taken in time.
    func run(_ source: PostSource, monitor: LoadMonitor? = nil) throws -> LoadReport {
        let (wall, cpu) = (CPUClock.wall(), CPUClock.process())
        var lastProgress = wall
        while true {
            let now = CPUClock.wall()
            try monitor?.observe(now: now, spansAccepted: report.spansAccepted)
            if let seconds = plan.seconds, now - wall >= seconds { isExhausted = true }
            let isBusy = startCalls(source, now: now, elapsed: now - wall)
            if !isBusy && isExhausted { break }
            if try wait(isBusy: isBusy) || !isBusy { lastProgress = CPUClock.wall() }
            if isBusy && CPUClock.wall() - lastProgress > Self.stallSeconds {
                throw BenchError("no answer for \(Int(Self.stallSeconds)) s")
            }
        }
        report.wallSeconds = CPUClock.wall() - wall
        report.senderCPUSeconds = CPUClock.process() - cpu
        report.acknowledgementP50Milliseconds = latencies.quantile(0.5) * 1_000
        report.acknowledgementP99Milliseconds = latencies.quantile(0.99) * 1_000
        if let monitor {
            try monitor.finish(now: CPUClock.wall(), spansAccepted: report.spansAccepted)
            report.tenths = monitor.tenths
        }
        return report
    }

    /// Puts posts on every call that has none, and sends again what has waited long enough; whether anything is under
    /// way.
    private func startCalls(_ source: PostSource, now: Double, elapsed: Double) -> Bool {
        var isBusy = false
        let isOver = plan.seconds != nil && isExhausted
        for connection in connections {
            for call in connection.calls {
                switch call.state {
                case .waiting where isOver:
                    source.first.append((call.body, call.spanCount))
                    call.state = .idle
                case .waiting(let until) where now >= until:
                    start(call, connection)
                case .idle where fill(call, from: source, elapsed: elapsed):
                    start(call, connection)
                default: break
                }
                if case .idle = call.state { continue }
                isBusy = true
            }
        }
        return isBusy
    }

    /// Puts the next post into an idle call, if it is time for one.
    private func fill(_ call: PostCall, from source: PostSource, elapsed: Double) -> Bool {
        guard !isExhausted else { return false }
        if plan.rate > 0 && Double(spansStarted) > elapsed * Double(plan.rate) { return false }
        guard source.next(into: call) else {
            isExhausted = true
            return false
        }
        spansStarted += call.spanCount
        report.posts += 1
        report.bodyBytes += call.body.count
        return true
    }

    private func start(_ call: PostCall, _ connection: any LoadConnection) {
        call.startedAt = CPUClock.wall()
        call.state = .busy
        do {
            try connection.send(call)
            report.attempts += 1
            report.spansOffered += call.spanCount
        } catch {
            finish(call, .lost, isConnected: false)
        }
    }

    private func finish(_ call: PostCall, _ answer: PostAnswer, isConnected: Bool = true) {
        let now = CPUClock.wall()
        call.state = .idle
        switch answer {
        case .accepted:
            report.spansAccepted += call.spanCount
            report.postsAccepted += 1
            latencies.add(now - call.startedAt)
        case .wait(let seconds):
            report.retries += 1
            call.state = .waiting(until: plan.isRude ? now : now + min(max(seconds, 0.01), Self.retrySecondsMax))
        case .refused(let status):
            report.refusals[status, default: 0] += 1
            report.spansLost += call.spanCount
        case .lost:
            // The post may or may not have been taken: sending it again could store it twice.
            report.connectionsLost += 1
            if plan.isRude {
                call.state = .waiting(until: isConnected ? now : now + Self.connectSeconds)
            } else {
                report.spansLost += call.spanCount
            }
        }
    }

    /// Waits for any connection and serves those that are ready; whether any was.
    private func wait(isBusy: Bool) throws -> Bool {
        var polled: [pollfd] = []
        var owners: [any LoadConnection] = []
        for connection in connections {
            collect(connection)
            guard let descriptor = connection.descriptor else { continue }
            let events = connection.hasOutput ? POLLOUT | POLLIN : POLLIN
            polled.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
            owners.append(connection)
        }
        let isAnyWaiting = plan.rate > 0 || plan.isRude || !isBusy || polled.isEmpty
        let count = poll(&polled, nfds_t(polled.count), isAnyWaiting ? 1 : 20)
        guard count > 0 else { return false }
        for (index, connection) in owners.enumerated() where polled[index].revents != 0 {
            if polled[index].revents & Int16(POLLOUT) != 0 { connection.write() }
            if polled[index].revents & ~Int16(POLLOUT) != 0 { try connection.read() }
            collect(connection)
        }
        return true
    }

    private func collect(_ connection: any LoadConnection) {
        for (call, answer) in connection.takeAnswers() { finish(call, answer) }
    }
}
