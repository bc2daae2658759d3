import NetworkServer
import NetworkTestSupport
import Synchronization
import Testing

@Suite struct TLSListenerTests {
    private func security(_ files: TLSFiles) throws -> HTTPServerSecurity {
        HTTPServerSecurity(
            identity: try TLSIdentity(files, applicationProtocols: HTTPServerSecurity.applicationProtocols))
    }

    private static let files = TLSFiles(
        certificatePath: Certificates.path("server"), privateKeyPath: Certificates.path("server-key"))

    @Test func `both versions of HTTP are spoken over TLS as ALPN chooses`() async throws {
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await RunningServer.run(security: security(Self.files), routes: { $0.addEcho() }) { running in
            try await TLSTunnel.run(to: running.port, offering: ["h2", "http/1.1"]) { tunnel in
                let client = try HTTP2Client(port: tunnel.port)
                #expect(try client.exchange("POST", "/echo", [], body).body == body)
                #expect(tunnel.applicationProtocols == ["h2"])
            }
            for offered in [["http/1.1"], []] {
                try await TLSTunnel.run(to: running.port, offering: offered) { tunnel in
                    let client = try RawClient(port: tunnel.port)
                    client.send(post("/echo", body))
                    #expect(try client.readAnswer().body == body)
                    #expect(try client.exchange("GET /hello HTTP/1.1\r\n\r\n").text == "hello")
                    #expect(tunnel.applicationProtocols == [offered.first])
                }
            }
            try running.until { running.server.connectionCount == 0 }
        }
    }

    @Test func `plain bytes to a TLS listener are cut and disturb nobody`() async throws {
        try await RunningServer.run(security: security(Self.files), routes: { $0.addEcho() }) { running in
            try await TLSTunnel.run(to: running.port, offering: ["h2"]) { tunnel in
                let good = try HTTP2Client(port: tunnel.port)
                #expect(try good.exchange("GET", "/hello").text == "hello")
                let plain: [[UInt8]] = [
                    post("/echo", [1]), HTTP2Client.preface, [UInt8](repeating: 0, count: 100_000), [0x16, 3, 1],
                ]
                for bytes in plain {
                    let client = try running.client()
                    client.send(bytes)
                    client.endOutput()
                    let answer = try client.readToEnd()
                    #expect(!answer.starts(with: Array("HTTP".utf8)))
                }
                try running.until { running.server.connectionCount == 1 }
                #expect(try good.exchange("GET", "/hello").text == "hello")
            }
        }
    }

    @Test func `a handshake that does not come is cut`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(200)
        try await RunningServer.run(limits: limits, security: security(Self.files), routes: { $0.addEcho() }) {
            running in
            let silent = try running.client()
            let half = try running.client()
            half.send([0x16, 3, 1])
            #expect(try silent.isEnded())
            #expect(try half.isEnded())
            #expect(running.events.timedOut.load(ordering: .relaxed) == 2)
        }
    }

    @Test func `with a client authority only its clients are answered`() async throws {
        var files = Self.files
        files.clientCAPath = Certificates.path("ca")
        try await RunningServer.run(security: security(files), routes: { $0.addEcho() }) { running in
            try await TLSTunnel.run(to: running.port, offering: ["h2"], certificate: "client") { tunnel in
                let client = try HTTP2Client(port: tunnel.port)
                #expect(try client.exchange("GET", "/hello").text == "hello")
            }
            for certificate in [nil, "other-client"] {
                try await TLSTunnel.run(to: running.port, offering: ["http/1.1"], certificate: certificate) { tunnel in
                    let client = try RawClient(port: tunnel.port)
                    client.send("GET /hello HTTP/1.1\r\n\r\n")
                    #expect(try client.readToEnd().isEmpty, "\(certificate ?? "none")")
                }
            }
            #expect(running.events.finished.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a certificate that was replaced counts for the connections that follow`() async throws {
        let files = try TestFiles()
        try files.install("server")
        let identity = try TLSIdentity(files.tls, applicationProtocols: HTTPServerSecurity.applicationProtocols)
        let security = HTTPServerSecurity(identity: identity)
        try await RunningServer.run(security: security, routes: { $0.addEcho() }) { running in
            try await TLSTunnel.run(to: running.port, offering: ["h2"]) { tunnel in
                let before = try HTTP2Client(port: tunnel.port)
                #expect(try before.exchange("GET", "/hello").text == "hello")
                try files.install("renewed")
                #expect(identity.reloadIfChanged() == .reloaded)
                #expect(try before.exchange("GET", "/hello").text == "hello")
                #expect(try HTTP2Client(port: tunnel.port).exchange("GET", "/hello").text == "hello")
            }
        }
    }

    @Test func `shutting down over TLS tells clients to go`() async throws {
        try await RunningServer.run(security: security(Self.files), routes: { $0.addEcho() }) { running in
            try await TLSTunnel.run(to: running.port, offering: ["h2"]) { tunnel in
                let client = try HTTP2Client(port: tunnel.port)
                #expect(try client.exchange("GET", "/hello").text == "hello")
                running.server.beginShutdown()
                try client.readToEnd()
                #expect(client.goAway?.code == 0)
                await running.server.finishShutdown(deadline: .now + .seconds(20))
                #expect(running.server.connectionCount == 0)
            }
        }
    }
}
