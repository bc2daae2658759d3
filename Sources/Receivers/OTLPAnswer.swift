internal import Bytes
internal import NetworkServer
internal import WireFormats

/// What OTLP's clients are answered.
enum OTLPAnswer {
    /// `ExportTraceServiceResponse`: empty where every span was taken.
    static func protobuf(_ outcome: DecodeOutcome) -> [UInt8] {
        guard let reason = reason(outcome) else { return [] }
        var partial = ByteWriter()
        if outcome.rejectedCount > 0 {
            partial.write(UInt8(1 << 3))
            partial.writeVarint(outcome.rejectedCount)
        }
        partial.write(UInt8(2 << 3 | 2))
        partial.writeVarint(reason.utf8.count)
        partial.write(Array(reason.utf8))
        var answer = ByteWriter()
        answer.write(UInt8(1 << 3 | 2))
        answer.writeVarint(partial.count)
        answer.write(partial.bytes)
        return answer.bytes
    }

    /// The same as JSON, in which 64-bit numbers are strings.
    static func json(_ outcome: DecodeOutcome) -> [UInt8] {
        guard let reason = reason(outcome) else { return Array("{}".utf8) }
        var writer = ByteWriter()
        writer.write(#"{"partialSuccess":{"#)
        if outcome.rejectedCount > 0 { writer.write(Array("\"rejectedSpans\":\"\(outcome.rejectedCount)\",".utf8)) }
        writer.write(#""errorMessage":"#)
        writer.writeJSONString(reason)
        writer.write("}}")
        return writer.bytes
    }

    /// `google.rpc.Status` as JSON.
    static func json(_ status: GRPCStatus) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Array("{\"code\":\(status.code.rawValue),\"message\":".utf8))
        writer.writeJSONString(status.message)
        writer.write("}")
        return writer.bytes
    }

    /// Why spans were left out, or how some that were taken were changed; nil where there is nothing to tell.
    private static func reason(_ outcome: DecodeOutcome) -> String? {
        if outcome.rejectedCount > 0 {
            let spans = outcome.rejectedCount == 1 ? "1 span was" : "\(outcome.rejectedCount) spans were"
            return "\(spans) left out, the first because: \(outcome.firstRejection ?? "")"
        }
        guard outcome.replacedStringCount > 0 else { return nil }
        let texts = outcome.replacedStringCount == 1 ? "1 text was" : "\(outcome.replacedStringCount) texts were"
        return "\(texts) not UTF-8 and mended"
    }
}
