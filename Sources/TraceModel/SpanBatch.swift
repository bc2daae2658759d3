internal import Bytes

/// Many spans as columns over one piece of memory, never changed once made.
///
/// What decoders make, the journal keeps, live traces hold and segments are written from and read back into. A string
/// stands once in a batch and is referred to by number; number 0 is the empty string, which also means "absent". The
/// spans' shapes (service, operation, traits, columns) stand once too; a row refers to its shape and to the words of
/// its values, one or two for each column of the shape in turn.
///
/// The image, little-endian, n spans, s strings, k shapes:
///
///     0   u32  "SKB1"                 24  u32  bytes of strings
///     4   u32  n                      28  u32  1 if the spans are only counted, else 0
///     8   u32  s, at least 1          32  i64  earliest start; Int64.max without any
///     12  u32  k                      40  i64  latest end; Int64.min without any
///     16  u32  words of shapes        48  trace IDs high, low; span IDs; parent IDs: n x u64 each
///     20  u32  words of values            starts, durations: n x i64 each
///                                         shape, first value word: n x u32 each
///                                         first word of shape: (k + 1) x u32; the words: service, name, traits,
///                                         columns value words; end of each string: s x u32; the strings' bytes
public final class SpanBatch: @unchecked Sendable {
    // Unchecked: the memory is written once, in init, before anyone else can see it.
    private let memory: UnsafeMutableRawBufferPointer
    public let spanCount: Int
    public let stringCount: Int
    public let shapeCount: Int
    /// Whether the spans are not to be stored: they have only what the topology counts.
    public let isCountOnly: Bool
    public let earliestStart: Int64
    public let latestEnd: Int64

    let traceIDHighs: UnsafePointer<UInt64>
    let traceIDLows: UnsafePointer<UInt64>
    let spanIDs: UnsafePointer<UInt64>
    let parentIDs: UnsafePointer<UInt64>
    let starts: UnsafePointer<Int64>
    let durations: UnsafePointer<Int64>
    let shapes: UnsafePointer<UInt32>
    let firstWords: UnsafePointer<UInt32>
    let shapeStarts: UnsafePointer<UInt32>
    let shapeWords: UnsafePointer<UInt32>
    let valueWords: UnsafePointer<UInt32>
    let stringEnds: UnsafePointer<UInt32>
    let stringBytes: UnsafeRawPointer

    static let magic: UInt32 = 0x3142_4b53
    static let headerByteCount = 48
    /// Words of a shape before its columns: service, name, traits.
    static let shapeHeaderWordCount = 3

    /// Value of a start or duration that is absent.
    public static let absentTime = Int64.min

    /// Sizes that decide where each section of an image lies.
    struct Sizes {
        var spans = 0
        var strings = 0
        var shapes = 0
        var shapeWords = 0
        var valueWords = 0
        var stringBytes = 0

        var byteCount: Int {
            SpanBatch.headerByteCount + spans * 56 + (shapes + 1 + shapeWords + valueWords + strings) * 4 + stringBytes
        }
    }

    /// Takes over `memory`, which holds an image that keeps every rule.
    init(trusted memory: UnsafeMutableRawBufferPointer, sizes: Sizes) {
        self.memory = memory
        spanCount = sizes.spans
        stringCount = sizes.strings
        shapeCount = sizes.shapes
        let base = UnsafeRawPointer(memory.baseAddress!)
        isCountOnly = base.load(fromByteOffset: 28, as: UInt32.self) != 0
        earliestStart = base.load(fromByteOffset: 32, as: Int64.self)
        latestEnd = base.load(fromByteOffset: 40, as: Int64.self)
        var next = base + SpanBatch.headerByteCount
        func section<Element>(_ count: Int, of type: Element.Type) -> UnsafePointer<Element> {
            defer { next += count * MemoryLayout<Element>.stride }
            return next.assumingMemoryBound(to: Element.self)
        }
        traceIDHighs = section(sizes.spans, of: UInt64.self)
        traceIDLows = section(sizes.spans, of: UInt64.self)
        spanIDs = section(sizes.spans, of: UInt64.self)
        parentIDs = section(sizes.spans, of: UInt64.self)
        starts = section(sizes.spans, of: Int64.self)
        durations = section(sizes.spans, of: Int64.self)
        shapes = section(sizes.spans, of: UInt32.self)
        firstWords = section(sizes.spans, of: UInt32.self)
        shapeStarts = section(sizes.shapes + 1, of: UInt32.self)
        shapeWords = section(sizes.shapeWords, of: UInt32.self)
        valueWords = section(sizes.valueWords, of: UInt32.self)
        stringEnds = section(sizes.strings, of: UInt32.self)
        stringBytes = next
    }

    deinit { memory.deallocate() }

