internal import Bytes
internal import TraceModel

/// The look-up from attribute values to blocks: which blocks hold a value outside the dictionary, and whether the
/// segment has a value or key at all.
struct ValueDirectory: Sendable {
    /// Entries of `ValueFingerprint`. What is true of the segment and not of one block stands under the number that
    /// follows those of the blocks.
    var pages = FingerprintDirectory.PageTable()
    /// Spans have attributes of events, links, resources or scopes, which are not in the directory.
    var hasAttributesElsewhere = false

    init() {}

    func encoded() -> [UInt8] { [hasAttributesElsewhere ? 1 : 0] + pages.encoded() }

    init(decoding bytes: UnsafeRawBufferPointer) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        hasAttributesElsewhere = try reader.readByte() != 0
        pages = try FingerprintDirectory.PageTable(decoding: &reader)
    }
}

/// Says of a block whether any of its spans can be a hit, by its shapes and what the value directory says.
struct BlockRelevance {
    private let literalBlocks: [Set<Int>?]
    /// Shapes that can match at all, with their tests.
    private let shapes: [(number: Int, tests: [ShapeFilter.Test])]

    init(_ shapes: ShapeFilter, _ literalBlocks: [Set<Int>?]) {
        self.literalBlocks = literalBlocks
        self.shapes = shapes.tests.enumerated().compactMap { number, tests in tests.map { (number, $0) } }
    }

    func isRelevant(_ block: BlockDirectory.Entry, _ number: Int) -> Bool {
        shapes.contains { shape, tests in
            block.hasShape(shape) && tests.contains { mayHold($0, number) }
        }
    }

    private func mayHold(_ test: ShapeFilter.Test, _ block: Int) -> Bool {
        switch test {
        case .never: false
        case .always, .duration, .codes, .value: true
        case .literal(let number): literalBlocks[number]?.contains(block) ?? true
        case .all(let tests): tests.allSatisfy { mayHold($0, block) }
        case .any(let tests): tests.contains { mayHold($0, block) }
        }
    }
}
