import HTTPAPI
import Releases
import Topology
import TraceModel

/// Where commands find traces.
protocol TraceSource {
    /// nil if no span of it is known.
    func trace(_ traceID: TraceID) throws -> Trace?

    /// Two traces side by side.
    func compare(_ query: TraceDiffQuery) throws -> TraceDiffReport

    func find(_ search: TraceSearchRequest) throws -> FoundTraces

    /// Sorted.
    func serviceNames() throws -> [String]

    /// Sorted, each once.
    func operationNames(ofService service: String) throws -> [String]

    /// Who calls whom.
    func topology(_ query: TopologyQuery) throws -> TopologyGraph

    /// Where traces fall apart.
    func propagation(within window: Range<Int64>) throws -> PropagationReport

    /// Services with several versions; all of them, or one.
    func releases(within window: Range<Int64>, ofService service: String?) throws -> ReleaseReport

    func compare(_ query: ComparisonQuery) throws -> ComparisonReport
}

/// A search in the query language.
struct TraceSearchRequest: Equatable {
    var query: String
    /// Nanoseconds since 1970, inclusive.
    var start: Int64
    var end: Int64
    /// Traces at most.
    var limit: Int
}

/// What a search found, those that start last first.
struct FoundTraces {
    var traces: [TraceLine]
    /// All that match.
    var count: Int
    /// False: there are more than that.
    var isExact: Bool
    /// What is to be known of the answer: why nothing was found, or another name of a service.
    var notes: [String]
}
