/// How servers are reached, and how much is taken from them.
public struct HTTPConnectionOptions: Sendable {
    /// For a new connection, with its TLS handshake.
    public var connectTimeout: Duration = .seconds(10)
    /// For each request as a whole, unless it says otherwise; waiting for a connection is part of it.
    public var requestTimeout: Duration = .seconds(60)
    /// To all servers together; further requests wait.
    public var connectionCountMax = 16
    /// Of one answer's body, unpacked.
    public var responseByteCountMax = 1 << 30
    /// Authorities, in PEM, in place of the system's.
    public var caFile: String?
    /// In PEM, shown to servers that ask for one.
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// Off: any certificate of any name is taken.
    public var verifiesServers = true
    /// Such as `http://proxy:3128`; nil: as the environment says. Never for servers of this machine by their loopback
    /// address.
    public var proxy: String?

    public init() {}
}
