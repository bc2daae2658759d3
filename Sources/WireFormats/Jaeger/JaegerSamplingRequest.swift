/// `jaeger.api_v2.SamplingStrategyParameters`: whose strategy is asked for.
public struct JaegerSamplingRequest: Sendable {
    /// Empty if none was given.
    public private(set) var serviceName = ""

    public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodeError) {
        var message = ProtobufReader(bytes)
        while !message.isAtEnd {
            let tag = try message.readTag()
            if tag == 1 << 3 | ProtobufReader.WireType.bytes {
                serviceName = String(decoding: try message.readBytes(), as: UTF8.self)
            } else {
                try message.skip(tag)
            }
        }
    }
}
