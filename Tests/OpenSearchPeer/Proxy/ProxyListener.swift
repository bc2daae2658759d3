import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport

/// Listens for HTTP/1.1, over TLS if wanted, and can break connections off as no well-behaved server does.
final class ProxyListener {
    let port: Int
    private let channel: any Channel

    /// - Parameter port: 0 takes a free one.
    init(
        proxy: FaultProxy, address: String, port: Int, files: (certificate: String, key: String)?
    ) throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let threads = NIOThreadPool(numberOfThreads: 16)
        threads.start()
        let tls = try files.map { files in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
                    privateKey: .privateKey(NIOSSLPrivateKey(file: files.key, format: .pem))))
        }
        channel = try ServerBootstrap(group: loops)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(ProxyConnection(proxy: proxy, threads: threads))
                }
            }
            .bind(host: address, port: port).wait()
        guard let bound = channel.localAddress?.port else { throw TestSupportError("a listener without a port") }
        self.port = bound
    }
}

/// One connection: takes a request whole, has it answered on a thread of its own, and passes on of the answer what it
/// shall.
private final class ProxyConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let proxy: FaultProxy
    private let threads: NIOThreadPool
    private var request: ProxiedRequest?

    init(proxy: FaultProxy, threads: NIOThreadPool) {
        self.proxy = proxy
        self.threads = threads
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = ProxiedRequest(
                method: head.method.rawValue, target: head.uri,
                headers: head.headers.map { ($0.name.lowercased(), $0.value) }, body: [])
            if head.headers["expect"].first?.lowercased() == "100-continue" {
                let go = HTTPResponseHead(version: .http1_1, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
            }
        case .body(let bytes):
            bytes.withUnsafeReadableBytes { request?.body.append(contentsOf: $0) }
        case .end:
            guard let request else { return }
            self.request = nil
            let proxy = proxy
            let answer = threads.runIfActive(eventLoop: context.eventLoop) { proxy.answer(request) }
            answer.assumeIsolated().whenComplete { result in
                guard context.channel.isActive else { return }
                switch result {
                case .success(let answer): self.send(answer, context)
                case .failure: Self.reset(context.channel)
                }
            }
        }
    }

    private func send(_ answer: ProxiedAnswer, _ context: ChannelHandlerContext) {
        guard answer.manner != .reset else {
            Self.reset(context.channel)
            return
        }
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        head.headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)")
        let isWhole = answer.manner == .whole
        let sent = isWhole ? answer.body[...] : answer.body.prefix(answer.body.count / 2)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: sent)))), promise: nil)
        if isWhole {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let channel = context.channel
        context.flush()
        if answer.manner == .cut {
            channel.close(promise: nil)
        } else {
            Self.reset(channel)
        }
    }

    /// Ends the connection so that its client meets ECONNRESET.
    private static func reset(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that breaks off, or that did not like the certificate.
        proxy.faults.count(error is NIOSSLError || error is BoringSSLError ? "tlsFailures" : "connectionFailures")
        context.close(promise: nil)
    }
}
