package import NetworkServer
package import TraceModel
internal import WireFormats

/// Spans of an OTLP/JSON document as traces: what people upload to look at.
package enum JaegerTransform {
    /// - Returns: the traces in the order of their first spans; spans of one by their start. `notes` tells how many
    ///   spans were left out, and why the first of them.
    /// - Throws: `QueryError`.
    package static func traces(_ body: HTTPBody) throws -> (traces: [Trace], notes: [String]) {
        var builder = SpanBatchBuilder()
        let outcome: DecodeOutcome
        do {
            outcome = try body.withUnsafeBytes { bytes in
                try OTLPJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
            }
        } catch let error as DecodeError {
            throw QueryError("cannot read the body as OTLP/JSON: \(error.message)")
        }
        var order: [TraceID] = []
        var spans: [TraceID: [SpanView]] = [:]
        for span in builder.makeBatch().spans {
            if spans[span.traceID] == nil { order.append(span.traceID) }
            spans[span.traceID, default: []].append(span)
        }
        let traces = order.map { traceID in
            let ordered = (spans[traceID] ?? []).enumerated().sorted { a, b in
                (a.element.start ?? .min, a.offset) < (b.element.start ?? .min, b.offset)
            }
            return Trace(traceID: traceID, spans: ordered.map(\.element))
        }
        guard outcome.rejectedCount > 0 else { return (traces, []) }
        return (traces, ["\(outcome.rejectedCount) spans were left out: \(outcome.firstRejection ?? "")"])
    }
}
