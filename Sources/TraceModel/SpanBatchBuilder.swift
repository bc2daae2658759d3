internal import Bytes

/// Collects spans into a `SpanBatch`; kept and used again for the next one.
///
/// For each span: `beginSpan`, set what it has, `endSpan`. Strings are interned by their bytes, so that one that
/// stands in every span costs a look-up. Give one to each thread that decodes.
public struct SpanBatchBuilder: ~Copyable {
    // The span at hand.
    public var traceID = TraceID(high: 0, low: 0)
    public var spanID: UInt64 = 0
    public var parentID: UInt64 = 0  // 0: none
    public var start = SpanBatch.absentTime
    public var duration = SpanBatch.absentTime
    public var serviceName: UInt32 = 0
    public var operationName: UInt32 = 0
    public var traits = SpanTraits()
    private var columns = ColumnBuffer<UInt32>(capacity: 64)
    private var words = ColumnBuffer<UInt32>(capacity: 128)
    private var attributes = ColumnBuffer<StagedAttribute>(capacity: 64)
    private var sortedAttributes = ColumnBuffer<StagedAttribute>(capacity: 64)
    private var attributeOrder = ColumnBuffer<UInt64>(capacity: 64)
    /// Attributes of the span at hand whose keys have places, instead of in `attributes`: a bit for each place, and
    /// the numbers of their strings by place.
    private var placed: UInt64 = 0
    private var placedStrings = ColumnBuffer<UInt32>(capacity: AttributeMemo.keyCountMax)
    private var memo = AttributeMemo()
    /// Number of attributes that the span at hand was given.
    public private(set) var attributeCount = 0

    // Finished spans, a column each.
    private var traceIDHighs = ColumnBuffer<UInt64>(capacity: 64)
    private var traceIDLows = ColumnBuffer<UInt64>(capacity: 64)
    private var spanIDs = ColumnBuffer<UInt64>(capacity: 64)
    private var parentIDs = ColumnBuffer<UInt64>(capacity: 64)
    private var starts = ColumnBuffer<Int64>(capacity: 64)
    private var durations = ColumnBuffer<Int64>(capacity: 64)
    private var shapes = ColumnBuffer<UInt32>(capacity: 64)
    private var firstWords = ColumnBuffer<UInt32>(capacity: 64)
    private var valueWords = ColumnBuffer<UInt32>(capacity: 2048)
    private var earliestStart = Int64.max
    private var latestEnd = Int64.min

    private var shapeTable = ShapeTable()
    private var strings = StringTable()
    var copies = CopiedStrings()

    /// Room kept between batches, in elements of each column: bigger requests give theirs back.
    private static let keptCapacity = 1 << 16

    // Not private: debug builds of other targets refer to it.
    struct StagedAttribute: BitwiseCopyable {
        var column: UInt32
        var low: UInt32
        var high: UInt32
    }

    public init() { placedStrings.append(repeating: 0, count: AttributeMemo.keyCountMax) }

    public var spanCount: Int { traceIDHighs.count }

    /// Memory that the finished batch will take, about.
    public var byteCount: Int {
        SpanBatch.headerByteCount + spanCount * 56 + (valueWords.count + strings.count) * 4 + strings.byteCount
    }

    /// Forgets everything collected so far.
    public mutating func removeAll() {
        traceIDHighs.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        traceIDLows.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        spanIDs.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        parentIDs.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        starts.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        durations.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        shapes.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        firstWords.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        valueWords.removeAll(keepingCapacityUpTo: Self.keptCapacity * 8)
        earliestStart = .max
        latestEnd = .min
        shapeTable.removeAll()
        memo.removeAll()
        strings.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        copies.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        columns.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        words.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        attributes.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        sortedAttributes.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        attributeOrder.removeAll(keepingCapacityUpTo: Self.keptCapacity)
        beginSpan()
    }

