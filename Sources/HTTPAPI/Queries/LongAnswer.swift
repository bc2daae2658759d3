internal import Bytes
package import NetworkServer
internal import TraceStore

/// What is known of an answer once it is written.
struct AnswerEnd {
    /// Whether more traces match than the limit let through; nil where the question makes no sense.
    var hasMore: Bool?
    /// Why something of it may be missing, in words.
    var gaps: [String] = []
    /// The body says so itself.
    var areGapsTold = false
}

/// An answer that is sent whole where it is short; piece by piece, while it is made, where it is not.
///
/// What is known only at the end, such as whether there are more traces, stands in the head of a whole answer; a long
/// one has begun by then.
struct LongAnswer {
    /// Takes what was written, or leaves it; to be called after each trace and now and then within a long one.
    typealias Outlet = (inout ByteWriter) throws -> Void

    /// Longer answers to searches are streamed.
    static let wholeByteCountMax = 2 << 20
    private static let pieceByteCount = 32 << 10

    /// The answer to an error in the form of the API; nil for what is nobody's fault but the program's.
    let failure: @Sendable (any Error) -> HTTPResponse?
    /// Writes the body.
    let write: @Sendable (inout ByteWriter, Outlet) throws -> AnswerEnd

    /// - Parameters:
    ///   - isSearch: whether there are more traces is told, if it is known in time.
    ///   - isPretty: indented, and therefore made whole.
    func response(
        isSearch: Bool = false, isPretty: Bool = false,
        headers: [(name: String, value: String)] = [("content-type", "application/json")]
    ) -> HTTPResponse {
        HTTPResponse(headers: headers) { body in
            do {
                if isSearch { body.heldByteCountMax = Self.wholeByteCountMax }
                try send(to: &body, isPretty: isPretty)
            } catch {
                if !body.isBegun, let answer = failure(error) { throw HTTPAnswer(answer) }
                // The connection is cut; that the query met its bounds is nothing to be logged.
                if let error = error as? StoreError, error.isBound { throw HTTPClientGone() }
                throw error
            }
        }
    }

    private func send(to body: inout HTTPBodyWriter, isPretty: Bool) throws {
        var writer = ByteWriter()
        let end = try write(&writer) { written in
            guard !isPretty, written.count >= Self.pieceByteCount else { return }
            try body.write(written.bytes)
            written.removeAll()
        }
        if body.isBegun {
            // What looks whole is to be whole.
            if !end.gaps.isEmpty && !end.areGapsTold { throw HTTPClientGone() }
        } else {
            if let hasMore = end.hasMore { body.addHeader(MoreTraces.headerName, MoreTraces.value(hasMore)) }
            for gap in end.gaps { body.addHeader(AnswerGaps.headerName, AnswerGaps.value(gap)) }
        }
        try body.write(isPretty ? JSONIndenter.indented(writer.bytes) : writer.bytes)
    }
}

extension HTTPResponse {
    /// The answer to an error as plain text; nil for what is the program's own.
    package static func plainFailure(_ error: any Error) -> HTTPResponse? {
        switch error {
        case let error as QueryError: return .text(.badRequest, error.message)
        case let error as StoreError:
            var response = HTTPResponse.text(error.httpStatus, error.message)
            response.headers += error.httpHeaders
            return response
        default: return nil
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
        case .unreachable: .serviceUnavailable
        case .unsupported: .notImplemented
        case .inUse, .unsupportedFormat, .corrupt, .unusable: .internalServerError
        }
    }

    /// Fields of an answer that says so. A query that took too long may do better once other work is done.
    var httpHeaders: [(name: String, value: String)] { code == .timedOut ? [("retry-after", "5")] : [] }
}
