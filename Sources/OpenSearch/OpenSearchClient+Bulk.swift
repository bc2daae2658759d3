internal import Compression
public import WireFormats

extension OpenSearchClient {
    /// Hands the cluster documents.
    ///
    /// - Parameter completion: as with `send`. An error concerns the request as a whole.
    public func bulk(
        _ body: BulkBody, completion: @escaping @Sendable (Result<BulkOutcome, OpenSearchError>) -> Void
    ) {
        bulk(payload(of: body), documentCount: body.documentCount, completion)
    }

    /// The bytes that are sent for these documents: packed, if the options say so.
    func payload(of body: BulkBody) -> [UInt8] {
        guard options.compresses else { return body.bytes }
        var packed: [UInt8] = []
        packed.reserveCapacity(body.byteCount / 6)
        // The fastest level: spans are so alike that the better ones gain little.
        body.bytes.withUnsafeBytes { Deflater(level: 1).pack($0, onto: &packed) }
        return packed
    }

    func bulk(
        _ payload: [UInt8], documentCount: Int,
        _ completion: @escaping @Sendable (Result<BulkOutcome, OpenSearchError>) -> Void
    ) {
        var request = OpenSearchRequest(
            "POST", "/_bulk?filter_path=errors,items.*.error,items.*.status", body: payload)
        request.contentType = "application/x-ndjson"
        request.isPacked = options.compresses
        send(request) { result in
            completion(
                Result { () throws(OpenSearchError) in
                    try BulkOutcome(body: result.get().body, documentCount: documentCount)
                })
        }
    }
}
