internal import Bytes

/// For the strings of one batch, what numbers they have in another: each is looked up once, however many spans have it.
struct CopiedStrings: ~Copyable {
    /// Held, so that no other batch can be taken for it.
    private(set) var source: SpanBatch?
    /// By the source's number: in the high half the round in which it was set, in the low one the number here.
    private var numbers = ColumnBuffer<UInt64>(capacity: 256)
    /// By the source's number, of keys: the round, and whether it is kept.
    private var keptKeys = ColumnBuffer<UInt64>(capacity: 256)
    /// Entries of other rounds mean nothing: so the columns need not be cleared for the next source.
    private var round: UInt64 = 0

    mutating func removeAll(keepingCapacityUpTo capacityMax: Int) {
        source = nil
        if numbers.count > capacityMax {
            numbers.removeAll(keepingCapacityUpTo: capacityMax)
            keptKeys.removeAll(keepingCapacityUpTo: capacityMax)
        }
    }

    mutating func begin(_ batch: SpanBatch) {
        if batch === source { return }
        source = batch
        round += 1
        let missing = batch.stringCount - numbers.count
        if missing > 0 {
            numbers.append(repeating: 0, count: missing)
            keptKeys.append(repeating: 0, count: missing)
        }
    }

    /// nil if the string was not looked up yet.
    @inline(__always)
    func number(of string: UInt32) -> UInt32? {
        let entry = numbers[Int(string)]
        return entry &>> 32 == round ? UInt32(truncatingIfNeeded: entry) : nil
    }

    mutating func set(_ number: UInt32, for string: UInt32) {
        numbers[Int(string)] = round &<< 32 | UInt64(number)
    }

    /// nil if nobody was asked yet.
    @inline(__always)
    func isKept(key string: UInt32) -> Bool? {
        let entry = keptKeys[Int(string)]
        return entry &>> 1 == round ? entry & 1 != 0 : nil
    }

    mutating func set(isKept: Bool, key string: UInt32) { keptKeys[Int(string)] = round &<< 1 | (isKept ? 1 : 0) }
}

extension SpanBatchBuilder {
    /// Adds a copy of a span of another batch: all of it, in the order in which it lies there.
    ///
    /// The batch is held until spans of another one come, or `removeAll`. Copying costs least if the spans of one batch
    /// come one after the other.
    /// - Parameter samplingThreshold: of 2^56, what the sampler rejects of the traces like this one. The copy has the
    ///   greater of this and what the span has; 0 is the same as none, and is left out.
    public mutating func append(_ span: SpanView, samplingThreshold: UInt64) {
        beginCopy(span)
        let batch = span.batch
        let shape = span.shape
        var threshold = samplingThreshold
        var word = batch.values(ofRow: span.row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if column.isSamplingThreshold {
                threshold = max(threshold, UInt64(clamping: Int64(bitPattern: SpanBatch.wide(word))))
            } else {
                copy(column, word, batch)
            }
            word += column.type.wordCount
        }
        if threshold > 0 { setField(.samplingThreshold, int: Int64(clamping: threshold)) }
        endSpan()
    }

    /// Adds a copy of a span of another batch, with some of its facts changed.
    /// - Parameters:
    ///   - removing: fields that the copy has not got.
    ///   - strings: numbers of strings interned here, of fields that the copy gets.
    ///   - isShared: nil: as it was.
    public mutating func append(
        _ span: SpanView, removing: Set<SpanField>, strings: [(field: SpanField, string: UInt32)],
        samplingThreshold: UInt64? = nil, isShared: Bool? = nil
    ) {
        beginCopy(span)
        if let isShared { traits.isShared = isShared }
        let batch = span.batch
        let shape = span.shape
        var word = batch.values(ofRow: span.row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if column.field.map({ !removing.contains($0) }) ?? true { copy(column, word, batch) }
            word += column.type.wordCount
        }
        for (field, string) in strings { setField(field, reference: string) }
        if let samplingThreshold { setField(.samplingThreshold, int: Int64(clamping: samplingThreshold)) }
        endSpan()
    }

    /// Adds what the topology counts of a span of another batch: IDs, times, names, traits, the remote service's name,
    /// the resource, of spans that share their ID the local address, and the attributes that are asked for.
    /// - Parameter keepsKey: whether an attribute with this key is asked for; it has the same answer for all spans of
    ///   a batch, and is called once for each of the batch's keys.
    public mutating func appendCounted(_ span: SpanView, keepsKey: (UnsafeRawBufferPointer) -> Bool) {
        beginCopy(span)
        let batch = span.batch
        let shape = span.shape
        let isShared = shape.traits.isShared
        var word = batch.values(ofRow: span.row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            switch column.role {
            case .attribute: if isKept(key: column.key, batch, keepsKey) { copy(column, word, batch) }
            case .field:
                switch column.field {
                case .remoteServiceName, .resource: copy(column, word, batch)
                case .localIPv4, .localIPv6, .localPort: if isShared { copy(column, word, batch) }
                default: break
                }
            case .event, .eventName, .eventAttributes: break
            }
            word += column.type.wordCount
        }
        endSpan()
    }

    private mutating func beginCopy(_ span: SpanView) {
        beginSpan()
        copies.begin(span.batch)
        let shape = span.shape
        traceID = span.traceID
        spanID = span.spanID.value
        parentID = span.parentID?.value ?? 0
        start = span.start ?? SpanBatch.absentTime
        duration = span.duration ?? SpanBatch.absentTime
        serviceName = number(of: shape.serviceName, span.batch)
        operationName = number(of: shape.operationName, span.batch)
        traits = shape.traits
    }

    @inline(__always)
    private mutating func copy(_ column: SpanColumn, _ word: UnsafePointer<UInt32>, _ batch: SpanBatch) {
        var column = column
        if column.hasKeyString {
            column = SpanColumn(.attribute, key: number(of: column.key, batch), type: column.type)
        }
        switch column.type {
        case .string, .bytes, .array, .map: append(column, word: number(of: word[0], batch))
        case .bool: append(column, word: word[0])
        case .int, .double: append(column, wide: SpanBatch.wide(word))
        case .none: append(column)
        }
    }

    /// The number that a string of the source has here.
    @inline(__always)
    private mutating func number(of string: UInt32, _ batch: SpanBatch) -> UInt32 {
        copies.number(of: string) ?? look(up: string, batch)
    }

    @inline(never)
    private mutating func look(up string: UInt32, _ batch: SpanBatch) -> UInt32 {
        let number = intern(batch.string(string))
        copies.set(number, for: string)
        return number
    }

    private mutating func isKept(
        key string: UInt32, _ batch: SpanBatch, _ keepsKey: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        if let known = copies.isKept(key: string) { return known }
        let isKept = keepsKey(batch.string(string))
        copies.set(isKept: isKept, key: string)
        return isKept
    }
}

extension SpanColumn {
    fileprivate var isSamplingThreshold: Bool {
        rawValue == SpanColumn(.field, key: UInt32(SpanField.samplingThreshold.rawValue), type: .int).rawValue
    }
}
