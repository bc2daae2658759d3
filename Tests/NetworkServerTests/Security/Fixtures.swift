import FoundationEssentials
import Glibc
import NIOSSL
import NetworkServer
import TestSupport

/// The files of `Tests/Fixtures/certificates`.
enum Certificates {
    static let folder = Repository.path + "/Tests/Fixtures/certificates"

    static func path(_ name: String) -> String { "\(folder)/\(name).pem" }

    static func all(_ name: String) throws -> [NIOSSLCertificate] { try NIOSSLCertificate.fromPEMFile(path(name)) }
}

/// Files of one test, which it writes and replaces.
struct TestFiles {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        chmod(path(name), mode)
        return path(name)
    }

    /// Puts certificate and key called `name` where `files` names them.
    func install(_ name: String) throws {
        try write("tls.crt", String(contentsOfFile: Certificates.path(name), encoding: .utf8))
        try write("tls.key", String(contentsOfFile: Certificates.path("\(name)-key"), encoding: .utf8))
    }

    var tls: TLSFiles { TLSFiles(certificatePath: path("tls.crt"), privateKeyPath: path("tls.key")) }
}
