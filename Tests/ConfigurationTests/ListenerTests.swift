import Testing

@testable import Configuration

@Suite struct ListenerTests {
    @Test(arguments: ["127.0.0.1", "127.8.9.10", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    func `an address of this machine alone is known`(address: String) {
        #expect(Configuration.isLoopback(address))
    }

    @Test(arguments: [
        "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2", "1::1", "::ffff:10.0.0.1", "::ffff:0.0.0.0", "::127.0.0.1",
        "localhost", "", "127.0.0.1:80",
    ])
    func `any other is taken for one that others reach`(address: String) {
        #expect(!Configuration.isLoopback(address))
    }

    // MARK: Protection

    private func problems(_ options: [String: [String]]) -> String {
        do {
            _ = try Configuration(options: options)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `listening for other machines unprotected must be asked for by name`() {
        let refused = problems(["listen": ["0.0.0.0"]])
        #expect(refused.contains("'listen' 0.0.0.0"))
        #expect(refused.contains("zipkin, otlp-grpc, otlp-http, jaeger-http"))
        #expect(refused.contains("'listen-unprotected'"))
        #expect(problems(["listen": ["0.0.0.0"], "listen-unprotected": ["true"]]) == "")
    }

    @Test func `credentials or TLS protect TCP, and nothing protects UDP`() {
        let datagramsOff = ["jaeger.compact-port": ["off"], "jaeger.binary-port": ["off"]]
        let open = ["listen": ["0.0.0.0"]].merging(datagramsOff) { $1 }
        let tls = ["tls.certificate": ["c.pem"], "tls.key": ["k.pem"]]
        #expect(problems(open.merging(["auth.credentials": ["users"]]) { $1 }) == "")
        #expect(problems(open.merging(tls) { $1 }) == "")
        let plainAdmin = open.merging(tls) { $1 }.merging(["tls.plain-listeners": ["admin"]]) { $1 }
        #expect(problems(plainAdmin).contains("where admin would take anybody's requests"))
        #expect(problems(plainAdmin.merging(["auth.credentials": ["admin=users"]]) { $1 }) == "")
        let withDatagrams = problems(["listen": ["0.0.0.0"], "auth.credentials": ["users"]])
        #expect(withDatagrams.contains("where jaeger-compact, jaeger-binary would"))
    }

    @Test func `a file of credentials is for one listener or for all others`() throws {
        let configuration = try Configuration(
            options: ["auth.credentials": ["query=readers", "senders", "admin=off"]])
        #expect(configuration.credentialPath(of: .query) == "readers")
        #expect(configuration.credentialPath(of: .zipkin) == "senders")
        #expect(configuration.credentialPath(of: .admin) == nil)
        #expect(configuration.credentialPath(of: .jaegerCompact) == nil)
    }

    @Test func `what cannot go together is told`() {
        #expect(problems(["tls.certificate": ["c.pem"]]).contains("'tls.certificate' and 'tls.key'"))
        #expect(problems(["tls.client-ca": ["ca.pem"]]).contains("'tls.client-ca' needs"))
        #expect(problems(["auth.credentials": ["jaeger-compact=f"]]).contains("'jaeger-compact' is not a TCP listener"))
        #expect(problems(["tls.plain-listeners": ["zipkn"]]).contains("'zipkn' is not a TCP listener"))
    }
}
