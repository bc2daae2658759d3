internal import Logging
internal import SegmentStore
public import TraceModel

/// Gives out the spans of one trace in its order, some at a time, so that a long one need not be in memory.
///
/// For one thread at a time; it may go from one to another.
public final class TraceCursor: @unchecked Sendable {
    // Unchecked: never used by two threads at a time.
    public let traceID: TraceID
    /// All of it, if it has few spans.
    public let trace: Trace?
    /// Why spans of it may be missing, in words; empty if none are known to be.
    public let gaps: [String]
    private let long: LongTraceReader?
    private var isGivenOut = false

    /// Traces of up to so many spans are read whole.
    static let wholeSpanCountMax = 4096

    /// Of a trace that is in memory.
    public init(_ trace: Trace, gaps: [String] = []) {
        traceID = trace.traceID
        self.trace = trace
        self.gaps = gaps
        long = nil
    }

    init(_ long: LongTraceReader) {
        traceID = long.outline.traceID
        trace = nil
        gaps = []
        self.long = long
    }

    public var spanCount: Int { trace?.spans.count ?? long?.outline.count ?? 0 }

    /// Of all spans, by their places in the order in which `next` gives them.
    public var outline: TraceOutline {
        if let long { return long.outline }
        return trace.map { TraceOutline($0) } ?? TraceOutline(traceID)
    }

    /// The next spans, and the place of the first; nil behind the last.
    ///
    /// A part that turns out to be damaged is left out, with a line in the log: then places are passed over.
    /// - Throws: as the query's `QueryWork` says.
    public func next() throws(StoreError) -> (place: Int, spans: [SpanView])? {
        if let long { return try long.next() }
        guard let trace, !isGivenOut else { return nil }
        isGivenOut = true
        return (0, trace.spans)
    }
}

extension TraceStore {
    /// A cursor before the first span of the trace with this ID; nil if no span of it is stored.
    public func openTrace(_ traceID: TraceID, _ work: QueryWork) throws(StoreError) -> TraceCursor? {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        return try TraceReader(snapshot, logger).open(traceID, work)
    }
}

extension TraceReader {
    func open(
        _ traceID: TraceID, _ work: QueryWork, wholeSpanCountMax: Int = TraceCursor.wholeSpanCountMax
    ) throws(StoreError) -> TraceCursor? {
        try work.check()
        let parts = parts(traceID)
        guard parts.spanCount > wholeSpanCountMax else {
            return try whole(traceID, parts).map { TraceCursor($0) }
        }
        let long = try LongTraceReader(traceID, parts, self, work)
        guard long.outline.count > 0 else {
            if let damage = long.damage { throw StoreError(.corrupt, damage.message) }
            return nil
        }
        return TraceCursor(long)
    }
}
