import NetworkTestSupport
import TraceModel
import WireFormats

/// Protobuf messages as clients of Jaeger's gRPC services write them.
enum JaegerMessage {
    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2] + varint(bytes.count) + bytes }

    static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    static func field(_ number: UInt8, varint value: Int) -> [UInt8] { [number << 3] + varint(value) }

    /// `google.protobuf.Timestamp` and `Duration`.
    static func time(_ nanoseconds: Int64) -> [UInt8] {
        field(1, varint: Int(nanoseconds / 1_000_000_000)) + field(2, varint: Int(nanoseconds % 1_000_000_000))
    }

    /// The time that Go has not set.
    static let yearOne = field(1, varint: -62_135_596_800)

    static func traceID(_ high: UInt64, _ low: UInt64) -> [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) } }
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

extension [UInt8] {
    /// The values of a field of this message that is repeated.
    func values(_ number: Int) -> [[UInt8]] {
        (ProtobufField.all(in: self) ?? []).compactMap { field in
            if field.number == number, case .bytes(let bytes) = field.field { bytes } else { nil }
        }
    }

    func texts(_ number: Int) -> [String] { values(number).map { String(decoding: $0, as: UTF8.self) } }

    /// The spans of a message of OTLP.
    func otlpSpans() throws -> [SpanView] {
        var builder = SpanBatchBuilder()
        try withUnsafeBytes { bytes in
            _ = try OTLPProtobufDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        return Array<SpanView>(builder.makeBatch().spans)
    }
}
