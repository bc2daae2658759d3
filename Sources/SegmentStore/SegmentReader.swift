internal import Bytes
internal import Synchronization
internal import Threads
public import TraceModel

/// Reads one segment. Layout: storage/segment-format.md.
///
/// Several threads may read at a time. What was read of directory and dictionary is kept until `releaseMemory`.
public final class SegmentReader: @unchecked Sendable {
    // Unchecked: `kept` is guarded by `lock`, all else is constant.
    private let source: any SegmentSource
    private let footer: [SectionReference]
    private let lock = PthreadLock()
    private var kept = Kept()

    /// What was read, each part when it was first needed.
    private struct Kept {
        var traces: FingerprintDirectory.PageTable?
        var values: ValueDirectory?
        var blocks: BlockDirectory?
        var dictionary: SegmentDictionary?
        var lastUse = 0
    }

    /// Nanoseconds since 1970.
    public let createdAt: Int64

    /// Reads and checks header and trailer, nothing else.
    public init(_ source: any SegmentSource) throws(SegmentError) {
        self.source = source
        createdAt = try SegmentReader.readHeader(source)
        footer = try SegmentReader.readTrailer(source)
    }

    public var name: String { source.name }
    public var byteCount: Int { source.byteCount }

    // MARK: Reading

    /// Appends the spans of a trace to `builder`, in the order of their starts.
    /// - Parameter blocks: what was read of this segment's blocks for the same query.
    /// - Returns: how many there were; 0 if the segment has not got the trace.
    public func readTrace(
        _ traceID: TraceID, into builder: inout SpanBatchBuilder, _ blocks: BlockMemory = BlockMemory()
    ) throws(SegmentError) -> Int {
        let before = builder.spanCount
        blocks.memo.removeAll()
        for block in try self.blocks(of: traceID.fingerprint, try traceTable(), "trace directory") {
            let reader = try blockReader(block, blocks)
            for place in try reader.traces().places(of: traceID) {
                try reader.readTrace(place, into: &builder, blocks.memo)
            }
        }
        return builder.spanCount - before
    }

    /// Those of the traces that the segment has spans of.
    public func tracesContained(in traceIDs: Set<TraceID>) throws(SegmentError) -> Set<TraceID> {
        let table = try traceTable()
        var found: Set<TraceID> = []
        for traceID in traceIDs {
            for block in try blocks(of: traceID.fingerprint, table, "trace directory")
            where try !blockReader(block, BlockMemory()).traces().places(of: traceID).isEmpty {
                found.insert(traceID)
            }
        }
        return found
    }

    /// Appends all spans of a block.
    public func readBlock(_ block: Int, into builder: inout SpanBatchBuilder) throws(SegmentError) {
        let reader = try blockReader(block, BlockMemory())
        let memo = StringMemo()
        for place in 0..<(try reader.traces().count) { try reader.readTrace(place, into: &builder, memo) }
    }

    public func origin() throws(SegmentError) -> SegmentOrigin { try decodedOrigin().origin }

    /// What the catalog is told of the segment, from its own directories.
    public func statistics() throws(SegmentError) -> SegmentStatistics {
        var statistics = SegmentStatistics()
        for block in try blockDirectory().blocks { statistics.include(block) }
        statistics.traceCount = try decodedOrigin().traceCount
        statistics.errorCount = try names().services.reduce(0) { $0 + $1.errorCount }
        statistics.byteCount = byteCount
        return statistics
    }

    private func decodedOrigin() throws(SegmentError) -> (origin: SegmentOrigin, traceCount: Int) {
        let content = try source.section(footer[FooterSection.origin.rawValue], "origin")
        return try source.decoded(content, "origin") { (raw) throws(ByteReaderError) in
            try SegmentOrigin.decode(raw)
        }
    }

    public func blockCount() throws(SegmentError) -> Int { try blockDirectory().blocks.count }

    public func names() throws(SegmentError) -> SegmentNames {
        let content = try source.section(footer[FooterSection.names.rawValue], "names")
        return try source.decoded(content, "names") { (raw) throws(ByteReaderError) in try SegmentNames(decoding: raw) }
    }

    // MARK: Memory

