/// The body of a request: whole, taken out of its chunks and unpacked.
public struct HTTPBody: Sendable {
    let storage: RequestStorage

    public var byteCount: Int { storage.body.count }

    /// Lends the bytes for the length of a call.
    public func withUnsafeBytes<R>(_ read: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try storage.body.withUnsafeBytes(read)
    }

    /// Lends the bytes for the length of a call, bounds-checked.
    public func withSpan<R, E: Error>(_ read: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        let bytes = storage.body
        return try read(bytes.span)
    }

    /// The bytes, shared rather than copied.
    public var bytes: [UInt8] { storage.body }
}
