/// What spans are sought: what a scan of segments needs to know of a query.
///
/// A scan finds every trace that can match, and some that do not: who asks checks the whole trace.
public struct SpanFilter: Sendable {
    public enum Clause: Sendable {
        case operation([UInt8])
        case remoteService([UInt8])
        /// Nanoseconds, inclusive.
        case duration(ClosedRange<Int64>)
        /// The span has an attribute with the key, or an event with the name.
        case keyOrEvent([UInt8])
        /// An attribute of the span, as text.
        case attribute(key: [UInt8], value: [UInt8])
        /// An attribute of the span, its resource, scope, links or events, as text.
        case anywhere(key: [UInt8], value: [UInt8])
    }

    /// Clauses at most: each has a bit in a mask, beside that of the service.
    public static let clauseCountMax = 62

    public var serviceName: [UInt8]?
    public var clauses: [Clause]
    /// One span has to meet all clauses; if not, different spans of the service may.
    public var needsOneSpan: Bool

    public init(serviceName: [UInt8]?, clauses: [Clause], needsOneSpan: Bool) {
        precondition(clauses.count <= Self.clauseCountMax, "a filter has a bounded number of clauses")
        self.serviceName = serviceName
        self.clauses = clauses
        self.needsOneSpan = needsOneSpan
    }

    /// The mask of a trace of which some span of the service exists and every clause is met.
    public var completeMask: UInt64 { (1 << UInt64(clauses.count + 1)) - 1 }
}
