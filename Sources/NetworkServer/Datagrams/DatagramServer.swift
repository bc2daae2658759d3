internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// One UDP listener: an address, and what is done with each datagram that arrives there.
///
/// Nothing tells a sender to slow down: what comes faster than it is handled is dropped by the system once the
/// socket's buffer is full.
public final class DatagramServer: Sendable {
    /// Called on an event loop with the bytes of one datagram, which are valid during the call only. Must not block.
    public typealias Handler = @Sendable (_ bytes: UnsafeRawBufferPointer, _ origin: DatagramOrigin) -> Void
    /// Called on an event loop with the size of a datagram that was dropped. Must not block.
    public typealias TooLargeObserver = @Sendable (_ byteCount: Int, _ origin: DatagramOrigin) -> Void

    public let name: String
    private let address: String
    private let port: Int
    private let byteCountMax: Int
    private let receiveBufferByteCount: Int
    private let group: HTTPServerGroup
    private let handler: Handler
    private let onTooLarge: TooLargeObserver
    private let listener = NIOLockedValueBox<(any Channel)?>(nil)

    /// No datagram is larger: what UDP can say, and more than IP lets through. Each has so much room, so that none is
    /// ever cut.
    private static let slotByteCount = 65_536
    /// Datagrams taken from the system in one call.
    private static let readCount = 16

    /// - Parameters:
    ///   - name: stands in logs and metrics.
    ///   - address: an IPv4 or IPv6 literal.
    ///   - port: 0 takes a free one.
    ///   - byteCountMax: a datagram of more bytes goes to `onTooLarge` instead of `handler`.
    ///   - receiveBufferByteCount: what the system is asked to keep until it is read; it may give less.
    public init(
        name: String, address: String, port: Int, byteCountMax: Int = 65_000, group: HTTPServerGroup,
        receiveBufferByteCount: Int = 4 << 20, handler: @escaping Handler,
        onTooLarge: @escaping TooLargeObserver = { _, _ in }
    ) {
        precondition(byteCountMax >= 0, "a size is not negative")
        self.name = name
        self.address = address
        self.port = port
        self.byteCountMax = byteCountMax
        self.group = group
        self.receiveBufferByteCount = receiveBufferByteCount
        self.handler = handler
        self.onTooLarge = onTooLarge
    }

    /// Opens the socket. Throws an `HTTPServerError` that names address, port and reason. Called once; blocks shortly.
    public func start() throws {
        precondition(boundAddress == nil, "a server is started once")
        let group = group
        let bootstrap = DatagramBootstrap(group: group.eventLoops)
            .channelOption(.datagramVectorReadMessageCount, value: Self.readCount)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readCount * Self.slotByteCount)
            )
            .channelOption(
                .socketOption(.so_rcvbuf), value: SocketOptionValue(clamping: receiveBufferByteCount)
            )
            .channelInitializer { [byteCountMax, handler, onTooLarge] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DatagramReceiver(
                            eventLoopIndex: group.loop(of: channel.eventLoop).index, byteCountMax: byteCountMax,
                            handler: handler, onTooLarge: onTooLarge))
                }
            }
        do {
            let channel = try bootstrap.bind(to: ListenAddress.resolve(address, port)).wait()
            listener.withLockedValue { $0 = channel }
        } catch {
            throw HTTPServerError(listener: name, address: address, port: port, cause: error)
        }
    }

    /// Where the server listens, like `127.0.0.1:6831` or `[::1]:6831`; nil before it was started.
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

    /// What the system says of the socket; nil before the start and after the close, or when it does not say.
    public func socketState() async -> DatagramSocketState? {
        guard let channel = listener.withLockedValue({ $0 }) as? any SocketOptionProvider else { return nil }
        return await DatagramSocketState.of(channel)
    }

    /// Stops listening. Once it returns, no handler runs any more. What the system still kept is lost.
    public func close() async {
        guard let channel = listener.withLockedValue({ $0 }) else { return }
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }
}

/// Takes the datagrams of one socket from its event loop to the handler.
private final class DatagramReceiver: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let eventLoopIndex: Int
    private let byteCountMax: Int
    private let handler: DatagramServer.Handler
    private let onTooLarge: DatagramServer.TooLargeObserver

    init(
        eventLoopIndex: Int, byteCountMax: Int, handler: @escaping DatagramServer.Handler,
        onTooLarge: @escaping DatagramServer.TooLargeObserver
    ) {
        self.eventLoopIndex = eventLoopIndex
        self.byteCountMax = byteCountMax
        self.handler = handler
        self.onTooLarge = onTooLarge
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let origin = DatagramOrigin(eventLoopIndex: eventLoopIndex, socketAddress: envelope.remoteAddress)
        guard envelope.data.readableBytes <= byteCountMax else {
            onTooLarge(envelope.data.readableBytes, origin)
            return
        }
        envelope.data.withUnsafeReadableBytes { handler($0, origin) }
    }
}
