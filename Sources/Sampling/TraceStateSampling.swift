/// What OpenTelemetry's entry of a W3C trace state, `ot=th:...;rv:...`, says of sampling.
///
/// Source: OpenTelemetry, "TraceState: Probability Sampling", 2024.
struct TraceStateSampling: Equatable, Sendable {
    /// What samplers before this one reject, of 2^56.
    var threshold: UInt64?
    /// 56 bits, in place of the trace ID's.
    var randomness: UInt64?

    private static let digitCountMax = 14
    private static let byteCountMax = 8192

    /// What is malformed is taken as not there.
    init(_ traceState: UnsafeRawBufferPointer) {
        guard traceState.count >= 6, traceState.count <= Self.byteCountMax else { return }
        for member in traceState.split(separator: UInt8(ascii: ",")) {
            let entry = Self.trimmed(member)
            guard entry.starts(with: [UInt8(ascii: "o"), UInt8(ascii: "t"), UInt8(ascii: "=")]) else { continue }
            read(entry.dropFirst(3))
            // The first member of a name counts.
            return
        }
    }

    private mutating func read(_ entry: Slice<UnsafeRawBufferPointer>) {
        for part in entry.split(separator: UInt8(ascii: ";")) {
            guard part.count > 3, part[part.startIndex + 2] == UInt8(ascii: ":") else { continue }
            let digits = part.dropFirst(3)
            switch (part[part.startIndex], part[part.startIndex + 1]) {
            case (UInt8(ascii: "t"), UInt8(ascii: "h")): threshold = Self.fraction(digits)
            case (UInt8(ascii: "r"), UInt8(ascii: "v")):
                randomness = digits.count == Self.digitCountMax ? Self.fraction(digits) : nil
            default: continue
            }
        }
    }

    /// 1 to 14 lower-case hex digits as the leading ones of 14.
    private static func fraction(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard (1...digitCountMax).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value << UInt64(4 * (digitCountMax - digits.count))
    }

    private static func trimmed(_ member: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var member = member.drop(while: isSpace)
        while let last = member.last, isSpace(last) { member = member.dropLast() }
        return member
    }
}
