internal import Bytes
internal import NetworkServer
internal import TraceModel
internal import TraceStore
internal import WireFormats

/// One trace as Tempo gives it, written while it is sent.
struct TempoTraceAnswer {
    enum Form {
        case v1  // the trace
        case v2  // a message with the trace in it
    }

    let trace: Trace
    let form: Form
    let work: QueryWork

    /// Spans written at a time.
    private static let pieceSpanCount = 500

    func response(isProtobuf: Bool) -> HTTPResponse {
        isProtobuf
            ? HTTPResponse(headers: [("content-type", "application/protobuf")], producer: writeProtobuf)
            : HTTPResponse(headers: [("content-type", "application/json")], producer: writeJSON)
    }

    /// Messages that stand one after the other are one message with all their parts: each piece is a whole one.
    @Sendable private func writeProtobuf(_ body: inout HTTPBodyWriter) throws {
        var piece = ByteWriter()
        var head = ByteWriter()
        for spans in pieces {
            try check()
            piece.removeAll()
            OTLPProtobufEncoder.append(spans, to: &piece)
            if form == .v2 {
                head.removeAll()
                head.write(Self.traceTag)
                head.writeVarint(piece.count)
                try body.write(head.bytes)
            }
            try body.write(piece.bytes)
        }
    }

    /// Of field 1, a message.
    private static let traceTag: UInt8 = 1 << 3 | 2

    @Sendable private func writeJSON(_ body: inout HTTPBodyWriter) throws {
        try check()
        var writer = ByteWriter()
        OTLPJSONEncoder.append(trace.spans, to: &writer)
        try body.write(writer.bytes)
    }

    private var pieces: some Sequence<ArraySlice<SpanView>> {
        let spans = trace.spans
        return stride(from: 0, to: spans.count, by: Self.pieceSpanCount).lazy.map { start in
            spans[start..<min(start + Self.pieceSpanCount, spans.count)]
        }
    }

    private func check() throws { try TempoQueries.tellingInText { try work.check() } }
}
