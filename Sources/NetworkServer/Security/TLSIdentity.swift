internal import NIOCore
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What a listener shows to clients over TLS, and what it demands of them. TLS 1.2 and 1.3 are spoken.
///
/// Its files may be replaced while it is in use: `reloadIfChanged`, called now and then, takes the new ones for the
/// connections that follow.
public final class TLSIdentity: Sendable {
    private struct Loaded {
        let context: NIOSSLContext
        let warnings: [String]
    }

    private let loaded: FileBackedValue<Loaded, TLSError>

    /// Reads and checks the files. Blocks shortly.
    ///
    /// `applicationProtocols` are those offered by ALPN, the preferred one first: `["h2", "http/1.1"]`.
    public init(_ files: TLSFiles, applicationProtocols: [String]) throws(TLSError) {
        let paths = [files.certificatePath, files.privateKeyPath] + (files.clientCAPath.map { [$0] } ?? [])
        loaded = try FileBackedValue(paths: paths) { () throws(TLSError) in
            try Self.load(files, applicationProtocols)
        }
    }

    /// What is dubious about the files in force: a certificate that expired, a key that everybody may read.
    public var warnings: [String] { loaded.current.warnings }

    /// What speaks TLS on one new connection.
    func makeHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: loaded.current.context)
    }

    /// Takes the files anew if one of them is no longer the same. Blocks shortly: not for event loops.
    public func reloadIfChanged() -> ReloadOutcome { loaded.reloadIfChanged() }

    // MARK: Loading

    private static func load(_ files: TLSFiles, _ applicationProtocols: [String]) throws(TLSError) -> Loaded {
        var warnings: [String] = []
        let chain = try certificates("certificate", files.certificatePath, &warnings)
        let key = try privateKey(files.privateKeyPath, &warnings)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        // A connection that is closed waits this long for the client's farewell.
        configuration.shutdownTimeout = .seconds(1)
        configuration.applicationProtocols = applicationProtocols
        if let path = files.clientCAPath {
            configuration.trustRoots = .certificates(try certificates("client CA", path, &warnings))
            configuration.certificateVerification = .noHostnameVerification
            // Clients that have several certificates choose by the names of the authorities.
            configuration.sendCANameList = true
        }
        do {
            return Loaded(context: try NIOSSLContext(configuration: configuration), warnings: warnings)
        } catch NIOSSLError.failedToLoadPrivateKey {
            // Each of the two is sound by itself.
            throw TLSError(
                code: .keyMismatch,
                message: "the key in \(files.privateKeyPath) does not belong to the first certificate in "
                    + files.certificatePath,
                cause: NIOSSLError.failedToLoadPrivateKey)
        } catch {
            throw TLSError(
                code: .unusable,
                message: "\(files.certificatePath) with \(files.privateKeyPath) cannot be used for TLS: \(error)",
                cause: error)
        }
    }

    private static func read(_ role: String, _ path: String) throws(TLSError) -> SecurityFile {
        do {
            return try SecurityFile(path: path)
        } catch {
            throw TLSError(code: .unreadable, message: "\(role) file \(path): \(error.reason)", cause: error)
        }
    }

    private static func certificates(
        _ role: String, _ path: String, _ warnings: inout [String]
    ) throws(TLSError) -> [NIOSSLCertificate] {
        let file = try read(role, path)
        guard contains("-----BEGIN CERTIFICATE-----", file.bytes) else {
            throw TLSError(
                code: .malformed, message: "\(role) file \(path): no PEM certificate is in it", cause: nil)
        }
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(file.bytes)
        } catch {
            throw TLSError(
                code: .malformed, message: "\(role) file \(path): a certificate in it is damaged", cause: error)
        }
        let now = Int(time(nil))
        for (index, certificate) in certificates.enumerated() {
            let which = certificates.count == 1 ? "the certificate" : "certificate \(index + 1)"
            if certificate.notValidAfter < now {
                let date = HTTPDate.text(secondsSince1970: max(0, Int(certificate.notValidAfter)))
                warnings.append("\(role) file \(path): \(which) expired on \(date)")
            }
            if certificate.notValidBefore > now {
                let date = HTTPDate.text(secondsSince1970: max(0, Int(certificate.notValidBefore)))
                warnings.append("\(role) file \(path): \(which) is not valid before \(date)")
            }
        }
        return certificates
    }

    private static func privateKey(_ path: String, _ warnings: inout [String]) throws(TLSError) -> NIOSSLPrivateKey {
        let file = try read("key", path)
        guard contains("PRIVATE KEY-----", file.bytes) else {
            throw TLSError(code: .malformed, message: "key file \(path): no PEM private key is in it", cause: nil)
        }
        guard !contains("ENCRYPTED", file.bytes) else {
            throw TLSError(
                code: .encryptedKey, message: "key file \(path): the key is locked with a passphrase", cause: nil)
        }
        if file.isReadableByOthers {
            warnings.append("key file \(path): every account of this machine may read it")
        }
        do {
            // Without a callback a passphrase would be asked for on the terminal.
            return try NIOSSLPrivateKey(bytes: file.bytes, format: .pem) { $0([UInt8]()) }
        } catch {
            throw TLSError(code: .malformed, message: "key file \(path): the key in it is damaged", cause: error)
        }
    }

    private static func contains(_ text: String, _ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(text)
    }
}
