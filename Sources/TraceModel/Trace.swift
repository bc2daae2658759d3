/// All spans found that share a trace ID: at least one, by start, each distinct span once.
public struct Trace: Sendable {
    public let traceID: TraceID
    public let spans: [SpanView]

    public init(traceID: TraceID, spans: [SpanView]) {
        precondition(!spans.isEmpty, "a trace has at least one span")
        self.traceID = traceID
        self.spans = spans
    }
}
