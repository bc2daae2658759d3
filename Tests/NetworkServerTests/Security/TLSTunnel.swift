import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// Lets plain clients speak with a TLS server: a listener that hands on each connection over TLS.
final class TLSTunnel: Sendable {
    private let channel: any Channel
    private let negotiated: NIOLockedValueBox<[String?]>

    /// Where plain clients connect.
    var port: Int { channel.localAddress?.port ?? 0 }
    /// What ALPN chose for each handshake that came about.
    var applicationProtocols: [String?] { negotiated.withLockedValue { $0 } }

    /// `certificate` is what clients show, by its name among the fixtures.
    static func run(
        to port: Int, offering applicationProtocols: [String], certificate: String? = nil,
        _ test: (TLSTunnel) async throws -> Void
    ) async throws {
        let tunnel = try await TLSTunnel(port, applicationProtocols, certificate)
        do {
            try await test(tunnel)
            try await tunnel.channel.close()
        } catch {
            try? await tunnel.channel.close()
            throw error
        }
    }

    private init(_ port: Int, _ applicationProtocols: [String], _ certificate: String?) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try Certificates.all("ca"))
        configuration.applicationProtocols = applicationProtocols
        if let certificate {
            configuration.certificateChain = try Certificates.all(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: Certificates.path("\(certificate)-key"), format: .pem))
        }
        let context = try NIOSSLContext(configuration: configuration)
        // An address and no name: names are looked up on a queue that other tests may keep waiting.
        let server = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        let negotiated = NIOLockedValueBox<[String?]>([])
        self.negotiated = negotiated
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { plain in
                ClientBootstrap(group: plain.eventLoop)
                    .channelInitializer { secure in
                        secure.eventLoop.makeCompletedFuture {
                            try secure.pipeline.syncOperations.addHandlers([
                                NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                                Handover(to: plain) { protocolName in
                                    negotiated.withLockedValue { $0.append(protocolName) }
                                },
                            ])
                        }
                    }
                    .connect(to: server)
                    .flatMapThrowing { secure in
                        try plain.pipeline.syncOperations.addHandler(Handover(to: secure) { _ in })
                    }
                    .flatMap { plain.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Gives what comes on one channel to the other, and ends with it.
    private final class Handover: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let handshaken: (String?) -> Void

        init(to other: any Channel, handshaken: @escaping (String?) -> Void) {
            self.other = other
            self.handshaken = handshaken
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted(let name) = event as? TLSUserEvent { handshaken(name) }
            context.fireUserInboundEventTriggered(event)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
            other.close(promise: nil)
        }
    }
}
