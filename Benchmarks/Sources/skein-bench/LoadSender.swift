import Foundation
import Workload

/// What became of a load.
struct LoadReport: Codable {
    var posts = 0
    var spansAccepted = 0
    /// Answers that were neither 202 nor a request to wait, by status.
    var refusals: [Int: Int] = [:]
    /// Answers 503 with Retry-After, each followed by another try.
    var retries = 0
    var connectionsLost = 0
    var spansLost = 0
    var bodyBytes = 0
    var wallSeconds = 0.0
    /// Of this process, generator included.
    var senderCPUSeconds = 0.0
    var acknowledgementP50Milliseconds = 0.0
    var acknowledgementP99Milliseconds = 0.0
    /// The course of the load, in ten parts of equal size; empty if nobody watched.
    var tenths: [LoadTenth] = []

    var spansPerSecond: Double { wallSeconds > 0 ? Double(spansAccepted) / wallSeconds : 0 }
}

/// Posts a workload over several kept-alive connections from one thread, each with one post under way, as proxies do.
final class LoadSender {
    private let address: SocketAddress
    private let framing: BodyFraming
    /// Spans a second; 0: as fast as the server answers.
    private let rate: Int
    private var connections: [Connection] = []
    private var report = LoadReport()
    private var latencies = LatencyHistogram()
    private var body: [UInt8] = []
    private var isExhausted = false
    private var spansStarted = 0
    private let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    private final class Connection {
        enum State {
            case idle, writing, reading
            case waiting(until: Double)
        }
        var socket: Socket?
        var parser = HTTPResponseParser()
        var state = State.idle
        var request: [UInt8] = []
        var written = 0
        var spanCount = 0
        var startedAt = 0.0
    }

    private static let stallSeconds = 60.0
    private static let retrySecondsMax = 5.0

    init(to address: SocketAddress, connections: Int, framing: BodyFraming, rate: Int = 0) {
        self.address = address
        self.framing = framing
        self.rate = rate
        self.connections = (0..<connections).map { _ in Connection() }
    }

    deinit {
        readBuffer.deallocate()
    }

