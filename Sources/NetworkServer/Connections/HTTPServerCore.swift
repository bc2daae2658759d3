internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import Synchronization

/// What a listener's connections know of it.
final class HTTPServerCore: Sendable {
    let name: String
    let router: HTTPRouter
    let limits: HTTPServerLimits
    let security: HTTPServerSecurity
    let observer: (any HTTPServerObserver)?
    let idleTimeout: TimeAmount
    let requestTimeout: TimeAmount
    let lingerTimeout: TimeAmount

    private let draining = Atomic(false)
    private let connections = NIOLockedValueBox((count: 0, whenNone: [EventLoopPromise<Void>]()))

    init(
        name: String, router: HTTPRouter, limits: HTTPServerLimits, security: HTTPServerSecurity,
        observer: (any HTTPServerObserver)?
    ) {
        self.name = name
        self.router = router
        self.limits = limits
        self.security = security
        self.observer = observer
        idleTimeout = TimeAmount(limits.idleTimeout)
        requestTimeout = TimeAmount(limits.requestTimeout)
        lingerTimeout = TimeAmount(limits.lingerTimeout)
    }

    /// More field lines than this are taken for an attack.
    private static let fieldCountMax = 512

    /// What takes the bytes of a connection apart.
    func makeDecoder() -> HTTPRequestDecoder {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.headerByteCountMax
        configuration.maxHeaderListSize = limits.headerByteCountMax
        configuration.maxHeaderFieldCount = Self.fieldCountMax
        return HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: configuration)
    }

    // MARK: HTTP/2

    /// Bytes that a client may send ahead on one stream, and on all streams of a connection.
    private static let streamWindowByteCount = 1 << 20
    private static let connectionWindowByteCount = 4 << 20
    private static let frameByteCountMax = 64 << 10
    private static let streamCountMax = 256
    /// Frames of one kind that an honest but lively client sends in 30 seconds at most, pings for example.
    private static let controlFrameCountMax = 2_000

    var http2Connection: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.streamCountMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerByteCountMax),
            HTTP2Setting(parameter: .maxFrameSize, value: Self.frameByteCountMax),
            HTTP2Setting(parameter: .initialWindowSize, value: Self.streamWindowByteCount),
        ]
        configuration.targetWindowSize = Self.connectionWindowByteCount
        // What clients still send on streams that were refused is passed over, not taken for an error.
        configuration.maximumRecentlyResetStreams = 4 * Self.streamCountMax
        configuration.controlFrameRateLimit.maximumCount = Self.controlFrameCountMax
        return configuration
    }

    var http2Stream: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = Self.streamWindowByteCount
        configuration.outboundBufferSizeHighWatermark = 64 << 10
        configuration.outboundBufferSizeLowWatermark = 32 << 10
        configuration.streamResetFrameRateLimit.maximumCount = Self.controlFrameCountMax
        configuration.streamErrorRateLimit.maximumCount = Self.controlFrameCountMax
        return configuration
    }

    /// A connection without streams is closed as politely as HTTP/2 allows: no call in flight is lost.
    var http2Lifetime: NIOHTTP2ServerConnectionManagementHandler.Configuration {
        .init(maxIdleTime: idleTimeout, maxAge: nil, maxGraceTime: requestTimeout, keepalive: nil)
    }

    // MARK: Connections

    func handshakeFailed(_ error: any Error, peer: String?, logger: Logger) {
        logger.debug(
            "a TLS handshake failed",
            metadata: ["server": "\(name)", "peer": "\(peer ?? "")", "reason": "\(error)"])
    }

    /// How often deadlines must be looked at to be kept well enough.
    var sweepInterval: TimeAmount {
        let shortest = min(idleTimeout, requestTimeout, lingerTimeout)
        return .nanoseconds(max(shortest.nanoseconds / 4, 10_000_000))
    }

    /// Whether the listener is closing: each connection ends with its next answer.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func drain() {
        draining.store(true, ordering: .relaxed)
    }

    var connectionCount: Int { connections.withLockedValue { $0.count } }

    /// Counts one more connection. False: there are too many.
    func admit() -> Bool {
        connections.withLockedValue { connections in
            guard connections.count < limits.connectionCountMax else { return false }
            connections.count += 1
            return true
        }
    }

    func leave() {
        let promises = connections.withLockedValue { connections -> [EventLoopPromise<Void>] in
            connections.count -= 1
            guard connections.count == 0 else { return [] }
            defer { connections.whenNone = [] }
            return connections.whenNone
        }
        for promise in promises { promise.succeed() }
    }

    /// Completes `promise` once no connection is open.
    func whenNoConnection(_ promise: EventLoopPromise<Void>) {
        let isNow = connections.withLockedValue { connections in
            if connections.count > 0 { connections.whenNone.append(promise) }
            return connections.count == 0
        }
        if isNow { promise.succeed() }
    }
}