    /// The image, valid only within the closure.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    /// Memory that the batch holds.
    public var byteCount: Int { memory.count }

    /// Copies and checks an image. Afterwards no access to the batch can go out of bounds.
    /// - Throws: `SpanBatchError` if any rule of the layout is broken.
    public convenience init(copying image: UnsafeRawBufferPointer) throws(SpanBatchError) {
        let sizes = try SpanBatch.checkedSizes(image)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: image.count, alignment: 16)
        memory.copyMemory(from: image)
        self.init(trusted: memory, sizes: sizes)
        try checkReferences(sizes)
    }

    /// Copies and checks images that stand one behind the other.
    /// - Throws: `SpanBatchError` if there is none, or if any of them breaks a rule.
    public static func batches(copying images: UnsafeRawBufferPointer) throws(SpanBatchError) -> [SpanBatch] {
        var batches: [SpanBatch] = []
        var rest = images
        repeat {
            let byteCount = try sizes(inHeaderOf: rest).byteCount
            guard byteCount <= rest.count else {
                throw SpanBatchError("\(byteCount) bytes expected, \(rest.count) found")
            }
            batches.append(try SpanBatch(copying: UnsafeRawBufferPointer(rebasing: rest[..<byteCount])))
            rest = UnsafeRawBufferPointer(rebasing: rest[byteCount...])
        } while !rest.isEmpty
        return batches
    }

    // MARK: Strings and shapes

    /// Bytes of a string; valid as long as the batch.
    @inline(__always)
    public func string(_ number: UInt32) -> UnsafeRawBufferPointer {
        precondition(number < stringCount, "a string of this batch")
        let index = Int(number)
        let start = index == 0 ? 0 : Int(stringEnds[index &- 1])
        return UnsafeRawBufferPointer(start: stringBytes + start, count: Int(stringEnds[index]) &- start)
    }

    /// The number of the string with these bytes; nil if no span of the batch has it.
    public func number(of bytes: UnsafeRawBufferPointer) -> UInt32? {
        var start = 0
        for index in 0..<stringCount {
            let end = Int(stringEnds[index])
            if end &- start == bytes.count,
                UnsafeRawBufferPointer(start: stringBytes + start, count: bytes.count).elementsEqual(bytes)
            {
                return UInt32(index)
            }
            start = end
        }
        return nil
    }

    @inline(__always)
    public func shape(_ index: Int) -> SpanShape {
        precondition(index < shapeCount, "a shape of this batch")
        let start = Int(shapeStarts[index])
        return SpanShape(
            words: UnsafeBufferPointer(start: shapeWords + start, count: Int(shapeStarts[index &+ 1]) &- start))
    }

    /// All spans of the batch, in the order of their arrival.
    public var spans: some RandomAccessCollection<SpanView> {
        (0..<spanCount).lazy.map { SpanView(batch: self, row: $0) }
    }

    // MARK: Whole columns, for those who walk many rows

    public var traceIDHighColumn: UnsafeBufferPointer<UInt64> { .init(start: traceIDHighs, count: spanCount) }
    public var traceIDLowColumn: UnsafeBufferPointer<UInt64> { .init(start: traceIDLows, count: spanCount) }
    public var startColumn: UnsafeBufferPointer<Int64> { .init(start: starts, count: spanCount) }
    public var durationColumn: UnsafeBufferPointer<Int64> { .init(start: durations, count: spanCount) }
    public var shapeColumn: UnsafeBufferPointer<UInt32> { .init(start: shapes, count: spanCount) }

    /// Columns as plain pointers, for loops over the spans of many batches, where holding on to each batch would cost
    /// more than the work. Valid as long as the batch.
    public struct Pointers: BitwiseCopyable {
        public let spanIDs: UnsafePointer<UInt64>
        public let parentIDs: UnsafePointer<UInt64>
        public let durations: UnsafePointer<Int64>
        public let shapes: UnsafePointer<UInt32>
        /// For each row the place of its first word in `valueWords`.
        public let firstWords: UnsafePointer<UInt32>
        public let valueWords: UnsafePointer<UInt32>
    }

    public var pointers: Pointers {
        Pointers(
            spanIDs: spanIDs, parentIDs: parentIDs, durations: durations, shapes: shapes, firstWords: firstWords,
            valueWords: valueWords)
    }

    /// The words of a row's values, as many as its shape asks for.
    @inline(__always)
    public func values(ofRow row: Int) -> UnsafePointer<UInt32> {
        precondition(row < spanCount, "a row of this batch")
        return valueWords + Int(firstWords[row])
    }
}

/// What many spans of a batch have in common: service, operation, traits and the columns of their values.
///
/// Borrowed from its batch: valid as long as that.
public struct SpanShape {
    public let words: UnsafeBufferPointer<UInt32>

