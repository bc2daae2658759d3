/// What a request sends.
public enum RequestBody: Sendable {
    case bytes([UInt8])
    /// Sent from where it lies, without a copy.
    case lent(any RequestContent)

    var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .lent(let content): content.bytes.count
        }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self {
        case .bytes(let bytes): bytes.withUnsafeBytes(body)
        case .lent(let content): withExtendedLifetime(content) { body(content.bytes) }
        }
    }
}

/// Bytes that somebody keeps for a request.
public protocol RequestContent: AnyObject, Sendable {
    /// They stay where they are, and what they are, as long as this lives.
    var bytes: UnsafeRawBufferPointer { get }
}
