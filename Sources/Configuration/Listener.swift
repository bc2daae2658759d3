#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What listens on a port of its own. Named so in settings, metrics, logs and the line that tells that all are ready.
public enum Listener: String, CaseIterable, Sendable {
    case zipkin
    case otlpGRPC = "otlp-grpc"
    case otlpHTTP = "otlp-http"
    case jaegerHTTP = "jaeger-http"
    case jaegerGRPC = "jaeger-grpc"
    case jaegerCompact = "jaeger-compact"
    case jaegerBinary = "jaeger-binary"
    case samplingHTTP = "sampling-http"
    case samplingGRPC = "sampling-grpc"
    case query
    case queryGRPC = "query-grpc"
    case jaegerStorage = "jaeger-storage"
    case tempo
    case admin

    /// Whether it takes UDP datagrams, which nothing protects; the others take TCP connections.
    public var isDatagram: Bool { self == .jaegerCompact || self == .jaegerBinary }

    /// Whether spans are sent to it.
    public var isReceiver: Bool {
        switch self {
        case .samplingHTTP, .samplingGRPC, .query, .queryGRPC, .tempo, .admin: false
        default: true
        }
    }

    /// The setting of its port.
    var portKey: String {
        switch self {
        case .zipkin: "zipkin.port"
        case .otlpGRPC: "otlp.grpc-port"
        case .otlpHTTP: "otlp.http-port"
        case .jaegerHTTP: "jaeger.http-port"
        case .jaegerGRPC: "jaeger.grpc-port"
        case .jaegerCompact: "jaeger.compact-port"
        case .jaegerBinary: "jaeger.binary-port"
        case .samplingHTTP: "sampling.http-port"
        case .samplingGRPC: "sampling.grpc-port"
        case .query: "query.port"
        case .queryGRPC: "query.grpc-port"
        case .jaegerStorage: "jaeger.storage-port"
        case .tempo: "tempo.port"
        case .admin: "admin.port"
        }
    }
}

extension Configuration {
    /// The port of a listener with the offset added; 0 for any free one, nil for off.
    public func port(of listener: Listener) -> Int? { port(listener.portKey) }

    /// Whether a listener speaks TLS.
    public func usesTLS(_ listener: Listener) -> Bool {
        !listener.isDatagram && tlsCertificatePath != nil && !plainListeners.contains(listener.rawValue)
    }

    /// The file of those who may come in at a listener; nil where all may.
    public func credentialPath(of listener: Listener) -> String? {
        guard !listener.isDatagram else { return nil }
        let paths = credentialPaths
        let path = paths.last { $0.listener == listener.rawValue }?.path ?? paths.last { $0.listener == nil }?.path
        return path == "off" ? nil : path
    }

    /// What is wrong with the settings of who may reach and use the listeners.
    func contradictionsOfSecurity() -> [String] {
        var problems: [String] = []
        if (tlsCertificatePath == nil) != (tlsKeyPath == nil) {
            problems.append("'tls.certificate' and 'tls.key' are set together or not at all")
        }
        if tlsClientCAPath != nil, tlsCertificatePath == nil {
            problems.append("'tls.client-ca' needs 'tls.certificate' and 'tls.key'")
        }
        let names = Listener.allCases.filter { !$0.isDatagram }.map(\.rawValue)
        for name in plainListeners + credentialPaths.compactMap(\.listener) where !names.contains(name) {
            problems.append("'\(name)' is not a TCP listener; these are: \(names.joined(separator: ", "))")
        }
        guard !allowsUnprotected, let address = listenAddresses.first(where: { !Self.isLoopback($0) }) else {
            return problems
        }
        let unprotected = Listener.allCases.filter {
            port(of: $0) != nil && !usesTLS($0) && credentialPath(of: $0) == nil
        }
        if !unprotected.isEmpty {
            problems.append(
                "'listen' \(address) (\(entry("listen").origin)) can be reached from other machines, where "
                    + unprotected.map(\.rawValue).joined(separator: ", ")
                    + " would take anybody's requests: set 'tls.certificate' or 'auth.credentials', switch these "
                    + "listeners off, or set 'listen-unprotected' to true")
        }
        return problems
    }

    /// Whether only programs of this machine reach `address`. False for what is no literal.
    static func isLoopback(_ address: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, address, &bytes) == 1 { return bytes[0] == 127 }
        guard inet_pton(AF_INET6, address, &bytes) == 1 else { return false }
        // An IPv4 address within IPv6 is written ::ffff:127.0.0.1.
        let isVersion4 = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isVersion4 ? bytes[12] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }
}
