internal import NetworkServer
internal import TraceStore

/// One request for a query, and what it may cost.
struct QueryCall {
    let request: HTTPRequest
    let path: HTTPParameters
    let parameters: QueryParameters
    let work: QueryWork

    init(_ request: HTTPRequest, _ path: HTTPParameters, _ limits: QueryLimits) {
        self.request = request
        self.path = path
        parameters = QueryParameters(request.query)
        work = limits.work(for: request)
    }
}

extension HTTPHandler {
    /// Runs on a worker thread, and answers what is thrown in the form of the API.
    ///
    /// - Parameter failure: the answer to an error; nil for what is the program's own.
    static func query(
        failure: @escaping @Sendable (any Error, HTTPRequest) -> HTTPResponse?,
        _ answer: @escaping @Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse
    ) -> HTTPHandler {
        .workerThread { request, path in
            do {
                return try answer(request, path)
            } catch {
                guard let answer = failure(error, request) else { throw error }
                return answer
            }
        }
    }

    /// The same, bounded by `limits`.
    static func query(
        _ limits: QueryLimits, failure: @escaping @Sendable (any Error, HTTPRequest) -> HTTPResponse?,
        _ answer: @escaping @Sendable (QueryCall) throws -> HTTPResponse
    ) -> HTTPHandler {
        query(failure: failure) { request, path in try answer(QueryCall(request, path, limits)) }
    }
}