    /// The number of the string with these bytes. Numbers hold until `removeAll`; at most 2^24 - 1 strings fit.
    @inline(__always)
    public mutating func intern(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return 0 }
        return strings.intern(start, bytes.count)
    }

    /// Bytes of an interned string, valid until the next one is interned.
    public func string(_ number: UInt32) -> UnsafeRawBufferPointer { strings[number] }

    /// No more strings than this may be interned into one batch.
    public static let stringCountMax = Int(SpanColumn.keyMax)

    @inline(__always)
    public var stringCount: Int { strings.count }

    // MARK: One span

    /// Starts a span; drops what was set of one that was not ended.
    public mutating func beginSpan() {
        traceID = TraceID(high: 0, low: 0)
        spanID = 0
        parentID = 0
        start = SpanBatch.absentTime
        duration = SpanBatch.absentTime
        serviceName = 0
        operationName = 0
        traits = SpanTraits()
        columns.removeAll()
        words.removeAll()
        attributes.removeAll()
        placed = 0
        attributeCount = 0
    }

    @inline(__always)
    public mutating func addAttribute(key: UInt32, string: UInt32) { addAttribute(key, .string, string, 0) }

    public mutating func addAttribute(key: UInt32, bool: Bool) { addAttribute(key, .bool, bool ? 1 : 0, 0) }
    public mutating func addAttribute(key: UInt32, int: Int64) {
        addAttribute(key, .int, wide: UInt64(bitPattern: int))
    }
    public mutating func addAttribute(key: UInt32, double: Double) {
        addAttribute(key, .double, wide: double.bitPattern)
    }
    public mutating func addAttributeWithoutValue(key: UInt32) { addAttribute(key, .none, 0, 0) }

    /// An attribute of a type that is kept as a string: text, bytes, or what `AttributeCoding` wrote.
    public mutating func addAttribute(key: UInt32, type: ValueType, reference: UInt32) {
        precondition(type.isReference, "a value that is kept as a string")
        addAttribute(key, type, reference, 0)
    }

    /// What a batch's earlier attributes tell of the next one.
    public enum KnownAttribute {
        /// The value is one that the key had before, of so many bytes: the attribute has been added.
        case added(valueByteCount: Int)
        /// The key has a place: the attribute is to be added there.
        case key(place: Int)
        /// Nothing: the attribute is to be added in any other way.
        case nothing
    }

    /// Adds an attribute without looking its strings up, if it is like one of an earlier span.
    ///
    /// For spans whose attributes are in no order (see `SpanTraits`).
    /// - Parameters:
    ///   - key: 32 readable bytes, the first `keyByteCount` of which are the key; 1 to 32.
    ///   - value: `readable` bytes that begin with a string value, which reaches to the first byte `end`.
    public mutating func addKnownAttribute(
        key: UnsafeRawPointer, keyByteCount: Int, value: UnsafeRawPointer, readable: Int, end: UInt8
    ) -> KnownAttribute {
        precondition(keyByteCount > 0 && keyByteCount <= AttributeMemo.keyByteCountMax, "a key of 1 to 32 bytes")
        let place = memo.place(of: key, keyByteCount, strings: strings.bytes.start)
        guard place >= 0 else { return addPlace(key, keyByteCount) }
        guard
            let known = memo.value(
                at: place, in: value, readable: readable, before: end, strings: strings.bytes.start)
        else { return .key(place: place) }
        put(known.number, at: place)
        return .added(valueByteCount: Int(known.count))
    }

    /// Adds an attribute whose key has a place.
    /// - Parameter isAsSent: the string is the value byte for byte, and may be expected again.
    public mutating func addAttribute(place: Int, string: UInt32, isAsSent: Bool) {
        if isAsSent { memo.remember(strings.memoValue(string), at: place) }
        put(string, at: place)
    }

    @inline(never)
    private mutating func addPlace(_ key: UnsafeRawPointer, _ count: Int) -> KnownAttribute {
        let number = strings.intern(key, count)
        let place = memo.add(key, count, start: Int(strings.memoValue(number).start), number: number)
        return place >= 0 ? .key(place: place) : .nothing
    }

    @inline(__always)
    private mutating func put(_ string: UInt32, at place: Int) {
        precondition(UInt(bitPattern: place) < UInt(bitPattern: memo.count), "a place that was given to a key")
        // Among others in a list it keeps its turn: of equal keys the last one counts.
        guard attributes.count == 0 else {
            return addAttribute(memo.keys[place].number, .string, string, 0)
        }
        placedStrings.start[place] = string
        placed |= 1 &<< UInt64(truncatingIfNeeded: place)
        attributeCount &+= 1
    }

    /// Moves the attributes with places to the list.
    private mutating func listPlaced() {
        while placed != 0 {
            let place = placed.trailingZeroBitCount
            placed &= placed &- 1
            let column = SpanColumn(.attribute, key: memo.keys[place].number, type: .string).rawValue
            attributes.append(StagedAttribute(column: column, low: placedStrings[place], high: 0))
        }
    }

    /// Takes the attributes with places in; places are in the order of the keys' numbers.
    @inline(__always)
    private mutating func takePlaced() {
        let count = placed.nonzeroBitCount
        let columnRoom = columns.room(for: count)
        let wordRoom = words.room(for: count)
        let strings = placedStrings.start
        var index = 0
        // A place that has its bit set is one of the 64, and was given to a key.
        while placed != 0 {
            let place = placed.trailingZeroBitCount
            placed &= placed &- 1
            columnRoom[index] = SpanColumn(.attribute, key: memo.keys[place].number, type: .string).rawValue
            wordRoom[index] = strings[place]
            index &+= 1
        }
        columns.extend(by: count)
        words.extend(by: count)
    }

    // MARK: Columns as they lie in a batch

    // Attributes of spans that were in a batch before may be added so, each once; then none in any other way.

    /// Adds a column without a value.
    @inline(__always)
    public mutating func append(_ column: SpanColumn) { columns.append(column.rawValue) }

    @inline(__always)
    public mutating func append(_ column: SpanColumn, word: UInt32) {
        columns.append(column.rawValue)
        words.append(word)
    }

    @inline(__always)
    public mutating func append(_ column: SpanColumn, wide value: UInt64) {
        columns.append(column.rawValue)
        words.append(UInt32(truncatingIfNeeded: value))
        words.append(UInt32(truncatingIfNeeded: value &>> 32))
    }

    /// Adds an event; `attributes` is a map that `AttributeCoding` wrote, 0 for none.
    public mutating func addEvent(name: UInt32, time: Int64, attributes: UInt32 = 0) {
        append(SpanColumn(.event, key: 0, type: .int), wide: UInt64(bitPattern: time))
        append(SpanColumn(.eventName, key: 0, type: .string), word: name)
        if attributes != 0 { append(SpanColumn(.eventAttributes, key: 0, type: .map), word: attributes) }
    }

    /// Sets a field of a type that is a string, bytes, an array or a map.
    public mutating func setField(_ field: SpanField, reference: UInt32) {
        precondition(field.valueType.isReference, "a field that refers to a string")
        append(SpanColumn(.field, key: UInt32(field.rawValue), type: field.valueType), word: reference)
    }

    public mutating func setField(_ field: SpanField, int: Int64) {
        precondition(field.valueType == .int, "a field that is a number")
        append(SpanColumn(.field, key: UInt32(field.rawValue), type: .int), wide: UInt64(bitPattern: int))
    }

    /// Takes the span in. Without ordered attributes (see `SpanTraits`) a key counts once, with its last value.
    public mutating func endSpan() {
        precondition(placed == 0 || !traits.hasOrderedAttributes, "places are for attributes in no order")
        takePlaced()
        if !traits.hasOrderedAttributes { sortAttributes() }
        for index in 0..<attributes.count {
            let attribute = attributes.start[index]
            columns.append(attribute.column)
            let wordCount = SpanColumn(rawValue: attribute.column).type.wordCount
            if wordCount > 0 { words.append(attribute.low) }
            if wordCount > 1 { words.append(attribute.high) }
        }
        shapes.append(shapeTable.intern(serviceName, operationName, traits.rawValue, columns.elements))
        firstWords.append(UInt32(valueWords.count))
        valueWords.append(contentsOf: words.elements)
        traceIDHighs.append(traceID.high)
        traceIDLows.append(traceID.low)
        spanIDs.append(spanID)
        parentIDs.append(parentID)
        starts.append(start)
        durations.append(duration)
        if start != SpanBatch.absentTime {
            earliestStart = min(earliestStart, start)
            // Of a span that ends before it starts, the start is the latest moment.
            let length = max(duration, 0)
            let end = start.addingReportingOverflow(length)
            latestEnd = max(latestEnd, end.overflow ? .max : end.partialValue)
        }
    }

    /// The spans ended so far as a batch of their own; the builder is left as it is.
    /// - Parameter isCountOnly: they are not to be stored, and have only what the topology counts.
    public func makeBatch(isCountOnly: Bool = false) -> SpanBatch {
        let sizes = SpanBatch.Sizes(
            spans: spanCount, strings: strings.count, shapes: shapeTable.count, shapeWords: shapeTable.words.count,
            valueWords: valueWords.count, stringBytes: strings.byteCount)
        precondition(sizes.byteCount < Int(UInt32.max), "a batch is smaller than 4 GiB")
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: sizes.byteCount, alignment: 16)
        let header: [UInt32] = [
            SpanBatch.magic, UInt32(sizes.spans), UInt32(sizes.strings), UInt32(sizes.shapes), UInt32(sizes.shapeWords),
            UInt32(sizes.valueWords), UInt32(sizes.stringBytes), isCountOnly ? 1 : 0,
        ]
        header.withUnsafeBytes { memory.copyMemory(from: $0) }
        memory.storeBytes(of: earliestStart, toByteOffset: 32, as: Int64.self)
        memory.storeBytes(of: latestEnd, toByteOffset: 40, as: Int64.self)
        var offset = SpanBatch.headerByteCount
        func write(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: bytes)
            offset += bytes.count
        }
        write(traceIDHighs.bytes)
        write(traceIDLows.bytes)
        write(spanIDs.bytes)
        write(parentIDs.bytes)
        write(starts.bytes)
        write(durations.bytes)
        write(shapes.bytes)
        write(firstWords.bytes)
        write(shapeTable.starts.bytes)
        write(shapeTable.words.bytes)
        write(valueWords.bytes)
        write(strings.ends.bytes)
        write(strings.bytes.bytes)
        return SpanBatch(trusted: memory, sizes: sizes)
    }

    // MARK: Details

    private mutating func addAttribute(_ key: UInt32, _ type: ValueType, wide value: UInt64) {
        addAttribute(key, type, UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value &>> 32))
    }

    @inline(__always)
    private mutating func addAttribute(_ key: UInt32, _ type: ValueType, _ low: UInt32, _ high: UInt32) {
        if placed != 0 { listPlaced() }
        let column = SpanColumn(.attribute, key: key, type: type).rawValue
        attributeCount &+= 1
        attributes.append(StagedAttribute(column: column, low: low, high: high))
    }

    /// Sorts by key, so that the same keys in any order make the same shape, and keeps the last of equal keys.
    private mutating func sortAttributes() {
        if attributes.count > Self.insertionSortMax { return sortManyAttributes() }
        let items = attributes.start
        let mask = SpanColumn.keyMax
        var kept = 0
        for index in 0..<attributes.count {
            let item = items[index]
            let key = item.column & mask
            var place = kept
            while place > 0 && items[place &- 1].column & mask > key { place &-= 1 }
            if place > 0 && items[place &- 1].column & mask == key {
                items[place &- 1] = item
                continue
            }
            if place < kept {
                (items + place + 1).update(from: items + place, count: kept &- place)
            }
            items[place] = item
            kept &+= 1
        }
        attributes.truncate(to: kept)
    }

    /// The time of insertion grows with the square of the count, in an order that a sender may choose.
    private static let insertionSortMax = 64

    @inline(never)
    private mutating func sortManyAttributes() {
        let mask = SpanColumn.keyMax
        attributeOrder.removeAll()
        for index in 0..<attributes.count {
            // The place decides between equal keys.
            attributeOrder.append(UInt64(attributes[index].column & mask) << 32 | UInt64(index))
        }
        var order = UnsafeMutableBufferPointer(start: attributeOrder.start, count: attributeOrder.count)
        order.sort()
        sortedAttributes.removeAll()
        for (place, item) in order.enumerated() {
            if place + 1 < order.count && order[place + 1] >> 32 == item >> 32 { continue }
            sortedAttributes.append(attributes[Int(item & 0xffff_ffff)])
        }
        swap(&attributes, &sortedAttributes)
    }
}
