internal import Compression
internal import Glibc
internal import Logging
public import NetworkServer
public import Synchronization

/// A server on a free port, ended with the test.
public final class RunningServer: Sendable {
    public let group: HTTPServerGroup
    public let server: HTTPServer
    public let events: EventCounter

    public var port: Int { server.boundPort ?? 0 }

    public static func run<R>(
        limits: HTTPServerLimits = HTTPServerLimits(), security: HTTPServerSecurity = HTTPServerSecurity(),
        eventLoopCount: Int = 2,
        configure: (inout HTTPServerGroup.Configuration) -> Void = { _ in },
        routes: (inout HTTPRouter) -> Void, _ test: (RunningServer) async throws -> R
    ) async throws -> R {
        let running = try RunningServer(limits, security, eventLoopCount, configure, routes)
        do {
            let result = try await test(running)
            await running.end()
            return result
        } catch {
            await running.end()
            throw error
        }
    }

    private init(
        _ limits: HTTPServerLimits, _ security: HTTPServerSecurity, _ eventLoopCount: Int,
        _ configure: (inout HTTPServerGroup.Configuration) -> Void, _ routes: (inout HTTPRouter) -> Void
    ) throws {
        var configuration = HTTPServerGroup.Configuration()
        configuration.eventLoopCount = eventLoopCount
        configure(&configuration)
        var router = HTTPRouter()
        routes(&router)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        events = EventCounter()
        group = HTTPServerGroup(configuration: configuration, logger: logger)
        server = HTTPServer(
            name: "test", address: "127.0.0.1", port: 0, router: router, limits: limits, security: security,
            group: group, observer: events)
        try server.start()
    }

    private func end() async {
        await server.finishShutdown(deadline: .now)
        await group.shutDown()
    }

    public func client() throws -> RawClient { try RawClient(port: port) }

    /// Waits, up to a minute, for something another thread brings about.
    ///
    /// Blocks the thread: while other tests have all threads of the pool, a task that sleeps may be woken long after
    /// the server has run out of patience.
    public func until(_ condition: () -> Bool) throws {
        for _ in 0..<6000 where !condition() { usleep(10_000) }
        guard condition() else { throw RawClient.Failure(message: "it never came about") }
    }
}

public final class EventCounter: HTTPServerObserver {
    public let finished = Atomic(0)
    public let refused = Atomic(0)
    public let timedOut = Atomic(0)
    private let seen = Mutex<[HTTPRequestSummary]>([])

    /// The requests answered, in the order of their answers; only the first thousand.
    public var summaries: [HTTPRequestSummary] { seen.withLock { $0 } }

    public func requestFinished(_ summary: HTTPRequestSummary) {
        seen.withLock { if $0.count < 1000 { $0.append(summary) } }
        finished.wrappingAdd(1, ordering: .relaxed)
    }
    public func connectionRefused(server: String) { refused.wrappingAdd(1, ordering: .relaxed) }
    public func connectionTimedOut(server: String) { timedOut.wrappingAdd(1, ordering: .relaxed) }
}

extension HTTPRouter {
    /// `/echo` answers a body with itself, `/count` with its size.
    public mutating func addEcho() {
        on(
            .post, "/echo", unpackFailureMessage: "Cannot gunzip spans",
            .eventLoop { request, _, responder in
                responder.respond(HTTPResponse(status: .ok, body: request.body.bytes))
            })
        on(
            .post, "/count",
            .eventLoop { request, _, responder in responder.respond(.text(.accepted, "\(request.body.byteCount)")) })
        on(.get, "/hello", .eventLoop { _, _, responder in responder.respond(.text(.ok, "hello")) })
    }
}

public func post(_ path: String, _ body: [UInt8], _ fields: String = "") -> [UInt8] {
    Array("POST \(path) HTTP/1.1\r\nhost: x\r\n\(fields)content-length: \(body.count)\r\n\r\n".utf8) + body
}

public func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var packed: [UInt8] = []
    bytes.withUnsafeBytes { Deflater().pack($0, onto: &packed) }
    return packed
}

public func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var plain: [UInt8] = []
    try bytes.withUnsafeBytes { try Inflater().unpack($0, onto: &plain, byteCountMax: 256 << 20) }
    return plain
}
