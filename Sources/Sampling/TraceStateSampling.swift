/// What OpenTelemetry's entry of a W3C trace state, `ot=th:...;rv:...`, says of sampling.
///
/// Source: OpenTelemetry, "TraceState: Probability Sampling", 2024.
package struct TraceStateSampling: Equatable, Sendable {
    /// What samplers before this one reject, of 2^56.
    package var threshold: UInt64?
    /// 56 bits, in place of the trace ID's.
    package var randomness: UInt64?

    private static let digitCountMax = 14
    private static let byteCountMax = 8192

    /// What is malformed is taken as not there.
    package init(_ traceState: UnsafeRawBufferPointer) {
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

    // MARK: Writing

    /// The trace state with another threshold. Whoever changes an entry puts it first; the others stay as they are.
    /// - Parameter threshold: of 2^56, below that.
    package static func text(_ traceState: UnsafeRawBufferPointer, threshold: UInt64) -> [UInt8] {
        var parts = [fraction(threshold)]
        var others: [[UInt8]] = []
        for member in traceState.split(separator: UInt8(ascii: ",")) {
            let entry = trimmed(member)
            guard entry.starts(with: Array("ot=".utf8)) else {
                others.append(Array(entry))
                continue
            }
            for part in entry.dropFirst(3).split(separator: UInt8(ascii: ";"))
            where !part.starts(with: Array("th:".utf8)) { parts.append(Array(part)) }
        }
        let entry = Array("ot=".utf8) + parts.joined(separator: [UInt8(ascii: ";")])
        return Array(([entry] + others.filter { !$0.isEmpty }).joined(separator: [UInt8(ascii: ",")]))
    }

    /// `th:` and the leading ones of 14 digits, without zeros at the end.
    private static func fraction(_ threshold: UInt64) -> [UInt8] {
        var digits = Array(String(threshold, radix: 16).utf8)
        digits = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digitCountMax - digits.count)) + digits
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return Array("th:".utf8) + digits
    }
}