    /// Memory kept for directories and dictionary, about.
    public var keptByteCount: Int {
        lock.withLock {
            (kept.dictionary?.byteCount ?? 0) + (kept.blocks?.byteCount ?? 0) + (kept.values?.pages.byteCount ?? 0)
                + (kept.traces?.byteCount ?? 0)
        }
    }

    /// Forgets what can be read again.
    public func releaseMemory() { lock.withLock { kept = Kept() } }

    /// Forgets all but the table that every look-up of a trace begins with: it is small, and all segments are asked.
    public func releaseMostMemory() {
        lock.withLock { kept = Kept(traces: kept.traces, lastUse: kept.lastUse) }
    }

    /// When a query last needed the dictionary, on the clock of `SegmentReader.uses`; smaller is longer ago.
    public var lastUse: Int { lock.withLock { kept.lastUse } }

    /// Counts the uses of all segments.
    private static let uses = Atomic<Int>(0)

    // MARK: Parts

    func traceTable() throws(SegmentError) -> FingerprintDirectory.PageTable {
        if let known = lock.withLock({ kept.traces }) { return known }
        let content = try source.section(footer[FooterSection.tracePages.rawValue], "trace directory")
        let table = try source.decoded(content, "trace directory") { (raw) throws(ByteReaderError) in
            var reader = ByteReader(raw)
            return try FingerprintDirectory.PageTable(decoding: &reader)
        }
        lock.withLock { kept.traces = table }
        return table
    }

    func valueDirectory() throws(SegmentError) -> ValueDirectory {
        if let known = lock.withLock({ kept.values }) { return known }
        let content = try source.section(footer[FooterSection.valuePages.rawValue], "value directory")
        let directory = try source.decoded(content, "value directory") { (raw) throws(ByteReaderError) in
            try ValueDirectory(decoding: raw)
        }
        lock.withLock { kept.values = directory }
        return directory
    }

    func blockDirectory() throws(SegmentError) -> BlockDirectory {
        if let known = lock.withLock({ kept.blocks }) { return known }
        let content = try source.section(footer[FooterSection.blocks.rawValue], "block directory")
        let directory = try source.decoded(content, "block directory") { (raw) throws(ByteReaderError) in
            try BlockDirectory(decoding: raw)
        }
        lock.withLock { kept.blocks = directory }
        return directory
    }

    func dictionary() throws(SegmentError) -> SegmentDictionary {
        let use = Self.uses.add(1, ordering: .relaxed).newValue
        let known = lock.withLock { () -> SegmentDictionary? in
            kept.lastUse = use
            return kept.dictionary
        }
        if let known { return known }
        let dictionary = try SegmentDictionary(source, footer)
        lock.withLock { kept.dictionary = dictionary }
        return dictionary
    }

    /// Numbers of the blocks that a directory names for a fingerprint, ascending.
    func blocks(
        of fingerprint: UInt64, _ pages: FingerprintDirectory.PageTable, _ what: String
    ) throws(SegmentError) -> [Int] {
        let page = FingerprintDirectory.page(of: fingerprint, pageCount: pages.pageCount)
        let entryCount = Int(pages.entryCounts[page])
        if entryCount == 0 { return [] }
        let content = try source.section(
            pages.reference(page), "page \(page) of the \(what)", padding: BitReader.paddingByteCount)
        let blocks = content.withUnsafeBytes {
            FingerprintDirectory.blocks(of: fingerprint, in: $0, entryCount: entryCount, pages)
        }
        guard let blocks else { throw source.corrupt(what, "page \(page) ends early") }
        return blocks
    }

    /// Where the parts of the footer lie.
    var footerSections: [(section: FooterSection, reference: SectionReference)] {
        FooterSection.allCases.map { ($0, footer[$0.rawValue]) }
    }

    /// Bytes of all pages of the directories.
    func directoryByteCounts() throws(SegmentError) -> (traces: Int, values: Int) {
        func byteCount(_ pages: FingerprintDirectory.PageTable) -> Int {
            (0..<pages.pageCount).reduce(0) { $0 + Int(pages.reference($1).storedByteCount) }
        }
        return (byteCount(try traceTable()), byteCount(try valueDirectory().pages))
    }

