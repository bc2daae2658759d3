import FoundationEssentials
import Glibc
import NIOSSL
import Testing

@testable import NetworkServer

@Suite struct TLSIdentityTests {
    private static let server = TLSFiles(
        certificatePath: Certificates.path("server"), privateKeyPath: Certificates.path("server-key"))

    private static func mutual() throws -> TLSIdentity {
        var files = server
        files.clientCAPath = Certificates.path("ca")
        return try TLSIdentity(files, applicationProtocols: [])
    }

    // MARK: Connections

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `a client that knows the authority speaks with the server`(version: TLSVersion) async throws {
        let identity = try TLSIdentity(Self.server, applicationProtocols: [])
        try await TLSEchoServer.run(identity) { server in
            let meeting = try await TLSEchoClient(versionMax: version).meet(port: server.port)
            #expect(meeting.certificate == (try Certificates.all("server").first))
            #expect(meeting.applicationProtocol == nil)
            // Verified by its address, which is among the certificate's names, as that is all the client has.
            _ = try await TLSEchoClient(versionMax: version, name: nil).meet(port: server.port)
        }
    }

    @Test func `a client that trusts another authority turns away`() async throws {
        let identity = try TLSIdentity(Self.server, applicationProtocols: [])
        try await TLSEchoServer.run(identity) { server in
            await #expect(throws: TLSEchoClient.Refused.self) {
                try await TLSEchoClient(trusted: "other-ca").meet(port: server.port)
            }
        }
    }

    @Test func `a client older than TLS 1.2 is refused`() async throws {
        let identity = try TLSIdentity(Self.server, applicationProtocols: [])
        try await TLSEchoServer.run(identity) { server in
            await #expect(throws: TLSEchoClient.Refused.self) {
                try await TLSEchoClient(versionMax: .tlsv11).meet(port: server.port)
            }
        }
    }

    @Test(arguments: [
        (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), (["spdy/3"], nil),
        ([], nil),
    ])
    func `the server chooses among the protocols of both`(offered: [String], chosen: String?) async throws {
        let identity = try TLSIdentity(Self.server, applicationProtocols: ["h2", "http/1.1"])
        try await TLSEchoServer.run(identity) { server in
            let meeting = try await TLSEchoClient(applicationProtocols: offered).meet(port: server.port)
            #expect(meeting.applicationProtocol == chosen)
        }
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `with a client authority only its clients come in`(version: TLSVersion) async throws {
        try await TLSEchoServer.run(Self.mutual()) { server in
            _ = try await TLSEchoClient(certificate: "client", versionMax: version).meet(port: server.port)
            for certificate in [nil, "other-client"] {
                await #expect(throws: TLSEchoClient.Refused.self, "\(certificate ?? "none")") {
                    try await TLSEchoClient(certificate: certificate, versionMax: version).meet(port: server.port)
                }
            }
        }
    }

    // MARK: Reloading

    @Test func `new files are shown to new connections`() async throws {
        let files = try TestFiles()
        try files.install("server")
        let identity = try TLSIdentity(files.tls, applicationProtocols: [])
        try await TLSEchoServer.run(identity) { server in
            #expect(identity.reloadIfChanged() == .unchanged)
            try files.install("renewed")
            let before = try await TLSEchoClient().meet(port: server.port)
            #expect(before.certificate == (try Certificates.all("server").first))
            #expect(identity.reloadIfChanged() == .reloaded)
            #expect(identity.reloadIfChanged() == .unchanged)
            let after = try await TLSEchoClient().meet(port: server.port)
            #expect(after.certificate == (try Certificates.all("renewed").first))
        }
    }

    @Test func `a symbolic link that is turned to other files is followed`() throws {
        let files = try TestFiles()
        for name in ["server", "renewed"] {
            try FileManager.default.createDirectory(
                atPath: files.path(name), withIntermediateDirectories: false)
            for (part, fixture) in [("tls.crt", name), ("tls.key", "\(name)-key")] {
                try files.write(
                    "\(name)/\(part)", String(contentsOfFile: Certificates.path(fixture), encoding: .utf8))
            }
        }
        // As a mounted secret is laid out: the files are links through a link to a folder, which is replaced.
        symlink("server", files.path("data"))
        symlink("data/tls.crt", files.path("tls.crt"))
        symlink("data/tls.key", files.path("tls.key"))
        let identity = try TLSIdentity(files.tls, applicationProtocols: [])
        #expect(identity.reloadIfChanged() == .unchanged)
        symlink("renewed", files.path("data.new"))
        rename(files.path("data.new"), files.path("data"))
        #expect(identity.reloadIfChanged() == .reloaded)
    }

    @Test func `what cannot be loaded leaves the old identity in force, and is said once`() async throws {
        let files = try TestFiles()
        try files.install("server")
        let identity = try TLSIdentity(files.tls, applicationProtocols: [])
        try await TLSEchoServer.run(identity) { server in
            let key = try String(contentsOfFile: Certificates.path("renewed-key"), encoding: .utf8)
            try files.write("tls.key", key)
            guard case .failed(let message) = identity.reloadIfChanged() else {
                Issue.record("a key of another certificate was taken")
                return
            }
            #expect(message.contains("does not belong to the first certificate"))
            #expect(identity.reloadIfChanged() == .unchanged)
            unlink(files.path("tls.key"))
            #expect(identity.reloadIfChanged() == .failed("key file \(files.path("tls.key")): no such file"))
            #expect(identity.reloadIfChanged() == .unchanged)
            let meeting = try await TLSEchoClient().meet(port: server.port)
            #expect(meeting.certificate == (try Certificates.all("server").first))
            try files.install("renewed")
            #expect(identity.reloadIfChanged() == .reloaded)
        }
    }

    @Test func `files that were not to be opened for a moment are taken later`() throws {
        let files = try TestFiles()
        try files.install("server")
        let identity = try TLSIdentity(files.tls, applicationProtocols: [])
        try files.install("renewed")
        let kept = files.path("kept")
        rename(files.tls.privateKeyPath, kept)
        #expect(identity.reloadIfChanged() == .failed("key file \(files.tls.privateKeyPath): no such file"))
        rename(kept, files.tls.privateKeyPath)
        #expect(identity.reloadIfChanged() == .reloaded)
    }

    @Test func `when the old files come back there is nothing to do, and a later failure is said again`() throws {
        let files = try TestFiles()
        try files.install("server")
        symlink("tls.crt", files.path("link.crt"))
        let tls = TLSFiles(certificatePath: files.path("link.crt"), privateKeyPath: files.tls.privateKeyPath)
        let identity = try TLSIdentity(tls, applicationProtocols: [])
        for _ in 0..<2 {
            unlink(tls.certificatePath)
            #expect(identity.reloadIfChanged() == .failed("certificate file \(tls.certificatePath): no such file"))
            #expect(identity.reloadIfChanged() == .unchanged)
            symlink("tls.crt", files.path("link.crt"))
            #expect(identity.reloadIfChanged() == .unchanged)
        }
    }

    // MARK: Files

    private func failure(_ files: TLSFiles) -> TLSError? {
        do {
            _ = try TLSIdentity(files, applicationProtocols: [])
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is wrong with a file is said with its name`() throws {
        let files = try TestFiles()
        try files.install("server")
        let certificate = files.tls.certificatePath
        let key = files.tls.privateKeyPath
        func expect(_ code: TLSError.Code, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
            let error = failure(files.tls)
            #expect(error?.code == code, sourceLocation: sourceLocation)
            #expect(error?.message == message, sourceLocation: sourceLocation)
        }
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: Certificates.path(name), encoding: .utf8)
        }

        #expect(failure(files.tls) == nil)
        try files.write("tls.crt", "")
        expect(.malformed, "certificate file \(certificate): no PEM certificate is in it")
        try files.write("tls.crt", text("server-key"))
        expect(.malformed, "certificate file \(certificate): no PEM certificate is in it")
        let chain = try text("server")
        try files.write("tls.crt", chain.replacing("MII", with: "MIJ", maxReplacements: 1))
        expect(.malformed, "certificate file \(certificate): a certificate in it is damaged")
        try files.write("tls.crt", String(chain.dropLast(100)))
        expect(.malformed, "certificate file \(certificate): a certificate in it is damaged")
        try files.write("tls.crt", String(repeating: "x", count: SecurityFile.byteCountMax + 1))
        expect(.unreadable, "certificate file \(certificate): it is larger than 1 MiB")
        unlink(certificate)
        expect(.unreadable, "certificate file \(certificate): no such file")
        mkfifo(certificate, 0o600)
        expect(.unreadable, "certificate file \(certificate): it is not a regular file")
        unlink(certificate)

        try files.write("tls.crt", chain)
        try files.write("tls.key", text("renewed-key"))
        expect(.keyMismatch, "the key in \(key) does not belong to the first certificate in \(certificate)")
        try files.write("tls.key", text("encrypted-key"))
        expect(.encryptedKey, "key file \(key): the key is locked with a passphrase")
        try files.write("tls.key", chain)
        expect(.malformed, "key file \(key): no PEM private key is in it")
        try files.write("tls.key", text("server-key").replacing("MIG", with: "MIH", maxReplacements: 1))
        expect(.malformed, "key file \(key): the key in it is damaged")

        try files.write("tls.key", text("server-key"))
        var mutual = files.tls
        mutual.clientCAPath = files.path("ca.crt")
        #expect(failure(mutual)?.message == "client CA file \(files.path("ca.crt")): no such file")
        try files.write("ca.crt", "nothing")
        #expect(failure(mutual)?.message == "client CA file \(files.path("ca.crt")): no PEM certificate is in it")
    }

    @Test func `certificate and key may stand in one file`() throws {
        let files = try TestFiles()
        let both = try ["server-key", "server"].map {
            try String(contentsOfFile: Certificates.path($0), encoding: .utf8)
        }
        let path = try files.write("both.pem", both.joined())
        #expect(failure(TLSFiles(certificatePath: path, privateKeyPath: path)) == nil)
    }

    @Test func `an expired certificate and an open key are warned of`() throws {
        let files = try TestFiles()
        try files.install("expired")
        let identity = try TLSIdentity(files.tls, applicationProtocols: [])
        #expect(
            identity.warnings == [
                "certificate file \(files.path("tls.crt")): certificate 1 expired on Fri, 01 Jan 2021 00:00:00 GMT"
            ])
        try files.install("server")
        chmod(files.path("tls.key"), 0o644)
        #expect(identity.reloadIfChanged() == .reloaded)
        #expect(identity.warnings == ["key file \(files.path("tls.key")): every account of this machine may read it"])
        chmod(files.path("tls.key"), 0o600)
        #expect(identity.reloadIfChanged() == .reloaded)
        #expect(identity.warnings.isEmpty)
    }
}
