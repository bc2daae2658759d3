import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

@testable import NetworkServer

/// A server that shows an identity and sends back what it gets.
struct TLSEchoServer {
    let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    static func run(_ identity: TLSIdentity, _ test: (TLSEchoServer) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([identity.makeHandler(), Echo()])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await test(TLSEchoServer(channel: channel))
            try await channel.close()
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// What a client demands and shows.
struct TLSEchoClient {
    /// What it learnt of a server that answered it.
    struct Meeting {
        let applicationProtocol: String?
        let certificate: NIOSSLCertificate?
    }

    struct Refused: Error {
        let cause: String
    }

    var trusted = "ca"
    var certificate: String?
    var applicationProtocols: [String] = []
    var versionMax: TLSVersion?
    var name: String? = "localhost"

    /// Says hello and reads it back. Throws `Refused` when one of the two sides turns away.
    func meet(port: Int) async throws -> Meeting {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try Certificates.all(trusted))
        configuration.applicationProtocols = applicationProtocols
        configuration.maximumTLSVersion = versionMax
        if let certificate {
            configuration.certificateChain = try Certificates.all(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: Certificates.path("\(certificate)-key"), format: .pem))
        }
        let context = try NIOSSLContext(configuration: configuration)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = eventLoop.makePromise(of: String?.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .channelInitializer { [name] channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: name)
                        try channel.pipeline.syncOperations.addHandlers([handler, Hello(answer)])
                    }
                }
                .connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: port)).get()
        } catch {
            answer.fail(error)
            throw error
        }
        let timeout = eventLoop.scheduleTask(in: .seconds(10)) { answer.fail(Refused(cause: "no answer")) }
        defer {
            timeout.cancel()
            channel.close(promise: nil)
        }
        do {
            let applicationProtocol = try await answer.futureResult.get()
            let certificate = try await channel.nioSSL_peerCertificate().get()
            return Meeting(applicationProtocol: applicationProtocol, certificate: certificate)
        } catch {
            throw Refused(cause: "\(error)")
        }
    }

    private final class Hello: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: EventLoopPromise<String?>
        private var applicationProtocol: String?
        private var received = ""

        init(_ answer: EventLoopPromise<String?>) { self.answer = answer }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
                applicationProtocol = negotiated
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "hello")), promise: nil)
            }
            context.fireUserInboundEventTriggered(event)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            if received == "hello" { answer.succeed(applicationProtocol) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { answer.fail(Refused(cause: "ended")) }
    }
}
