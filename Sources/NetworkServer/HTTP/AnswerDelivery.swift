internal import Compression
internal import Logging

/// Takes what a handler returned to the connection: packed if that helps, streamed if it is a producer.
///
/// Runs on a worker thread.
struct AnswerDelivery {
    let exchange: Exchange
    let acceptsGzip: Bool

    private static let packedByteCountMin = 1024

    /// Calls a worker handler and sends its answer.
    func run(
        _ handler: @Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse,
        _ request: HTTPRequest, _ parameters: HTTPParameters
    ) {
        let response: HTTPResponse
        do {
            response = try handler(request, parameters)
        } catch {
            exchange.answer(answer(to: error))
            return
        }
        deliver(response)
    }

    func deliver(_ response: HTTPResponse) {
        let workers = exchange.connection.loop.workers
        let mayPack = acceptsGzip && Self.mayPack(response)
        switch response.body {
        case .bytes(let bytes):
            if mayPack, bytes.count > Self.packedByteCountMin {
                workers.withDeflater { exchange.answer(Self.packed(response, with: $0)) }
            } else {
                exchange.answer(response)
            }
        case .producer(let producer):
            if exchange.method == .head || !response.status.allowsBody {
                var head = response
                head.body = .bytes([])
                exchange.answer(head)
            } else if mayPack {
                workers.withDeflater { stream(response, producer, $0) }
            } else {
                stream(response, producer, nil)
            }
        }
    }

    private func stream(
        _ response: HTTPResponse, _ producer: (inout HTTPBodyWriter) throws -> Void, _ deflater: Deflater?
    ) {
        var writer = HTTPBodyWriter(exchange: exchange, response: response, deflater: deflater)
        do {
            try producer(&writer)
            try writer.finish()
        } catch {
            if writer.isBegun {
                if !(error is HTTPClientGone) { _ = answer(to: error) }
                exchange.abort()
            } else {
                exchange.answer(answer(to: error))
            }
        }
    }

    /// The answer that says what went wrong; what the handler did not foresee is logged and not told.
    private func answer(to error: any Error) -> HTTPResponse {
        if let error = error as? HTTPError { return HTTPResponse(error) }
        if let error = error as? HTTPAnswer { return error.response }
        let connection = exchange.connection
        connection.loop.logger.error(
            "a request failed", metadata: ["server": "\(connection.server.name)", "error": "\(error)"])
        return .text(.internalServerError, "Internal error")
    }
}

// MARK: - Packing

extension AnswerDelivery {
    /// `response` with its bytes as gzip, where they are many enough; `deflater` nil leaves it as it is.
    static func packed(_ response: HTTPResponse, with deflater: Deflater?) -> HTTPResponse {
        guard let deflater, case .bytes(let bytes) = response.body, bytes.count > packedByteCountMin else {
            return response
        }
        var packed: [UInt8] = []
        bytes.withUnsafeBytes { deflater.pack($0, onto: &packed) }
        var answer = markedPacked(response)
        answer.body = .bytes(packed)
        return answer
    }

    static func markedPacked(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers += [("content-encoding", "gzip"), ("vary", "accept-encoding")]
        return response
    }

    private static func mayPack(_ response: HTTPResponse) -> Bool {
        guard response.header("content-encoding") == nil, response.status.allowsBody else { return false }
        let type = response.header("content-type")?.lowercased() ?? ""
        let isPackedAlready =
            type.hasPrefix("image/") && !type.hasPrefix("image/svg") || type.hasPrefix("font/")
            || type.hasPrefix("application/gzip") || type.hasPrefix("application/zip")
        return !isPackedAlready
    }
}
