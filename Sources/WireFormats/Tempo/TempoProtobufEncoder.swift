public import Bytes
public import TraceModel

/// One trace as the protobuf of Tempo's query API, whose spans are OTLP's. Every resource has a `service.name`.
public enum TempoProtobufEncoder {
    /// For `OTLPProtobufEncoder`, to write a `tempopb.Trace` in pieces: such messages one after the other are one.
    public static let options = OTLPOptions(namesEveryService: true)

    /// Writes a `tempopb.Trace`, the answer of `/api/traces/{id}`.
    /// - Parameter isRaw: IDs that client and server share stay as they were reported; else as in `JaegerJSONEncoder`.
    public static func appendTrace(_ trace: Trace, isRaw: Bool = false, to writer: inout ByteWriter) {
        var encoder = OTLPProtobufEncoder(trace, isRaw: isRaw, options: options)
        encoder.append(trace.spans.indices, to: &writer)
    }

    /// Writes a `tempopb.TraceByIDResponse`, the answer of `/api/v2/traces/{id}`.
    /// - Parameter partialReason: why spans of the trace are missing; nil if it is whole.
    public static func appendResponse(
        _ trace: Trace, partialReason: String? = nil, isRaw: Bool = false, to writer: inout ByteWriter
    ) {
        var spans = ByteWriter()
        appendTrace(trace, isRaw: isRaw, to: &spans)
        var message = ProtobufWriter()
        spans.bytes.withUnsafeBytes { message.write(ProtobufField.bytes(1), bytes: $0) }
        if let partialReason {
            message.write(ProtobufField.varint(3), varint: 1)
            message.write(ProtobufField.bytes(4), text: partialReason)
        }
        writer.write(message.bytes)
    }
}
