import TraceModel
import TraceStore

/// Where commands find traces.
protocol TraceSource {
    /// nil if no span of it is known.
    func trace(_ traceID: TraceID) throws -> Trace?

    /// Those that start last first.
    func find(_ query: TraceQuery) throws -> TraceSearchResult

    /// Sorted.
    func serviceNames() throws -> [String]

    /// Sorted, each once.
    func operationNames(ofService service: String) throws -> [String]
}