    /// Sends every post of the stream and waits for all answers; the monitor looks at the server meanwhile.
    func run(_ stream: PostStream, monitor: LoadMonitor? = nil) throws -> LoadReport {
        let (wall, cpu) = (CPUClock.wall(), CPUClock.process())
        var lastProgress = wall
        while true {
            let now = CPUClock.wall()
            try monitor?.observe(now: now, spansAccepted: report.spansAccepted)
            var isBusy = false
            for connection in connections {
                if case .waiting(let until) = connection.state, now >= until { start(connection) }
                if case .idle = connection.state, try fill(connection, from: stream, elapsed: now - wall) {
                    start(connection)
                }
                if case .idle = connection.state { continue }
                isBusy = true
            }
            if !isBusy && isExhausted { break }
            if try wait(isBusy: isBusy) { lastProgress = CPUClock.wall() }
            if isBusy && CPUClock.wall() - lastProgress > Self.stallSeconds {
                throw BenchError("no answer for \(Int(Self.stallSeconds)) s")
            }
            if !isBusy { lastProgress = CPUClock.wall() }
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

    /// Puts the next post on an idle connection, if it is time for one.
    private func fill(_ connection: Connection, from stream: PostStream, elapsed: Double) throws -> Bool {
        guard !isExhausted else { return false }
        if rate > 0 && Double(spansStarted) > elapsed * Double(rate) { return false }
        guard let post = stream.next(into: &body) else {
            isExhausted = true
            return false
        }
        connection.spanCount = post.spanCount
        spansStarted += post.spanCount
        framing.write(body, into: &connection.request)
        report.posts += 1
        report.bodyBytes += body.count
        return true
    }

    private func start(_ connection: Connection) {
        connection.written = 0
        connection.startedAt = CPUClock.wall()
        connection.state = .writing
        if connection.socket == nil {
            do {
                connection.socket = try Socket(to: address, isBlocking: false)
                connection.parser = HTTPResponseParser()
            } catch {
                lose(connection)
                return
            }
        }
        write(connection)
    }

    private func write(_ connection: Connection) {
        while let socket = connection.socket, connection.written < connection.request.count {
            switch socket.write(connection.request, from: connection.written) {
            case .moved(let count): connection.written += count
            case .wouldBlock: return
            case .closed: return lose(connection)
            }
        }
        connection.state = .reading
    }

    private func read(_ connection: Connection) throws {
        guard let socket = connection.socket else { return }
        switch socket.read(into: readBuffer) {
        case .wouldBlock: return
        case .closed: return lose(connection)
        case .moved(let count):
            connection.parser.append(UnsafeRawBufferPointer(rebasing: readBuffer[..<count]))
        }
        if let response = try connection.parser.next() { finish(connection, response) }
    }

    private func finish(_ connection: Connection, _ response: HTTPResponse) {
        let now = CPUClock.wall()
        connection.state = .idle
        if response.status == 202 {
            report.spansAccepted += connection.spanCount
            latencies.add(now - connection.startedAt)
        } else if response.status == 503, let seconds = response.headers["retry-after"].flatMap({ Double($0) }) {
            report.retries += 1
            connection.state = .waiting(until: now + min(max(seconds, 0.01), Self.retrySecondsMax))
        } else {
            report.refusals[response.status, default: 0] += 1
            report.spansLost += connection.spanCount
        }
        if response.closes { connection.socket = nil }
    }

    /// A connection that broke: its post may or may not have been taken, so it isn't sent again.
    private func lose(_ connection: Connection) {
        connection.socket = nil
        connection.state = .idle
        report.connectionsLost += 1
        report.spansLost += connection.spanCount
    }

    /// Waits for any connection and serves those that are ready; whether any was.
    private func wait(isBusy: Bool) throws -> Bool {
        var polled: [pollfd] = []
        var owners: [Connection] = []
        for connection in connections {
            guard let socket = connection.socket else { continue }
            switch connection.state {
            case .writing: polled.append(pollfd(fd: socket.descriptor, events: Int16(POLLOUT | POLLIN), revents: 0))
            case .reading: polled.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
            case .idle, .waiting: continue
            }
            owners.append(connection)
        }
        let count = poll(&polled, nfds_t(polled.count), isBusy && !polled.isEmpty && rate == 0 ? 20 : 1)
        guard count > 0 else { return false }
        for (index, connection) in owners.enumerated() where polled[index].revents != 0 {
            if case .writing = connection.state, polled[index].revents & Int16(POLLOUT) != 0 { write(connection) }
            if polled[index].revents & ~Int16(POLLOUT) != 0 { try read(connection) }
        }
        return true
    }
}

/// How the length of a body is told.
enum BodyFraming: String, CaseIterable {
    /// As Envoy does it: one chunk, no content-length.
    case chunked
    case length

    /// A whole request with the given body.
    func write(_ body: [UInt8], into request: inout [UInt8]) {
        request.removeAll(keepingCapacity: true)
        let size = self == .chunked ? "transfer-encoding: chunked" : "content-length: \(body.count)"
        let head =
            "POST /api/v2/spans HTTP/1.1\r\nhost: zipkin.istio-system.svc.cluster.local\r\n"
            + "content-type: application/json\r\nx-envoy-internal: true\r\nx-forwarded-for: 10.244.1.20\r\n"
            + "x-envoy-expected-rq-timeout-ms: 5000\r\n\(size)\r\n\r\n"
        request.append(contentsOf: head.utf8)
        if self == .chunked { request.append(contentsOf: (String(body.count, radix: 16) + "\r\n").utf8) }
        request.append(contentsOf: body)
        if self == .chunked { request.append(contentsOf: "\r\n0\r\n\r\n".utf8) }
    }
}
