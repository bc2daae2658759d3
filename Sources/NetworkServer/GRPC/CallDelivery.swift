internal import Compression
internal import Logging

/// Has a handler answer a call, and takes what it says to the connection.
///
/// Runs on a worker thread.
struct CallDelivery {
    let exchange: Exchange
    let request: HTTPRequest

    /// Has a handler answer with one message.
    func run(_ handler: @Sendable (HTTPRequest) throws -> [UInt8]) {
        guard isAwaited else { return }
        do {
            exchange.answer(HTTPResponse(callAnswer: try handler(request)))
        } catch {
            if let status = status(error) { exchange.answer(HTTPResponse(status)) } else { exchange.abandon() }
        }
    }

    /// Has a handler answer with any number of messages.
    func run(_ handler: @Sendable (HTTPRequest, inout GRPCMessageWriter) throws -> Void) {
        guard isAwaited else { return }
        if request.sendsGzipMessages {
            exchange.connection.loop.workers.withDeflater { stream(handler, $0) }
        } else {
            stream(handler, nil)
        }
    }

    private func stream(
        _ handler: @Sendable (HTTPRequest, inout GRPCMessageWriter) throws -> Void, _ deflater: Deflater?
    ) {
        var writer = GRPCMessageWriter(exchange: exchange, request: request, deflater: deflater)
        do {
            try handler(request, &writer)
            writer.end(nil)
        } catch {
            if let status = status(error) { writer.end(status) } else { exchange.abandon() }
        }
    }

    /// Whether the call's client still waits after the time that the call waited for this thread. If not, it is ended.
    private var isAwaited: Bool {
        guard request.isClientConnected else {
            exchange.abandon()
            return false
        }
        if let deadline = request.deadline, deadline <= .now {
            exchange.refuse(.callDeadlinePassed)
            return false
        }
        return true
    }

    /// The status that says what went wrong, which is logged and not told where the handler did not foresee it; nil
    /// where there is nobody to tell.
    private func status(_ error: any Error) -> GRPCStatus? {
        switch error {
        case let status as GRPCStatus: return status
        case let error as HTTPError: return GRPCStatus(error)
        case is HTTPClientGone: return nil
        default:
            let connection = exchange.connection
            connection.loop.logger.error(
                "a call failed",
                metadata: ["server": "\(connection.server.name)", "path": "\(request.path)", "error": "\(error)"])
            return GRPCStatus(.internalError, "Internal error")
        }
    }
}
