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

    private struct Kept {
        var index: Index?
        var dictionary: SegmentDictionary?
        var lastUse = 0
    }

    /// The directories of blocks and traces.
    private final class Index: Sendable {
        let blocks: BlockDirectory
        let pages: TraceDirectory.PageTable

        init(blocks: BlockDirectory, pages: TraceDirectory.PageTable) {
            self.blocks = blocks
            self.pages = pages
        }
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
        let index = try index()
        let before = builder.spanCount
        for block in try self.blocks(of: traceID, index) {
            let reader = try blockReader(block, index, blocks)
            for place in try reader.traces().places(of: traceID) { try reader.readTrace(place, into: &builder) }
        }
        return builder.spanCount - before
    }

    /// Appends all spans of a block.
    public func readBlock(_ block: Int, into builder: inout SpanBatchBuilder) throws(SegmentError) {
        let reader = try blockReader(block, try index(), BlockMemory())
        for place in 0..<(try reader.traces().count) { try reader.readTrace(place, into: &builder) }
    }

    public func blockCount() throws(SegmentError) -> Int { try index().blocks.blocks.count }

    public func names() throws(SegmentError) -> SegmentNames {
        let content = try source.section(footer[FooterSection.names.rawValue], "names")
        return try source.decoded(content, "names") { (raw) throws(ByteReaderError) in try SegmentNames(decoding: raw) }
    }

    // MARK: Searching

    /// A search within this segment, block by block.
    public struct Scan: Sendable {
        /// Numbers of the blocks with traces that start within the window, and the start of the last such trace in
        /// each; the latest first.
        public let blocks: [(number: Int, latestStart: Int64)]
        fileprivate let filter: SpanFilter
        fileprivate let shapes: ShapeFilter
    }

    /// - Parameter window: nanoseconds since 1970.
    /// - Returns: nil if no span of the segment can match.
    public func scan(_ filter: SpanFilter, window: ClosedRange<Int64>) throws(SegmentError) -> Scan? {
        let shapes = ShapeFilter(filter, try dictionary())
        guard shapes.matchesAnything, shapes.tests.count == (try index().blocks.shapeCount) else { return nil }
        var blocks: [(number: Int, latestStart: Int64)] = []
        for (number, block) in try index().blocks.blocks.enumerated() {
            guard let earliest = block.earliestStart, let latestSpan = block.latestStart,
                let latest = block.latestTraceStart, earliest <= window.upperBound, latestSpan >= window.lowerBound,
                block.shapes.indices.contains(where: { block.shapes[$0] && shapes.tests[$0] != nil })
            else { continue }
            blocks.append((number, min(latest, window.upperBound)))
        }
        guard !blocks.isEmpty else { return nil }
        blocks.sort { $0.latestStart > $1.latestStart }
        return Scan(blocks: blocks, filter: filter, shapes: shapes)
    }

    /// The traces of a block that may match; of traces that start after the window's end none.
    public func hits(
        in block: Int, of scan: Scan, window: ClosedRange<Int64>, _ blocks: BlockMemory
    ) throws(SegmentError) -> [ScanHit] {
        let reader = try blockReader(block, try index(), blocks)
        return try reader.scan(scan.filter, scan.shapes).filter { $0.start <= window.upperBound }
    }

    // MARK: Memory

    /// Memory kept for directory and dictionary, about.
    public var keptByteCount: Int {
        lock.withLock {
            (kept.dictionary?.byteCount ?? 0)
                + (kept.index.map { $0.pages.pages.count * 40 + $0.blocks.blocks.count * 400 } ?? 0)
        }
    }

    /// Forgets what can be read again.
    public func releaseMemory() { lock.withLock { kept = Kept() } }

    /// When a query last needed the dictionary, on the clock of `SegmentReader.uses`; smaller is longer ago.
    public var lastUse: Int { lock.withLock { kept.lastUse } }

    /// Counts the uses of all segments.
    private static let uses = Atomic<Int>(0)

    // MARK: Parts

    private func index() throws(SegmentError) -> Index {
        if let index = lock.withLock({ kept.index }) { return index }
        let blockBytes = try source.section(footer[FooterSection.blocks.rawValue], "block directory")
        let blocks = try source.decoded(blockBytes, "block directory") { (raw) throws(ByteReaderError) in
            try BlockDirectory(decoding: raw)
        }
        let pageBytes = try source.section(footer[FooterSection.tracePages.rawValue], "page table")
        let pages = try source.decoded(pageBytes, "page table") { (raw) throws(ByteReaderError) in
            try TraceDirectory.PageTable(decoding: raw)
        }
        let index = Index(blocks: blocks, pages: pages)
        lock.withLock { kept.index = index }
        return index
    }

    private func dictionary() throws(SegmentError) -> SegmentDictionary {
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

    private func blocks(of traceID: TraceID, _ index: Index) throws(SegmentError) -> [Int] {
        let fingerprint = traceID.fingerprint
        let page = TraceDirectory.page(of: fingerprint, pageCount: index.pages.pages.count)
        let entryCount = index.pages.entryCounts[page]
        if entryCount == 0 { return [] }
        let content = try source.section(
            index.pages.pages[page], "page \(page) of the trace directory", padding: BitReader.paddingByteCount)
        return content.withUnsafeBytes {
            TraceDirectory.blocks(
                of: fingerprint, in: $0, entryCount: entryCount, blockBitCount: index.pages.blockBitCount)
        }
    }

    /// Every page of the trace directory, not only those that a trace leads to.
    func checkTraceDirectory() throws(SegmentError) {
        let pages = try index().pages
        for (number, page) in pages.pages.enumerated() {
            _ = try source.section(page, "page \(number) of the trace directory")
        }
    }

    /// The sections that reading spans passes over.
    func checkUnreadSections(ofBlock number: Int) throws(SegmentError) {
        let reader = try blockReader(number, try index(), BlockMemory())
        for section in [BlockSection.fixed, .text, .filter] { _ = try reader.section(section) }
    }

    private func blockReader(
        _ number: Int, _ index: Index, _ blocks: BlockMemory
    ) throws(SegmentError) -> BlockReader {
        if let reader = blocks[number] { return reader }
        guard number < index.blocks.blocks.count else {
            throw source.corrupt("trace directory", "it names block \(number) of \(index.blocks.blocks.count)")
        }
        let dictionary = try dictionary()
        guard dictionary.schema.shapes.count == index.blocks.shapeCount else {
            throw source.corrupt("block directory", "it knows \(index.blocks.shapeCount) shapes")
        }
        let reader = BlockReader(source, dictionary, index.blocks.blocks[number], number: number)
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
