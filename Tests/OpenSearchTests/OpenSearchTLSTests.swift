import Logging
import NetworkServer
import NetworkTestSupport
import OpenSearch
import Synchronization
import TestSupport
import Testing

@Suite struct OpenSearchTLSTests {
    private static func certificate(_ name: String) -> String {
        Repository.path + "/Tests/Fixtures/certificates/\(name).pem"
    }

    /// Runs a server that answers `GET /` over TLS as the certificate's owner.
    private func run(
        certificate: String = "server", clientCA: String? = nil, protocols: [String] = ["h2", "http/1.1"],
        _ test: (RunningServer) throws -> Void
    ) async throws {
        let files = TLSFiles(
            certificatePath: Self.certificate(certificate), privateKeyPath: Self.certificate(certificate + "-key"),
            clientCAPath: clientCA.map { Self.certificate($0) })
        let security = HTTPServerSecurity(identity: try TLSIdentity(files, applicationProtocols: protocols))
        try await RunningServer.run(security: security) { router in
            router.addEcho()
            router.on(.get, "/", .eventLoop { _, _, responder in responder.respond(.text(.ok, "root")) })
        } _: {
            try test($0)
        }
    }

    /// What `GET /` comes to.
    private func ask(
        _ running: RunningServer, host: String = "127.0.0.1", logger: Logger = quietLogger(),
        _ change: (inout OpenSearchOptions) -> Void
    ) throws -> Result<OpenSearchResponse, OpenSearchError> {
        var options = OpenSearchOptions(urls: ["https://\(host):\(running.port)"])
        options.requestTimeout = .seconds(20)
        change(&options)
        let client = try OpenSearchClient(options, logger: logger)
        defer { client.shutDown() }
        return Result { () throws(OpenSearchError) in try client.perform(OpenSearchRequest("GET", "/")) }
    }

    @Test(arguments: [["h2", "http/1.1"], ["h2"], ["http/1.1"]])
    func `a known authority is trusted, and many requests share connections of either version`(
        protocols: [String]
    ) async throws {
        try await run(protocols: protocols) { running in
            var options = OpenSearchOptions(urls: ["https://localhost:\(running.port)"])
            options.caFile = Self.certificate("ca")
            let client = try OpenSearchClient(options, logger: quietLogger())
            defer { client.shutDown() }
            let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let results = Results<Bool>()
            for _ in 0..<20 {
                client.send(OpenSearchRequest("POST", "/echo", body: body)) { result in
                    results.add((try? result.get().body) == body)
                }
            }
            #expect(results.wait(for: 20) == Array(repeating: true, count: 20))
            // Requests that are under way together do not share one.
            #expect((2...16).contains(running.server.connectionCount))
        }
    }

    @Test func `an unknown authority, a wrong name or an expired certificate is not trusted`() async throws {
        let wrong: [(certificate: String, ca: String?, host: String)] = [
            ("server", nil, "127.0.0.1"), ("server", "other-ca", "127.0.0.1"), ("server", "ca", "other.localhost"),
            ("expired", "ca", "127.0.0.1"),
        ]
        for (certificate, ca, host) in wrong {
            try await run(certificate: certificate) { running in
                let result = try ask(running, host: host) { options in
                    options.caFile = ca.map { Self.certificate($0) }
                    options.username = "u"
                    options.password = Secret("swordfish")
                }
                guard case .failure(let error) = result else { return #expect(Bool(false), "\(certificate) \(host)") }
                #expect(error.code == .untrusted)
                #expect(error.message.hasPrefix("OpenSearch: no trust between skein and https://\(host):"))
                #expect(!error.message.contains("swordfish"))
                #expect(running.events.finished.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test func `verification is off only if so told, and loudly`() async throws {
        try await run(certificate: "expired") { running in
            let lines = Results<String>()
            var logger = Logger(label: "test") { _ in LineLog(lines: lines) }
            logger.logLevel = .warning
            let result = try ask(running, host: "other.localhost", logger: logger) { $0.skipsHostVerification = true }
            #expect(try result.get().status == 200)
            #expect(lines.wait(for: 1).first?.contains("NOT VERIFIED") == true)
        }
    }

    @Test func `a client certificate is shown where one is asked for`() async throws {
        try await run(clientCA: "ca") { running in
            for certificate in [nil, "other-client", "client"] {
                let result = try ask(running) { options in
                    options.caFile = Self.certificate("ca")
                    options.clientCertificateFile = certificate.map { Self.certificate($0) }
                    options.clientKeyFile = certificate.map { Self.certificate($0 + "-key") }
                }
                #expect((try? result.get().status) == (certificate == "client" ? 200 : nil))
            }
        }
    }

    @Test func `a file of authorities that is not there is told`() async throws {
        try await run { running in
            let result = try ask(running) { $0.caFile = "/nowhere/ca.pem" }
            guard case .failure(let error) = result else { return #expect(Bool(false)) }
            #expect(error.message.contains("/nowhere/ca.pem"))
        }
    }
}

/// Keeps what is logged.
struct LineLog: LogHandler {
    let lines: Results<String>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(lines: Results<String>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.message)") }
}
