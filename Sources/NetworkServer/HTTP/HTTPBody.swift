/// The body of a request, or the message of a gRPC call: whole, taken out of its chunks and unpacked.
public struct HTTPBody: Sendable {
    let storage: RequestStorage

    public var byteCount: Int { storage.body.count - storage.bodyStart }

    /// Lends the bytes for the length of a call.
    public func withUnsafeBytes<R>(_ read: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try storage.body.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[storage.bodyStart...])) }
    }

    /// Lends the bytes for the length of a call, bounds-checked.
    public func withSpan<R, E: Error>(_ read: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        let bytes = storage.body
        return try read(bytes.span.extracting(droppingFirst: storage.bodyStart))
    }

    /// The bytes; shared rather than copied, but for a gRPC message.
    public var bytes: [UInt8] { storage.bodyStart == 0 ? storage.body : Array(storage.body[storage.bodyStart...]) }
}
