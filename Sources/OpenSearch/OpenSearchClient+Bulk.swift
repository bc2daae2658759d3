internal import Compression
internal import HTTPClient
public import WireFormats

extension OpenSearchClient {
    /// Hands the cluster documents.
    ///
    /// - Parameter completion: as with `send`. An error concerns the request as a whole.
    public func bulk(
        _ body: BulkBody, completion: @escaping @Sendable (Result<BulkOutcome, OpenSearchError>) -> Void
    ) {
        bulk(body, packed: packed(body), completion)
    }

    /// The documents as they are sent; nil if the options say that they are not packed.
    func packed(_ body: BulkBody) -> [UInt8]? {
        guard options.compresses else { return nil }
        var packed: [UInt8] = []
        packed.reserveCapacity(body.byteCount / 6)
        // The fastest level: spans are so alike that the better ones gain little.
        body.withBytes { Deflater(level: 1).pack($0, onto: &packed) }
        return packed
    }

    func bulk(
        _ body: BulkBody, packed: [UInt8]?,
        _ completion: @escaping @Sendable (Result<BulkOutcome, OpenSearchError>) -> Void
    ) {
        let documentCount = body.documentCount
        var request = OpenSearchRequest("POST", "/_bulk?filter_path=errors,items.*.error,items.*.status")
        request.content = packed.map { .bytes($0) } ?? .lent(BulkContent(body))
        request.contentType = "application/x-ndjson"
        request.isPacked = packed != nil
        send(request) { result in
            completion(
                Result { () throws(OpenSearchError) in
                    try BulkOutcome(body: result.get().body, documentCount: documentCount)
                })
        }
    }
}

/// Documents that are sent from where they lie.
private final class BulkContent: RequestContent {
    private let body: BulkBody

    init(_ body: BulkBody) { self.body = body }

    var bytes: UnsafeRawBufferPointer { body.content }
}
