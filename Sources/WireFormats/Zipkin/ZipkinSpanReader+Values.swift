internal import Bytes
internal import TraceModel

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
        stage.intern(try json.readString(), into: &builder)
    }

    /// The number of an event's name.
    mutating func readEventName(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        _ = try json.peek()
        if let known = knownEventNames.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, offset, cutBefore) = (json.here, json.offset, stage.cutCount)
        let number = try readText(into: &builder)
        if stage.cutCount == cutBefore { knownEventNames.remember(start, byteCount: json.offset - offset, number) }
        return number
    }

    /// The number of the string that comes next in lower case.
    mutating func readName(into builder: inout SpanBatchBuilder) throws(DecodeError) -> UInt32 {
        _ = try json.peek()
        if let known = knownNames.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, offset, cutBefore) = (json.here, json.offset, stage.cutCount)
        let number = stage.internName(try json.readString(), into: &builder)
        if stage.cutCount == cutBefore { knownNames.remember(start, byteCount: json.offset - offset, number) }
        return number
    }

    /// The beginning of a sender's text, for an error message.
    func shown(_ text: UnsafeRawBufferPointer) -> String {
        let end = UTF8Sequence.boundary(text, notAfter: 64)
        return String(decoding: text[..<end], as: UTF8.self) + (end < text.count ? "..." : "")
    }
}