    /// A block for whoever wants it alone.
    func openBlock(_ number: Int) throws(SegmentError) -> BlockReader { try blockReader(number, BlockMemory()) }

    /// Every page of the directories, not only those that a question leads to.
    func checkDirectories() throws(SegmentError) {
        for (pages, what) in [
            (try traceTable(), "trace directory"), (try valueDirectory().pages, "value directory"),
        ] {
            for page in 0..<pages.pageCount {
                _ = try source.section(pages.reference(page), "page \(page) of the \(what)")
            }
        }
    }

    /// The sections that reading spans passes over.
    func checkUnreadSections(ofBlock number: Int) throws(SegmentError) {
        let reader = try blockReader(number, BlockMemory())
        for section in [BlockSection.fixed, .text] { _ = try reader.section(section) }
    }

    func blockReader(_ number: Int, _ blocks: BlockMemory) throws(SegmentError) -> BlockReader {
        if let reader = blocks[number] { return reader }
        let directory = try blockDirectory()
        guard number < directory.blocks.count else {
            throw source.corrupt("trace directory", "it names block \(number) of \(directory.blocks.count)")
        }
        let dictionary = try dictionary()
        guard dictionary.schema.shapes.count == directory.shapeCount else {
            throw source.corrupt("block directory", "it knows \(directory.shapeCount) shapes")
        }
        let reader = BlockReader(source, dictionary, directory.blocks[number], number: number)
        blocks[number] = reader
        return reader
    }

    // MARK: Header and trailer

    private static func readHeader(_ source: any SegmentSource) throws(SegmentError) -> Int64 {
        guard source.byteCount >= SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount else {
            throw source.corrupt("file", "\(source.byteCount) bytes are too few for a segment")
        }
        let header = try bytes(source, at: 0, count: SegmentFormat.headerByteCount)
        return try header.withUnsafeBytes { raw -> Result<Int64, SegmentError> in
            guard raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self) == SegmentFormat.magic else {
                return .failure(source.corrupt("header", "it starts with other bytes"))
            }
            let version = raw.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
            let features = raw.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
            guard version == SegmentFormat.version, features == 0 else {
                return .failure(
                    SegmentError(
                        .unsupportedFormat,
                        "\(source.name): format \(version) with features \(features); this program knows format "
                            + "\(SegmentFormat.version): use the release that wrote it, or a newer one"))
            }
            let checked = SegmentFormat.headerByteCount - 4
            let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<checked]))
            guard raw.loadUnaligned(fromByteOffset: checked, as: UInt32.self) == checksum else {
                return .failure(source.corrupt("header", "its checksum does not match"))
            }
            return .success(raw.loadUnaligned(fromByteOffset: 12, as: Int64.self))
        }.get()
    }

    private static func readTrailer(_ source: any SegmentSource) throws(SegmentError) -> [SectionReference] {
        let count = SegmentFormat.trailerByteCount
        let trailer = try bytes(source, at: UInt64(source.byteCount - count), count: count)
        return try trailer.withUnsafeBytes { raw -> Result<[SectionReference], SegmentError> in
            let checked = count - 12
            let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<checked]))
            guard raw.loadUnaligned(fromByteOffset: checked, as: UInt32.self) == checksum,
                raw.loadUnaligned(fromByteOffset: checked + 4, as: UInt64.self) == SegmentFormat.magic
            else { return .failure(source.corrupt("trailer", "its checksum or last bytes do not match")) }
            let tableByteCount = FooterSection.count * 20
            guard raw.loadUnaligned(fromByteOffset: tableByteCount, as: UInt64.self) == UInt64(source.byteCount) else {
                return .failure(source.corrupt("trailer", "the file has another size"))
            }
            return .success(
                FooterSection.allCases.map { section in
                    let offset = section.rawValue * 20
                    return SectionReference(
                        offset: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
                        storedByteCount: raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self),
                        byteCount: raw.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self),
                        checksum: raw.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
                })
        }.get()
    }

    private static func bytes(
        _ source: any SegmentSource, at offset: UInt64, count: Int
    ) throws(SegmentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: SegmentError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(SegmentError) { try source.read(into: buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}
