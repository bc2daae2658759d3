import Glibc
import Logging
import NetworkServer

/// The listeners of this process, and its life.
struct PeerServers {
    private let group: HTTPServerGroup
    private var servers: [HTTPServer] = []

    /// Starts what `begin` starts, tells the addresses it returns on one line of standard output, and runs until
    /// SIGTERM or SIGINT.
    static func serve(_ begin: (inout PeerServers) throws -> [(name: String, address: String)]) throws {
        signal(SIGPIPE, SIG_IGN)
        // Before there are other threads, which take it over: the signals wait for the one that asks for them.
        var endings = sigset_t()
        sigemptyset(&endings)
        sigaddset(&endings, SIGTERM)
        sigaddset(&endings, SIGINT)
        pthread_sigmask(SIG_BLOCK, &endings, nil)

        var servers = PeerServers()
        let addresses = try begin(&servers)
        let fields = addresses.map { #""\#($0.name)":"\#($0.address)""# }
        print(#"{"event":"ready",\#(fields.joined(separator: ","))}"#)
        fflush(nil)
        var received: Int32 = 0
        sigwait(&endings, &received)
        // Nothing is held back that would be lost: what was answered is written.
        _exit(0)
    }

    private init() {
        var logger = Logger(label: "opensearch-peer")
        logger.logLevel = .warning
        var configuration = HTTPServerGroup.Configuration()
        configuration.eventLoopCount = 1
        configuration.workerThreadCount = 4
        configuration.inFlightByteCountMax = 1 << 30
        group = HTTPServerGroup(configuration: configuration, logger: logger)
    }

    /// - Returns: the address it listens on.
    mutating func start(
        _ name: String, port: Int, routes: HTTPRouter, security: HTTPServerSecurity = HTTPServerSecurity()
    ) throws -> String {
        var limits = HTTPServerLimits()
        // OpenSearch's own bound, http.max_content_length.
        limits.bodyByteCountMax = 100 << 20
        limits.unpackedByteCountMax = 256 << 20
        let server = HTTPServer(
            name: name, address: "127.0.0.1", port: port, router: routes, limits: limits, security: security,
            group: group)
        try server.start()
        servers.append(server)
        return server.boundAddress ?? ""
    }
}

extension SecurityOptions {
    func load() throws -> HTTPServerSecurity {
        guard let files = try files() else { return HTTPServerSecurity() }
        let tls = TLSFiles(certificatePath: files.certificate, privateKeyPath: files.key)
        return HTTPServerSecurity(
            identity: try TLSIdentity(tls, applicationProtocols: HTTPServerSecurity.applicationProtocols))
    }
}
