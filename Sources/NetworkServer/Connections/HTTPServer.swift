internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One listener: an address, and the routes served there.
public final class HTTPServer: Sendable {
    public let name: String
    private let address: String
    private let port: Int
    private let group: HTTPServerGroup
    private let core: HTTPServerCore
    private let listener = NIOLockedValueBox<(any Channel)?>(nil)

    /// `name` stands in logs and metrics, `address` is an IPv4 or IPv6 literal, port 0 takes a free one.
    public init(
        name: String, address: String, port: Int, router: HTTPRouter, limits: HTTPServerLimits = HTTPServerLimits(),
        security: HTTPServerSecurity = HTTPServerSecurity(), group: HTTPServerGroup,
        observer: (any HTTPServerObserver)? = nil
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.group = group
        core = HTTPServerCore(name: name, router: router, limits: limits, security: security, observer: observer)
    }

    /// Opens the listener. Throws an `HTTPServerError` that names address, port and reason. Called once; blocks
    /// shortly.
    public func start() throws {
        precondition(boundAddress == nil, "a server is started once")
        let core = core
        let group = group
        let bootstrap = ServerBootstrap(group: group.eventLoops)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let identity = core.security.identity {
                        try channel.pipeline.syncOperations.addHandler(identity.makeHandler())
                    }
                    let gate = ConnectionGate(server: core, loop: group.loop(of: channel.eventLoop))
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
        do {
            let channel = try bootstrap.bind(to: ListenAddress.resolve(address, port)).wait()
            listener.withLockedValue { $0 = channel }
        } catch {
            throw HTTPServerError(listener: name, address: address, port: port, cause: error)
        }
    }

    /// Where the server listens, like `127.0.0.1:9411` or `[::1]:9411`; nil before it was started.
    public var boundAddress: String? {
        guard let socketAddress = listener.withLockedValue({ $0?.localAddress }),
            let address = socketAddress.ipAddress, let port = socketAddress.port
        else { return nil }
        return ListenAddress.text(address, port)
    }

    /// The port that the server listens on; nil before it was started.
    public var boundPort: Int? {
        listener.withLockedValue { $0?.localAddress?.port }
    }

    /// Connections open now.
    public var connectionCount: Int { core.connectionCount }

    /// Stops accepting, and closes connections on which nothing is under way. Requests in progress are answered.
    public func beginShutdown() {
        core.drain()
        listener.withLockedValue { $0 }?.close(promise: nil)
        forEachConnection { $0.drain() }
    }

    /// Waits until all connections have ended, and closes at `deadline` those that have not.
    public func finishShutdown(deadline: ContinuousClock.Instant) async {
        beginShutdown()
        let left = max(ContinuousClock.now.duration(to: deadline), .zero)
        let eventLoop = group.loops[0].eventLoop
        let ended = eventLoop.makePromise(of: Void.self)
        let cut = eventLoop.scheduleTask(in: TimeAmount(left)) { self.forEachConnection { $0.close() } }
        core.whenNoConnection(ended)
        try? await ended.futureResult.get()
        cut.cancel()
    }

    private func forEachConnection(_ action: @escaping @Sendable (Watched) -> Void) {
        let core = core
        for loop in group.loops {
            loop.eventLoop.execute {
                for connection in loop.watched(of: core) { action(connection) }
            }
        }
    }
}
