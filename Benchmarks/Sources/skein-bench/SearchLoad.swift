import Foundation
import Synchronization

/// What became of the searches of one kind.
struct SearchTally {
    var answered = 0
    /// 503 or 429: come again.
    var refused = 0
    /// Of other answers the status, and how many.
    var failed: [String: Int] = [:]
    /// Answers without any trace.
    var empty = 0
    var latencies = LatencyHistogram()

    mutating func merge(_ other: SearchTally) {
        answered += other.answered
        refused += other.refused
        failed.merge(other.failed, uniquingKeysWith: +)
        empty += other.empty
        latencies.merge(other.latencies)
    }
}

/// Many connections that search at the same time, each one question after the other, from one thread of its own.
final class SearchLoad: Sendable {
    /// A kind of question: who is asked, and a question made of random bits that always finds something.
    struct Kind: Sendable {
        let name: String
        let address: SocketAddress
        let question: @Sendable (_ random: UInt64) -> Question
    }

    private let kinds: [Kind]
    private let connectionCount: Int
    private let isStopping = Atomic(false)
    private let result = Mutex<Result<[SearchTally], any Error>?>(nil)
    private let isOver = DispatchSemaphore(value: 0)

    init(_ kinds: [Kind], connections: Int) {
        self.kinds = kinds
        connectionCount = connections
    }

    func start() {
        Thread { [self] in
            let found = Result { try run() }
            result.withLock { $0 = found }
            isOver.signal()
        }.start()
    }

    /// Lets the questions under way be answered; one tally for each kind.
    func stop() throws -> [SearchTally] {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        isOver.wait()
        return try result.withLock { $0 }?.get() ?? []
    }

    // MARK: On the thread

    private static let retrySecondsMax = 5.0
    private static let stallSeconds = 60.0

    /// One connection, which is always of the same kind: each API has an address of its own.
    private final class Connection {
        let kind: Int
        var socket: Socket?
        var reader = HTTPBodyReader()
        var body: [UInt8] = []
        var begin = 0.0
        /// When a refused one asks again; nil while an answer is awaited.
        var waitUntil: Double? = 0

        init(kind: Int) { self.kind = kind }
    }

    private func run() throws -> [SearchTally] {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 16)
        defer { input.deallocate() }
        var tallies = kinds.map { _ in SearchTally() }
        let connections = (0..<connectionCount).map { Connection(kind: $0 % kinds.count) }
        var random = SystemRandomNumberGenerator()
        while true {
            let now = CPUClock.wall()
            let isStopping = isStopping.load(ordering: .sequentiallyConsistent)
            for connection in connections {
                guard let until = connection.waitUntil, now >= until, !isStopping else { continue }
                try ask(connection, random.next())
            }
            var polled: [pollfd] = []
            var owners: [Connection] = []
            for connection in connections where connection.waitUntil == nil {
                guard let socket = connection.socket else { continue }
                if now - connection.begin > Self.stallSeconds {
                    throw BenchError("no answer to a search for \(Int(Self.stallSeconds)) s")
                }
                polled.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
                owners.append(connection)
            }
            if isStopping && owners.isEmpty { return tallies }
            guard poll(&polled, nfds_t(polled.count), 10) > 0 else { continue }
            for (index, connection) in owners.enumerated() where polled[index].revents != 0 {
                try read(connection, input, &tallies[connection.kind])
            }
        }
    }

    private func ask(_ connection: Connection, _ random: UInt64) throws {
        let kind = kinds[connection.kind]
        let socket = try connection.socket ?? Socket(to: kind.address, isBlocking: true)
        connection.socket = socket
        connection.reader = HTTPBodyReader()
        connection.body.removeAll(keepingCapacity: true)
        connection.waitUntil = nil
        connection.begin = CPUClock.wall()
        try socket.writeAll(HTTPChannel.request(kind.question(random)))
    }

    /// Reads once, which does not block when there is something.
    private func read(
        _ connection: Connection, _ input: UnsafeMutableRawBufferPointer, _ tally: inout SearchTally
    ) throws {
        guard let socket = connection.socket else { return }
        guard case .moved(let count) = socket.read(into: input) else {
            connection.socket = nil
            connection.waitUntil = CPUClock.wall() + 0.1
            tally.failed["connection lost", default: 0] += 1
            return
        }
        let body = UnsafeRawBufferPointer(rebasing: input[..<count])
        try connection.reader.take(body) { connection.body += $0 }
        guard connection.reader.isDone else { return }
        let now = CPUClock.wall()
        connection.waitUntil = now
        if connection.reader.closes { connection.socket = nil }
        switch connection.reader.status {
        case 200:
            tally.answered += 1
            tally.latencies.add(now - connection.begin)
            if !TraceContent.isAnyTrace(in: connection.body) { tally.empty += 1 }
        case 429, 503:
            tally.refused += 1
            let seconds = connection.reader.headers["retry-after"].flatMap { Double($0) } ?? 1
            connection.waitUntil = now + min(max(seconds, 0.01), Self.retrySecondsMax)
        case let status: tally.failed["\(status)", default: 0] += 1
        }
    }
}
