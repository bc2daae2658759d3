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
        var encoder = OTLPProtobufEncoder(trace, isRaw: false, options: TempoProtobufEncoder.options)
        var piece = ByteWriter()
        var head = ByteWriter()
        for places in pieces {
            try check()
            piece.removeAll()
            encoder.append(places, to: &piece)
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
        var encoder = TempoJSONEncoder(trace, form == .v1 ? .v1 : .v2)
        var writer = ByteWriter()
        encoder.begin(&writer)
        for places in pieces {
            try check()
            for place in places { encoder.append(place, &writer) }
            try body.write(writer.bytes)
            writer.removeAll()
        }
        encoder.end(&writer)
        try body.write(writer.bytes)
    }

    private var pieces: some Sequence<Range<Int>> {
        let count = trace.spans.count
        return stride(from: 0, to: count, by: Self.pieceSpanCount).lazy.map { start in
            start..<min(start + Self.pieceSpanCount, count)
        }
    }

    private func check() throws { try TempoQueries.tellingInText { try work.check() } }
}
