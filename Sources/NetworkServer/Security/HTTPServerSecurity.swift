/// Who may speak to a listener, and how: all off unless given.
public struct HTTPServerSecurity: Sendable {
    /// Connections are TLS, as this certificate's owner.
    public var identity: TLSIdentity?
    /// Requests bring one of these.
    public var credentials: CredentialFile?
    /// Web pages of these origins may send.
    public var origins: CORSPolicy?

    public init(
        identity: TLSIdentity? = nil, credentials: CredentialFile? = nil, origins: CORSPolicy? = nil
    ) {
        self.identity = identity
        self.credentials = credentials
        self.origins = origins
    }

    /// What TLS tells clients that the listeners speak, the better first.
    public static let applicationProtocols = ["h2", "http/1.1"]
}
