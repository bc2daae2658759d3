/// Every constant of storage/segment-format.md, once.
enum SegmentFormat {
    /// "SKEINSEG" as it lies in the file.
    static let magic: UInt64 = 0x4745_534e_4945_4b53
    static let version: UInt16 = 1
    static let headerByteCount = 32
    static let trailerByteCount = 32 + FooterSection.count * 20 + 4

    /// Upper bounds that a reader holds every count against, so that a damaged file cannot ask for much memory.
    static let sectionByteCountMax = 1 << 30
    /// Sections of fewer bytes are stored as they are: packing them saves nothing worth a look.
    static let packedByteCountMin = 128
    static let spanCountMax = 1 << 31
    static let blockSpanCountMax = 1 << 20
    static let shapeCountMax = 1 << 24

    /// Bits of a fingerprint in the directories of traces and values, and entries a page holds about.
    static let fingerprintBitCount = 16
    static let directoryPageEntryCount = 128
}

/// The parts of a footer, in the order of the trailer's table.
enum FooterSection: Int, CaseIterable {
    case strings = 0  // dictionary: bytes of all strings
    case stringLengths = 1
    case schema = 2  // shapes and how their columns are coded
    case blocks = 3  // directory of blocks
    case tracePages = 4  // table of the trace directory's pages
    case valuePages = 5  // table of the value directory's pages
    case names = 6  // services, operations and so on, for the catalog
    case origin = 7  // number of traces, and where the spans come from

    static let count = allCases.count
}

/// The parts of a block, in the order of its directory entry.
enum BlockSection: Int, CaseIterable {
    case traces = 0  // IDs, counts and starts of traces
    case spine = 1  // shape and parent of each span
    case spanIDs = 2
    case codes = 3  // fixed-width codes of every column
    case exceptions = 4  // numbers too large for their column's width
    case fixed = 5  // UUIDs, hex digits and doubles as bytes
    case text = 6  // text that is not worth a place in the dictionary

    static let count = allCases.count
}

/// How the values of one column of one shape are kept, the same in all blocks of a segment.
enum ColumnCoding: UInt8 {
    case constant = 0  // one dictionary number
    case dictionary = 1  // codes into a list of dictionary numbers
    case sameAs = 2  // equal to an earlier column of the shape
    case number = 3  // base, unit and width; larger ones are exceptions
    case constantNumber = 4
    case numberDictionary = 5  // codes into a list of numbers
    case double = 6  // 8 bytes each
    case bool = 7
    case uuid = 8  // 16 bytes each
    case hex = 9  // lower-case, a fixed even number of digits
    case decimal = 10  // text that prints from a number
    case text = 11
    case nothing = 12  // a key without a value

    /// Values that are not in the dictionary: they may be marked "as earlier in this trace" instead.
    var isLiteral: Bool {
        switch self {
        case .uuid, .hex, .decimal, .text: true
        default: false
        }
    }
}

/// Where a stored section lies and how to check it.
struct SectionReference: Equatable {
    var offset: UInt64 = 0
    var storedByteCount: UInt32 = 0
    var byteCount: UInt32 = 0  // unpacked; equal to the stored count when not packed
    var checksum: UInt32 = 0  // CRC-32C of the stored bytes
}
