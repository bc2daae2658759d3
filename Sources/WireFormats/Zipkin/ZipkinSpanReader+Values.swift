internal import Bytes
internal import TraceModel

/// One end of a call as Zipkin gives it; 0 is absent everywhere.
struct ZipkinEndpoint: BitwiseCopyable {
    // Numbers of interned strings.
    var serviceName: UInt32 = 0
    var ipv4: UInt32 = 0
    var ipv6: UInt32 = 0
    var port: Int64 = 0
}

/// An annotation, to be sorted before the builder takes it. (Private types break debug builds as elements of a column.)
struct ZipkinEvent: BitwiseCopyable {
    /// Nanoseconds since 1970.
    var time: Int64
    /// Number of an interned string.
    var name: UInt32
}

extension ZipkinSpanReader {
    // MARK: IDs

    mutating func readTraceID() throws(DecodeError) -> TraceID {
        _ = try json.peek()
        let place = json.offset
        if let value = json.takePlainHex32() {
            guard value.high | value.low != 0 else { throw json.malformed("traceId is all zeros", at: place) }
            return TraceID(high: value.high, low: value.low)
        }
        let text = try json.readString()
        guard text.count > 0 else { throw json.malformed("traceId is empty", at: place) }
        guard text.count <= 32 else { throw json.malformed("traceId.length > 32", at: place) }
        // The last 16 digits are the low half.
        let lowCount = min(text.count, 16)
        let highCount = text.count - lowCount
        guard let high = hexValue(UnsafeRawBufferPointer(rebasing: text[..<highCount])),
            let low = hexValue(UnsafeRawBufferPointer(rebasing: text[highCount...]))
        else { throw notLowerHex(text, at: place) }
        guard high | low != 0 else { throw json.malformed("traceId is all zeros", at: place) }
        return TraceID(high: high, low: low)
    }

    mutating func readSpanID(_ name: StaticString) throws(DecodeError) -> UInt64 {
        _ = try json.peek()
        let place = json.offset
        if let value = json.takePlainHex16() { return value }
        let text = try json.readString()
        guard text.count > 0 else { throw json.malformed("\(name) is empty", at: place) }
        guard text.count <= 16 else { throw json.malformed("\(name).length > 16", at: place) }
        guard let value = hexValue(text) else { throw notLowerHex(text, at: place) }
        return value
    }

    private func notLowerHex(_ text: UnsafeRawBufferPointer, at place: Int) -> DecodeError {
        json.malformed("\(shown(text)) should be lower-hex encoded with no prefix", at: place)
    }

    /// The value of at most 16 lower-case hex digits; 0 for none.
    @inline(__always)
    private func hexValue(_ text: UnsafeRawBufferPointer) -> UInt64? {
        if text.count == 16, let start = text.baseAddress {
            guard let high = ByteWord.lowerHex(ByteWord.load(start, 0)),
                let low = ByteWord.lowerHex(ByteWord.load(start, 8))
            else { return nil }
            return high &<< 32 | low
        }
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }

    // MARK: Strings

    /// The number of the string that comes next.
    @inline(__always)
    mutating func readText(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        intern(try json.readString(), into: &builder)
    }

    /// The number of the string; a string that is too long is cut.
    @inline(__always)
    mutating func intern(_ text: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder) -> UInt32 {
        if text.count <= limits.valueByteCountMax { return builder.intern(text) }
        return builder.intern(cut(text))
    }

    @inline(never)
    private mutating func cut(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        cutCount += 1
        let end = UTF8Sequence.boundary(text, notAfter: limits.valueByteCountMax)
        return UnsafeRawBufferPointer(rebasing: text[..<end])
    }

    /// The number of an event's name.
    mutating func readEventName(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        _ = try json.peek()
        if let known = knownEventNames.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, offset, cutBefore) = (json.here, json.offset, cutCount)
        let number = try readText(into: &builder)
        if cutCount == cutBefore { knownEventNames.remember(start, byteCount: json.offset - offset, number) }
        return number
    }

    /// The number of the string that comes next in lower case.
    mutating func readName(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        _ = try json.peek()
        if let known = knownNames.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, offset, cutBefore) = (json.here, json.offset, cutCount)
        let number = try readUnknownName(into: &builder)
        if cutCount == cutBefore { knownNames.remember(start, byteCount: json.offset - offset, number) }
        return number
    }

    private mutating func readUnknownName(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        let text = try json.readString()
        var hasUpperCase = false
        for byte in text {
            if byte >= 0x80 {
                var lower = String(decoding: text, as: UTF8.self).lowercased()
                return lower.withUTF8 { intern(UnsafeRawBufferPointer($0), into: &builder) }
            }
            hasUpperCase = hasUpperCase || byte &- 0x41 < 26
        }
        guard hasUpperCase else { return intern(text, into: &builder) }
        lowered.removeAll(keepingCapacityUpTo: 1 << 16)
        for byte in text { lowered.append(byte &- 0x41 < 26 ? byte | 0x20 : byte) }
        return intern(lowered.bytes, into: &builder)
    }

    /// The beginning of a sender's text, for an error message.
    func shown(_ text: UnsafeRawBufferPointer) -> String {
        let end = UTF8Sequence.boundary(text, notAfter: 64)
        return String(decoding: text[..<end], as: UTF8.self) + (end < text.count ? "..." : "")
    }
}

extension SpanBatchBuilder {
    mutating func intern(_ text: StaticString) -> UInt32 {
        intern(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The number of the four bytes, highest first.
    mutating func intern(bigEndian value: UInt32) -> UInt32 {
        withUnsafeBytes(of: value.bigEndian) { intern($0) }
    }

    /// The number of the sixteen bytes, highest first.
    mutating func intern(high: UInt64, low: UInt64) -> UInt32 {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { intern($0) }
    }
}
