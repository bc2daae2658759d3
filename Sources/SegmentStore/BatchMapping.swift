internal import Bytes
internal import TraceModel

/// Where the strings and shapes of each batch lie among those of the segment.
struct BatchMapping: ~Copyable {
    /// A batch's shape as the segment knows it.
    struct ShapeMap {
        var shape: Int
        /// For each column of the segment's shape, the place of its first word in a row of the batch.
        var wordOffsets: UnsafePointer<UInt32>
    }

    private var stringNumbers = ColumnBuffer<UInt32>(capacity: 1 << 14)
    private var firstStrings = ColumnBuffer<Int>()
    /// Four for each shape of a batch: with and without start, with and without duration. -1: not met.
    private var shapeNumbers = ColumnBuffer<Int32>()
    private var firstShapes = ColumnBuffer<Int>()
    private var wordOffsets = ColumnBuffer<UInt32>(capacity: 1 << 14)
    private var firstWordOffsets = ColumnBuffer<Int>()

    private var shapes: [SegmentAssembly.Shape] = []
    private var numbersByKey: [ShapeKey: Int32] = [:]

    private struct ShapeKey: Hashable {
        var words: [UInt32]
    }

    init(_ batches: [SpanBatch], strings: inout SegmentStrings) {
        for batch in batches {
            firstStrings.append(stringNumbers.count)
            for number in 0..<batch.stringCount {
                stringNumbers.append(strings.intern(batch.string(UInt32(number))))
            }
            addShapes(of: batch)
        }
    }

    mutating func takeShapes() -> [SegmentAssembly.Shape] {
        defer { shapes = [] }
        return shapes
    }

    @inline(__always)
    func strings(ofBatch batch: Int) -> UnsafePointer<UInt32> {
        UnsafePointer(stringNumbers.start + firstStrings.start[batch])
    }

    @inline(__always)
    func shape(ofBatch batch: Int, _ shape: Int, startIsAbsent: Bool, durationIsAbsent: Bool) -> ShapeMap {
        let index = firstShapes[batch] &+ shape
        let variant = Self.variant(startIsAbsent: startIsAbsent, durationIsAbsent: durationIsAbsent)
        return ShapeMap(
            shape: Int(shapeNumbers[index &* 4 &+ variant]),
            wordOffsets: UnsafePointer(wordOffsets.start + firstWordOffsets[index]))
    }

    private static func variant(startIsAbsent: Bool, durationIsAbsent: Bool) -> Int {
        (startIsAbsent ? 1 : 0) &+ (durationIsAbsent ? 2 : 0)
    }

    private mutating func addShapes(of batch: SpanBatch) {
        let firstShape = shapeNumbers.count / 4
        firstShapes.append(firstShape)
        shapeNumbers.append(repeating: -1, count: batch.shapeCount * 4)
        let numbers = stringNumbers.start + firstStrings[firstStrings.count - 1]
        var keys: [[UInt32]] = []
        keys.reserveCapacity(batch.shapeCount)
        for index in 0..<batch.shapeCount {
            firstWordOffsets.append(wordOffsets.count)
            keys.append(canonicalWords(of: batch.shape(index), numbers))
        }
        for row in 0..<batch.spanCount {
            let shape = Int(batch.shapeColumn[row])
            let startIsAbsent = batch.startColumn[row] == SpanBatch.absentTime
            let durationIsAbsent = batch.durationColumn[row] == SpanBatch.absentTime
            let variant = Self.variant(startIsAbsent: startIsAbsent, durationIsAbsent: durationIsAbsent)
            let place = (firstShape + shape) * 4 + variant
            if shapeNumbers[place] < 0 {
                shapeNumbers[place] = number(
                    of: keys[shape], startIsAbsent: startIsAbsent, durationIsAbsent: durationIsAbsent)
            }
            shapes[Int(shapeNumbers[place])].rowCount += 1
        }
    }

    /// Service, operation, traits and columns with the segment's numbers. Unless their order means something,
    /// attributes are sorted by key, so that batches that met the keys in another order share the shape.
    private mutating func canonicalWords(of shape: SpanShape, _ numbers: UnsafeMutablePointer<UInt32>) -> [UInt32] {
        var words = [numbers[Int(shape.serviceName)], numbers[Int(shape.operationName)], shape.traits.rawValue]
        words.reserveCapacity(3 + shape.columnCount)
        let firstOffset = wordOffsets.count
        var offset: UInt32 = 0
        var firstAttribute = shape.columnCount
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            let key = column.hasKeyString ? numbers[Int(column.key)] : column.key
            words.append(SpanColumn(column.role, key: key, type: column.type).rawValue)
            wordOffsets.append(offset)
            offset += UInt32(column.type.wordCount)
            if column.role == .attribute { firstAttribute = min(firstAttribute, index) }
        }
        // Attributes stand behind all other columns.
        if !shape.traits.hasOrderedAttributes && firstAttribute < shape.columnCount {
            for index in firstAttribute + 1..<max(firstAttribute + 1, shape.columnCount) {
                let word = words[3 + index]
                let wordOffset = wordOffsets[firstOffset + index]
                var place = index
                while place > firstAttribute && words[2 + place] & SpanColumn.keyMax > word & SpanColumn.keyMax {
                    words[3 + place] = words[2 + place]
                    wordOffsets[firstOffset + place] = wordOffsets[firstOffset + place - 1]
                    place -= 1
                }
                words[3 + place] = word
                wordOffsets[firstOffset + place] = wordOffset
            }
        }
        return words
    }

    private mutating func number(of words: [UInt32], startIsAbsent: Bool, durationIsAbsent: Bool) -> Int32 {
        var key = words
        key.append((startIsAbsent ? 1 : 0) | (durationIsAbsent ? 2 : 0))
        if let known = numbersByKey[ShapeKey(words: key)] { return known }
        let number = Int32(shapes.count)
        numbersByKey[ShapeKey(words: key)] = number
        shapes.append(
            SegmentAssembly.Shape(
                serviceName: words[0], operationName: words[1], traits: words[2], hasStart: !startIsAbsent,
                hasDuration: !durationIsAbsent, columns: words[3...].map { SpanColumn(rawValue: $0) }))
        return number
    }
}
