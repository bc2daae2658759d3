/// The files that a listener's TLS is made of, all in PEM form.
public struct TLSFiles: Sendable, Hashable {
    /// The server's certificate first, then those that lead from it to an authority that clients know.
    public var certificatePath: String
    /// The key of that first certificate, without a passphrase.
    public var privateKeyPath: String
    /// Authorities of clients. If set, a client must show a certificate that one of them signed.
    public var clientCAPath: String?

    public init(certificatePath: String, privateKeyPath: String, clientCAPath: String? = nil) {
        self.certificatePath = certificatePath
        self.privateKeyPath = privateKeyPath
        self.clientCAPath = clientCAPath
    }
}

/// Why TLS cannot be spoken with the files given.
public struct TLSError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case unreadable  // missing, not permitted, no regular file, too large
        case malformed  // no PEM of the kind wanted, or a broken one
        case encryptedKey  // a passphrase would be needed
        case keyMismatch  // the key belongs to another certificate
        case unusable  // well formed, but of a kind that is not supported
    }
    public let code: Code
    /// Which file, and what is wrong with it.
    public let message: String
    public let cause: (any Error)?

    public var description: String { message }
}
