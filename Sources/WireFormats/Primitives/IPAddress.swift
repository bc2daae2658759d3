internal import Bytes

/// A network address: its text and its bytes.
enum IPAddress: Equatable {
    /// First byte highest.
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Nil for anything that is no address. `::1.2.3.4` and `::ffff:1.2.3.4` are IPv4; other mixed forms are none.
    init?(_ text: UnsafeRawBufferPointer) {
        if text.contains(UInt8(ascii: ":")) {
            if text.contains(UInt8(ascii: ".")) {
                guard let value = Self.embedded(text) else { return nil }
                self = .v4(value)
            } else {
                guard let value = Self.parse6(text) else { return nil }
                self = value
            }
        } else {
            guard let value = Self.parse4(text) else { return nil }
            self = .v4(value)
        }
    }

    private static func parse4(_ text: UnsafeRawBufferPointer) -> UInt32? {
        var value: UInt32 = 0
        var part: UInt32 = 0
        var digitCount = 0
        var dotCount = 0
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard digitCount > 0, dotCount < 3 else { return nil }
                value = value << 8 | part
                part = 0
                digitCount = 0
                dotCount += 1
            } else {
                guard byte &- 0x30 <= 9, digitCount < 3 else { return nil }
                part = part * 10 + UInt32(byte &- 0x30)
                digitCount += 1
                guard part <= 255 else { return nil }
            }
        }
        guard dotCount == 3, digitCount > 0 else { return nil }
        return value << 8 | part
    }

    /// An IPv4 address after `::`, or after `::` and four of the digits f and 0.
    private static func embedded(_ text: UnsafeRawBufferPointer) -> UInt32? {
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")), colon == 1 || colon == 6,
            text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":")
        else { return nil }
        if colon == 6 {
            for place in 2..<6 where text[place] != UInt8(ascii: "0") && text[place] | 0x20 != UInt8(ascii: "f") {
                return nil
            }
        }
        return parse4(UnsafeRawBufferPointer(rebasing: text[(colon + 1)...]))
    }

    private static func parse6(_ text: UnsafeRawBufferPointer) -> IPAddress? {
        var groups = SIMD8<UInt16>()
        var count = 0
        var gap: Int?  // groups before "::"
        var at = 0
        guard text.count >= 2 else { return nil }
        if text[0] == UInt8(ascii: ":") {
            guard text[1] == UInt8(ascii: ":") else { return nil }
            gap = 0
            at = 2
        }
        while at < text.count {
            var group: UInt32 = 0
            let first = at
            while at < text.count, let digit = hexDigit(text[at]) {
                group = group << 4 | digit
                guard group <= 0xffff else { return nil }
                at += 1
            }
            guard at > first, count < 8 else { return nil }
            groups[count] = UInt16(group)
            count += 1
            if at == text.count { break }
            guard text[at] == UInt8(ascii: ":") else { return nil }
            at += 1
            guard at < text.count else { return nil }
            if text[at] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                at += 1
            }
        }
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var halves: [UInt64] = [0, 0]
        for index in 0..<8 {
            var place = index
            if let gap, index >= gap { place = index - (8 - count) }
            let isSkipped = gap.map { index >= $0 && place < $0 } ?? false
            halves[index / 4] = halves[index / 4] << 16 | (isSkipped ? 0 : UInt64(groups[place]))
        }
        return .v6(high: halves[0], low: halves[1])
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - 0x30)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - 0x61 + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - 0x41 + 10)
        default: nil
        }
    }

    /// Writes the text; of IPv6 one run of zero groups as `::`.
    ///
    /// That run is the first of the longest, but one at the end counts only if there is no other: so Zipkin prints it.
    func append(to writer: inout ByteWriter) {
        switch self {
        case .v4(let value):
            for shift in [24, 16, 8, 0] as [UInt32] {
                if shift < 24 { writer.write(UInt8(ascii: ".")) }
                writer.writeDecimal(Int64(value >> shift & 0xff))
            }
        case .v6(let high, let low):
            Self.append(high: high, low: low, to: &writer)
        }
    }

    private static func append(high: UInt64, low: UInt64, to writer: inout ByteWriter) {
        func group(_ index: Int) -> UInt16 {
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)))
        }
        var run: Range<Int>?
        var first = 0
        while first < 8 {
            guard group(first) == 0 else {
                first += 1
                continue
            }
            var end = first
            while end < 8 && group(end) == 0 { end += 1 }
            if run == nil || (end < 8 && end - first > run?.count ?? 0) { run = first..<end }
            first = end
        }
        var index = 0
        while index < 8 {
            if let run, run.lowerBound == index {
                writer.write(index == 0 ? "::" : ":")
                index = run.upperBound
                continue
            }
            let value = group(index)
            var hasStarted = false
            for shift in [12, 8, 4, 0] as [UInt16] {
                let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
                hasStarted = hasStarted || digit != 0 || shift == 0
                if hasStarted { writer.writeHexDigit(digit) }
            }
            index += 1
            if index < 8 { writer.write(UInt8(ascii: ":")) }
        }
    }
}
