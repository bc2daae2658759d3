extension SpanView {
    /// 128 bits of hash over all that `hasEqualContent` compares. Spans with equal content have equal digests; others
    /// do not, as far as chance goes: nobody outside can know which would, and no two runs of the program agree.
    public struct ContentDigest: Hashable, Sendable {
        var low: UInt64
        var high: UInt64
    }

    public var contentDigest: ContentDigest {
        ContentDigest(low: contentHash(salt: 0), high: contentHash(salt: 1))
    }

    private func contentHash(salt: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(salt)
        hasher.combine(traceID)
        hasher.combine(spanID)
        hasher.combine(parentID)
        hasher.combine(start)
        hasher.combine(duration)
        hasher.combine(traits)
        hasher.combine(bytes: serviceName)
        hasher.combine(serviceName.count)
        hasher.combine(bytes: operationName)
        hasher.combine(operationName.count)
        let isOrdered = traits.hasOrderedAttributes
        // Attributes in no order are summed up, and so count the same in any.
        var sum: UInt64 = 0
        // As in `hasEqualContent` the order between attributes and other columns does not count.
        var attributes = Hasher()
        attributes.combine(salt)
        forEachValue { column, value in
            if column.role != .attribute {
                combine(column, value, into: &hasher)
            } else if isOrdered {
                combine(column, value, into: &attributes)
            } else {
                var own = Hasher()
                own.combine(salt)
                combine(column, value, into: &own)
                sum &+= UInt64(bitPattern: Int64(own.finalize()))
            }
        }
        hasher.combine(sum)
        hasher.combine(attributes.finalize())
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private func combine(_ column: SpanColumn, _ value: SpanValue, into hasher: inout Hasher) {
        hasher.combine(column.role)
        hasher.combine(column.type)
        if column.hasKeyString {
            let key = batch.string(column.key)
            hasher.combine(bytes: key)
            hasher.combine(key.count)
        } else {
            hasher.combine(column.key)
        }
        switch value {
        case .string(let bytes), .bytes(let bytes), .array(let bytes), .map(let bytes):
            hasher.combine(bytes: bytes)
            hasher.combine(bytes.count)
        case .bool(let flag): hasher.combine(flag)
        case .int(let number): hasher.combine(number)
        case .double(let number): hasher.combine(number.bitPattern)
        case .none: break
        }
    }
}
