internal import Bytes
internal import NetworkServer
internal import TraceModel
internal import TraceStore

/// An answer that lists traces: sent whole where it is short; piece by piece, while they are found, where it is not.
///
/// What is known only at the end, such as whether there are more traces, stands in the head of a whole answer. A long
/// one has begun by then; its work is done once more from the start, so that it never lies in memory.
struct JaegerLongAnswer {
    /// Takes what was written, or leaves it; to be called after each trace and now and then within a long one.
    typealias Outlet = (inout ByteWriter) throws -> Void

    /// Longer answers are streamed. A hundred traces of a mesh, ten spans each, stay below.
    static let wholeByteCountMax = 2 << 20
    private static let pieceByteCount = 32 << 10
    private static let wholeSpanCountMax = 1000

    /// Writes the body, from its first byte to its last, each time that it is called. Tells whether more traces match
    /// than the limit let through; nil where the question makes no sense.
    let write: @Sendable (inout ByteWriter, Outlet) throws -> Bool?

    private struct TooLong: Error {}

    /// Whether the answer that is this trace is not worth gathering first.
    static func isLong(_ cursor: TraceCursor) -> Bool { cursor.spanCount > wholeSpanCountMax }

    /// - Parameters:
    ///   - isLong: known to be too long to be sent whole.
    ///   - isPretty: indented, and therefore whole.
    func response(isLong: Bool = false, isPretty: Bool = false) throws -> HTTPResponse {
        if isLong, !isPretty { return streamed }
        var writer = ByteWriter()
        let hasMore: Bool?
        do {
            hasMore = try write(&writer) { written in
                if !isPretty, written.count > Self.wholeByteCountMax { throw TooLong() }
            }
        } catch is TooLong {
            return streamed
        }
        let response = HTTPResponse.json(isPretty ? JSONIndenter.indented(writer.bytes) : writer.bytes)
        return hasMore.map { response.tellingOfMore($0) } ?? response
    }

    private var streamed: HTTPResponse {
        HTTPResponse(headers: [("content-type", "application/json")]) { body in
            var writer = ByteWriter()
            do {
                _ = try write(&writer) { written in
                    guard written.count >= Self.pieceByteCount else { return }
                    try body.write(written.bytes)
                    written.removeAll()
                }
            } catch let error as StoreError where error.isBound {
                // An answer of its own if nothing was sent yet; else the connection is cut, and nothing is logged.
                throw HTTPError(error.httpStatus, error.message)
            }
            try body.write(writer.bytes)
        }
    }
}

extension StoreError {
    /// The query met one of its bounds; nothing is wrong with the store.
    var isBound: Bool { code == .timedOut || code == .cancelled }

    var httpStatus: HTTPStatus {
        switch code {
        case .timedOut: .gatewayTimeout
        // For the metrics alone: nobody reads it.
        case .cancelled: HTTPStatus(code: 499, reason: "Client Closed Request")
        case .inUse, .unsupportedFormat, .corrupt, .unusable: .internalServerError
        }
    }

    /// Fields of an answer that says so. A query that took too long may do better once other work is done.
    var httpHeaders: [(name: String, value: String)] { code == .timedOut ? [("retry-after", "5")] : [] }
}