    init(words: UnsafeBufferPointer<UInt32>) { self.words = words }

    /// Numbers of strings in the batch.
    public var serviceName: UInt32 { words[0] }
    public var operationName: UInt32 { words[1] }
    public var traits: SpanTraits { SpanTraits(rawValue: words[2]) }

    public var columnCount: Int { words.count - SpanBatch.shapeHeaderWordCount }

    @inline(__always)
    public func column(_ index: Int) -> SpanColumn {
        SpanColumn(rawValue: words[SpanBatch.shapeHeaderWordCount &+ index])
    }

    /// Words that the values of one row take.
    public var valueWordCount: Int {
        var count = 0
        for index in 0..<columnCount { count += column(index).type.wordCount }
        return count
    }
}

/// Bytes that are no image of a batch: damaged, or not made by this program.
public struct SpanBatchError: Error, Sendable, CustomStringConvertible {
    public let message: String

    init(_ message: String) { self.message = message }

    public var description: String { "not a batch of spans: \(message)" }
}

extension SpanBatch {
    private static func sizes(inHeaderOf image: UnsafeRawBufferPointer) throws(SpanBatchError) -> Sizes {
        guard image.count >= headerByteCount else { throw SpanBatchError("\(image.count) bytes are no header") }
        func field(_ offset: Int) -> UInt32 { image.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        guard field(0) == magic else { throw SpanBatchError("it starts with other bytes") }
        let sizes = Sizes(
            spans: Int(field(4)), strings: Int(field(8)), shapes: Int(field(12)), shapeWords: Int(field(16)),
            valueWords: Int(field(20)), stringBytes: Int(field(24)))
        guard sizes.strings > 0 else { throw SpanBatchError("no strings") }
        guard field(28) <= 1 else { throw SpanBatchError("flags \(field(28)) mean nothing") }
        return sizes
    }

    /// The sizes in an image's header, checked against the image's own.
    private static func checkedSizes(_ image: UnsafeRawBufferPointer) throws(SpanBatchError) -> Sizes {
        let sizes = try sizes(inHeaderOf: image)
        guard sizes.byteCount == image.count else {
            throw SpanBatchError("\(sizes.byteCount) bytes expected, \(image.count) found")
        }
        return sizes
    }

    private func checkReferences(_ sizes: Sizes) throws(SpanBatchError) {
        var end: UInt32 = 0
        for index in 0..<stringCount {
            guard stringEnds[index] >= end else { throw SpanBatchError("string \(index) ends before it starts") }
            end = stringEnds[index]
        }
        guard Int(end) == sizes.stringBytes, stringEnds[0] == 0 else { throw SpanBatchError("strings of another size") }
        guard shapeStarts[0] == 0, Int(shapeStarts[shapeCount]) == sizes.shapeWords else {
            throw SpanBatchError("shapes of another size")
        }
        for index in 0..<shapeCount {
            guard Int(shapeStarts[index + 1]) <= sizes.shapeWords,
                shapeStarts[index + 1] >= shapeStarts[index] + UInt32(SpanBatch.shapeHeaderWordCount)
            else { throw SpanBatchError("shape \(index) is too short") }
        }
        for index in 0..<shapeCount { try check(shape(index), number: index) }
        for row in 0..<spanCount {
            guard shapes[row] < shapeCount else { throw SpanBatchError("span \(row) has no shape") }
            let shape = shape(Int(shapes[row]))
            guard Int(firstWords[row]) + shape.valueWordCount <= sizes.valueWords else {
                throw SpanBatchError("span \(row) has too few values")
            }
            var word = Int(firstWords[row])
            for index in 0..<shape.columnCount {
                let type = shape.column(index).type
                if type.isReference && valueWords[word] >= stringCount {
                    throw SpanBatchError("span \(row) refers to string \(valueWords[word])")
                }
                word += type.wordCount
            }
        }
    }

    private func check(_ shape: SpanShape, number: Int) throws(SpanBatchError) {
        guard shape.serviceName < stringCount, shape.operationName < stringCount,
            shape.traits.rawValue & ~SpanTraits.mask == 0
        else { throw SpanBatchError("shape \(number) has an impossible header") }
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            guard column.isValid, !column.hasKeyString || column.key < stringCount else {
                throw SpanBatchError("shape \(number) has an impossible column")
            }
            guard SpanColumn.mayFollow(column, index == 0 ? nil : shape.column(index - 1)) else {
                throw SpanBatchError("shape \(number) has a part of no event")
            }
        }
        if shape.columnCount > 0, shape.column(shape.columnCount - 1).role == .event {
            throw SpanBatchError("shape \(number) has an event without a name")
        }
    }
}
