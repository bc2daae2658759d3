/// Answers one request of an event-loop handler.
public struct HTTPResponder: Sendable {
    let exchange: Exchange

    /// Sends the answer. To be called once, from any thread; nothing happens if the client has gone by then.
    public func respond(_ response: HTTPResponse) {
        switch response.body {
        case .bytes:
            exchange.answer(response)
        case .producer:
            let exchange = exchange
            let workers = exchange.connection.loop.workers
            let isAccepted = workers.submit {
                AnswerDelivery(exchange: exchange, acceptsGzip: false).deliver(response)
            }
            if !isAccepted { exchange.answer(HTTPResponse(HTTPError.overloaded)) }
        }
    }
}
