public import Topology
public import TraceModel

/// What query APIs ask of stored spans, wherever these are.
///
/// Calls block, and are made by threads that may. What is found goes by the rules of `TraceQuery` exactly. All throw
/// `StoreError`: `unsupported` where the store has no way to know.
public protocol QueryableStore: Sendable {
    /// Whether traces are left out: what is not found may have come all the same.
    var isSampled: Bool { get }

    /// Calls `body` with each trace that matches, those that start last first.
    /// - Throws: `StoreError`, and what `body` throws.
    func find(
        _ query: TraceQuery, _ work: QueryWork, _ body: (FoundTrace) throws -> Void
    ) throws -> TraceSearchOutcome

    /// A cursor before the first span of the trace with this ID; nil if no span of it is stored.
    func openTrace(_ traceID: TraceID, _ work: QueryWork) throws(StoreError) -> TraceCursor?

    /// Calls `body` with each span that is asked for, those that start last about first, each once.
    ///
    /// It reads no more than it has to, and ends early, without an error, at the query's limit or when the work's time
    /// is up. Spans are valid as long as their batch is kept.
    /// - Throws: `StoreError`, and what `body` throws.
    func forEachSpan(
        _ query: SpanQuery, _ work: QueryWork, _ body: (SpanView) throws -> Void
    ) throws -> SpanQueryOutcome

    /// Calls `body` with each of these traces of which any span is stored, as far as they are whole in memory, in any
    /// order.
    ///
    /// It ends early, without an error, when the work's time is up.
    /// - Throws: `StoreError`, and what `body` throws.
    func forEachTrace(
        _ traceIDs: [TraceID], _ work: QueryWork, _ body: (Trace) throws -> Void
    ) throws -> SpanQueryOutcome

    // MARK: Names

    /// Names of all services that have spans, sorted.
    func serviceNames() throws(StoreError) -> [String]
    func operations(ofService service: String) throws(StoreError) -> [Operation]
    func remoteServiceNames(ofService service: String) throws(StoreError) -> [String]
    /// From the start of the earliest span to the end of the latest, nanoseconds since 1970; nil if nothing is stored,
    /// or if that is not known.
    func timeRange() throws(StoreError) -> ClosedRange<Int64>?

    // MARK: Attributes. Windows are nanoseconds since 1970.

    func attributeKeys(
        within window: ClosedRange<Int64>, limit: Int, _ work: QueryWork
    ) throws(StoreError) -> AttributeKeys
    func attributeValues(
        scope: AttributeScope, key: String, serviceName: String?, within window: ClosedRange<Int64>, limit: Int,
        _ work: QueryWork
    ) throws(StoreError) -> AttributeValues
    func attributeKeysWithFewValues(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [String]

    // MARK: Calls between services

    func dependencies(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [DependencyLink]
    func topology(_ query: TopologyQuery) throws(StoreError) -> TopologyGraph
    func propagation(within window: Range<Int64>) throws(StoreError) -> PropagationReport
    func operations(within window: Range<Int64>, stepSeconds: Int64) throws(StoreError) -> [OperationTotals]
    /// Requests served by version and time.
    /// - Parameters:
    ///   - service: nil: all of which there is more than one version, and maybe others.
    ///   - stepSeconds: 60, 600, 3,600 or 86,400.
    func servedRequests(
        ofService service: String?, within window: Range<Int64>, stepSeconds: Int64, _ work: QueryWork
    ) throws -> ServedRequests
    func calls(
        ofService service: String, within window: Range<Int64>
    ) throws(StoreError) -> (totals: [NamedTotals], window: Range<Int64>)
}

extension QueryableStore {
    public func attributeValues(
        scope: AttributeScope, key: String, within window: ClosedRange<Int64>, limit: Int, _ work: QueryWork
    ) throws(StoreError) -> AttributeValues {
        try attributeValues(scope: scope, key: key, serviceName: nil, within: window, limit: limit, work)
    }
}

extension QueryableStore {
    public func calls(
        ofService service: String, within window: Range<Int64>
    ) throws(StoreError) -> (totals: [NamedTotals], window: Range<Int64>) {
        throw StoreError(.unsupported, "this store has no exact figures of calls by version")
    }
}

extension QueryableStore {
    public func servedRequests(
        ofService service: String?, within window: Range<Int64>, stepSeconds: Int64, _ work: QueryWork
    ) throws -> ServedRequests {
        try work.check()
        let operations = try operations(within: window, stepSeconds: stepSeconds)
        return ServedRequests(
            operations: operations.filter { service == nil || $0.serviceName == service }, isExact: true, notes: [])
    }

    /// One after the other, in their order. Long ones are left out.
    public func forEachTrace(
        _ traceIDs: [TraceID], _ work: QueryWork, _ body: (Trace) throws -> Void
    ) throws -> SpanQueryOutcome {
        var outcome = SpanQueryOutcome()
        for traceID in traceIDs {
            let cursor: TraceCursor?
            do throws(StoreError) {
                cursor = try openTrace(traceID, work)
            } catch {
                guard error.code == .timedOut else { throw error }
                outcome.isComplete = false
                break
            }
            guard let cursor else { continue }
            for gap in cursor.gaps where !outcome.gaps.contains(gap) { outcome.gaps.append(gap) }
            guard let trace = cursor.trace else {
                outcome.isComplete = false
                continue
            }
            try body(trace)
        }
        return outcome
    }
}

extension TraceStore: QueryableStore {}

/// Requests served, by version and time.
public struct ServedRequests: Sendable {
    /// Of some stores without names of operations and without durations; others than requests served may be among them.
    public var operations: [OperationTotals]
    /// Every request was counted, stored or not; if not, those that are stored.
    public var isExact: Bool
    /// What one should know of the figures, in sentences.
    public var notes: [String]

    public init(operations: [OperationTotals], isExact: Bool, notes: [String]) {
        self.operations = operations
        self.isExact = isExact
        self.notes = notes
    }
}
