import ArgumentParser

/// What forwarding is tried against: an index that keeps account of every document, and a cluster that fails as told.
@main struct OpenSearchPeer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "opensearch-peer", abstract: "Stands in for OpenSearch in tests, on this machine alone.",
        subcommands: [SinkCommand.self, ProxyCommand.self])
}

/// Takes bulk requests as OpenSearch does, and keeps account of every document.
struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink", abstract: "Takes bulk requests, and keeps account of every document.")

    @Option(help: "The port to listen on; 0: a free one.")
    var port = 0

    @Option(help: "Keeps the account through a kill; without it, it is in memory alone.")
    var folder: String?

    @OptionGroup var security: SecurityOptions

    func run() throws {
        let sink = try Sink(folder: folder)
        try PeerServers.serve { servers in
            let address = try servers.start("sink", port: port, routes: sink.routes(), security: security.load())
            return [("address", address)]
        }
    }
}

/// Stands before a cluster, and fails as told.
struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy", abstract: "Stands before a cluster on this machine, and fails as told.")

    @Option(help: "What it stands before: http://127.0.0.1:PORT")
    var upstream: String

    @Option(help: "The port to listen on; 0: a free one.")
    var port = 0

    @Option(help: "An address of this machine alone, 127.0.0.1 to 127.255.255.254.")
    var address = "127.0.0.1"

    @OptionGroup var security: SecurityOptions

    func run() throws {
        guard upstream.hasPrefix("http://127.0.0.1:"),
            let upstreamPort = UInt16(upstream.dropFirst("http://127.0.0.1:".count).prefix { $0 != "/" })
        else { throw ValidationError("--upstream is http://127.0.0.1:PORT") }
        guard address.hasPrefix("127.") else { throw ValidationError("--address begins with 127.") }
        let faults = FaultDesk()
        let listener = try ProxyListener(
            proxy: FaultProxy(upstreamPort: upstreamPort, faults: faults), address: address, port: port,
            files: security.files())
        try PeerServers.serve { servers in
            let control = try servers.start("control", port: 0, routes: faults.routes())
            return [("address", "\(address):\(listener.port)"), ("control", control)]
        }
    }
}

struct SecurityOptions: ParsableArguments {
    @Option(help: "Speaks TLS with this certificate.")
    var certificate: String?

    @Option(help: "Its key.")
    var key: String?

    func files() throws -> (certificate: String, key: String)? {
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        default: throw ValidationError("--certificate and --key go together")
        }
    }
}
