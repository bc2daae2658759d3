internal import Bytes
internal import TraceModel

extension ZipkinSpanReader {
    mutating func readTags(into builder: inout SpanBatchBuilder) throws(DecodeError) {
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        var count = builder.attributeCount
        // Below that a plain key might have to be cut.
        let mayBeKnown = stage.limits.valueByteCountMax >= ByteWindow.byteCount
        while true {
            if mayBeKnown, count < stage.allowance.attributeCountMax, try takeKnownTag(isFirst: isFirst, into: &builder)
            {
                count += 1
                isFirst = false
                continue
            }
            guard let key = try json.nextKey(isFirst: &isFirst) else { return }
            guard count < stage.allowance.attributeCountMax else {
                throw DecodeError(
                    .tooManyAttributes, "more than \(stage.allowance.attributeCountMax) tags", offset: json.offset)
            }
            count += 1
            try readTag(key, into: &builder)
        }
    }

    private mutating func readTag(
        _ key: UnsafeRawBufferPointer, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) {
        if key.equals("error") { builder.traits.isError = true }
        let number = stage.intern(key, into: &builder)
        guard try json.peek() == UInt8(ascii: "\"") else {
            throw json.unexpected("a string as value of tag \(shown(builder.string(number)))")
        }
        builder.addAttribute(key: number, string: try readText(into: &builder))
    }

    /// Takes a tag whose key other spans of the body have had too, if it comes next and is plain.
    /// - Returns: false if it is anything else; nothing is taken then.
    @inline(__always)
    private mutating func takeKnownTag(
        isFirst: Bool, into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> Bool {
        let length = json.plainKeyByteCount(isFirst: isFirst)
        guard length > 0 else { return false }
        let key = json.plainKey(isFirst: isFirst)
        // There are three more bytes of the text at least, the first of which is perhaps the value's quote.
        guard key.load(fromByteOffset: length &+ 2, as: UInt8.self) == UInt8(ascii: "\"") else { return false }
        let before = (isFirst ? 1 : 2) &+ length &+ 3
        let outcome = builder.addKnownAttribute(
            key: key, keyByteCount: length, value: json.here + before, readable: json.remaining &- before,
            end: UInt8(ascii: "\""))
        switch outcome {
        case .nothing:
            return false
        case .added(let valueByteCount):
            json.advance(before &+ valueByteCount &+ 1)
        case .key(let place):
            json.advance(before &- 1)
            let (offset, cutBefore) = (json.offset, stage.cutCount)
            let value = try json.readString()
            let number = stage.intern(value, into: &builder)
            // As sent: neither cut, nor with anything undone, and so as long as its text without the quotes.
            let isAsSent = stage.cutCount == cutBefore && value.count == json.offset &- offset &- 2
            builder.addAttribute(place: place, string: number, isAsSent: isAsSent)
        }
        if length == 5, UnsafeRawBufferPointer(start: key, count: length).equals("error") {
            builder.traits.isError = true
        }
        return true
    }
}
