import Configuration
import Logging
import NetworkServer

/// What protects the listeners, as the configuration says: files read and checked.
struct ListenerSecurity: Sendable {
    private let configuration: Configuration
    fileprivate let identity: TLSIdentity?
    fileprivate let credentials: [String: CredentialFile]  // by path
    private let origins: CORSPolicy?

    init(_ configuration: Configuration, _ logger: Logger) throws {
        self.configuration = configuration
        identity = try configuration.tlsFiles.map {
            try TLSIdentity($0, applicationProtocols: HTTPServerSecurity.applicationProtocols)
        }
        var credentials: [String: CredentialFile] = [:]
        for path in Set(Listener.allCases.compactMap { configuration.credentialPath(of: $0) }) {
            credentials[path] = try CredentialFile(path: path)
        }
        self.credentials = credentials
        let policy = try CORSPolicy(
            allowedOrigins: configuration.allowedOrigins, allowedHeaders: configuration.allowedHeaders)
        origins = policy.isEnabled ? policy : nil
        for warning in (identity?.warnings ?? []) + credentials.values.flatMap(\.warnings) {
            logger.warning("\(warning)")
        }
    }

    func of(_ listener: Listener) -> HTTPServerSecurity {
        HTTPServerSecurity(
            identity: configuration.usesTLS(listener) ? identity : nil,
            credentials: configuration.credentialPath(of: listener).flatMap { credentials[$0] },
            origins: listener.isReceiver ? origins : nil)
    }
}

extension Configuration {
    fileprivate var tlsFiles: TLSFiles? {
        guard let certificate = tlsCertificatePath, let key = tlsKeyPath else { return nil }
        return TLSFiles(certificatePath: certificate, privateKeyPath: key, clientCAPath: tlsClientCAPath)
    }
}

/// Looks every few seconds whether certificates or credentials were replaced, and takes the new ones.
final class SecurityReloader: Sendable {
    private let task: Task<Void, Never>?

    private static let interval = Duration.seconds(5)

    init(_ security: ListenerSecurity, _ logger: Logger) {
        guard security.identity != nil || !security.credentials.isEmpty else {
            task = nil
            return
        }
        task = Task.detached(priority: .background) {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                if let identity = security.identity { Self.tell(identity.reloadIfChanged(), "certificate", logger) }
                for (path, file) in security.credentials { Self.tell(file.reloadIfChanged(), path, logger) }
            }
        }
    }

    func stop() { task?.cancel() }

    private static func tell(_ outcome: ReloadOutcome, _ name: String, _ logger: Logger) {
        switch outcome {
        case .unchanged:
            break
        case .reloaded:
            logger.notice("a replaced file is in force", metadata: ["file": "\(name)"])
        case .failed(let reason):
            logger.error(
                "a replaced file cannot be used; the old one stays in force", metadata: ["reason": "\(reason)"])
        }
    }
}
