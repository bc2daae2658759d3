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

    let cursor: TraceCursor
    let form: Form
    let work: QueryWork

    /// Of a message with some of the spans.
    private static let pieceSpanCountMax = 500
    private static let pieceByteCountMax = 256 << 10
    /// Of field 1, a message.
    private static let traceTag: UInt8 = 1 << 3 | 2

    func response(isProtobuf: Bool) -> HTTPResponse {
        let answer = LongAnswer(failure: { .plainFailure($0) }) { writer, outlet in
            if isProtobuf { try appendProtobuf(&writer, outlet) } else { try appendJSON(&writer, outlet) }
            return AnswerEnd(gaps: cursor.gaps)
        }
        return answer.response(headers: [("content-type", isProtobuf ? "application/protobuf" : "application/json")])
    }

    /// Messages that stand one after the other are one message with all their parts: each piece is a whole one.
    private func appendProtobuf(_ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet) throws {
        var encoder = OTLPProtobufEncoder(cursor.outline, options: TempoProtobufEncoder.options)
        var message = ByteWriter()
        while let piece = try cursor.next() {
            var done = 0
            while done < piece.spans.count {
                try work.check()
                message.removeAll()
                done += encoder.append(
                    piece.spans[done...], place: piece.place + done, spanCountMax: Self.pieceSpanCountMax,
                    byteCountMax: Self.pieceByteCountMax, to: &message)
                if form == .v2 {
                    writer.write(Self.traceTag)
                    writer.writeVarint(message.count)
                }
                writer.write(message.bytes)
                try outlet(&writer)
            }
        }
    }

    private func appendJSON(_ writer: inout ByteWriter, _ outlet: LongAnswer.Outlet) throws {
        var encoder = TempoJSONEncoder(cursor.outline, form == .v1 ? .v1 : .v2)
        encoder.begin(&writer)
        while let piece = try cursor.next() {
            for (index, span) in piece.spans.enumerated() {
                encoder.append(span, piece.place + index, &writer)
                try outlet(&writer)
            }
            try work.check()
        }
        encoder.end(&writer)
    }
}
