public import TraceModel

extension SegmentReader {
    /// When the traces sought start. Nanoseconds since 1970.
    public struct Window: Sendable {
        public var starts: ClosedRange<Int64>
        /// Parts of traces that lie behind the window, up to here, are of interest too if their root is not with
        /// them: it may have started within.
        public var lateEnd: Int64

        public init(_ starts: ClosedRange<Int64>, lateEnd: Int64) {
            self.starts = starts
            self.lateEnd = max(lateEnd, starts.upperBound)
        }
    }

    /// A search within this segment, block by block.
    public struct Scan: Sendable {
        /// Numbers of the blocks with traces that start within the window, and the start of the last such trace in
        /// each; the latest first.
        public let blocks: [(number: Int, latestStart: Int64)]
        let window: Window
        let shapes: ShapeFilter
        /// For each literal test the blocks that may have the value; nil: any.
        fileprivate let literalBlocks: [Set<Int>?]

        /// For each literal test whether a block may have the value.
        func mayHaveLiterals(_ block: Int) -> [Bool] { literalBlocks.map { $0?.contains(block) ?? true } }
    }

    /// - Returns: nil if no span of the segment can match.
    public func scan(_ filter: SpanFilter, window: Window) throws(SegmentError) -> Scan? {
        let directory = try blockDirectory()
        let inTime = directory.blocks.indices.filter { directory.blocks[$0].isWithin(window) }
        guard !inTime.isEmpty, try mayMatch(filter) else { return nil }
        let shapes = ShapeFilter(filter, try dictionary())
        guard shapes.matchesAnything, shapes.tests.count == directory.shapeCount else { return nil }
        var literalBlocks: [Set<Int>?] = []
        for test in shapes.literalTests {
            guard let fingerprint = test.fingerprint else {
                literalBlocks.append(nil)
                continue
            }
            literalBlocks.append(Set(try blocks(of: fingerprint, try valueDirectory().pages, "value directory")))
        }
        let relevance = BlockRelevance(shapes, literalBlocks)
        var blocks: [(number: Int, latestStart: Int64)] = []
        for number in inTime where relevance.isRelevant(directory.blocks[number], number) {
            let latest = directory.blocks[number].latestTraceStart ?? window.starts.upperBound
            blocks.append((number, min(latest, window.starts.upperBound)))
        }
        guard !blocks.isEmpty else { return nil }
        blocks.sort { $0.latestStart > $1.latestStart }
        return Scan(blocks: blocks, window: window, shapes: shapes, literalBlocks: literalBlocks)
    }

    /// The traces of a block that may match.
    public func hits(in block: Int, of scan: Scan, _ blocks: BlockMemory) throws(SegmentError) -> [ScanHit] {
        let reader = try blockReader(block, blocks)
        return try reader.scan(scan.shapes, mayHave: scan.mayHaveLiterals(block), scan.window)
    }

    /// How far behind `end` spans reach whose blocks begin before it; nil if none do.
    public func latestEnd(ofBlocksBegunBy end: Int64) throws(SegmentError) -> Int64? {
        try blockDirectory().blocks.lazy.filter { $0.earliestStart.map { $0 <= end } ?? false }.compactMap(\.latestEnd)
            .max()
    }

    /// Traces that begin by `end`, of the blocks with spans that begin or end later than `earlier`.
    public func traces(begunBy end: Int64, reachingBeyond earlier: Int64) throws(SegmentError) -> [TraceID] {
        var found: [TraceID] = []
        for (number, block) in try blockDirectory().blocks.enumerated() {
            guard let earliest = block.earliestStart, let latest = block.latestEnd, earliest <= end, latest > earlier
            else { continue }
            let traces = try openBlock(number).traces()
            for place in 0..<traces.count where traces.baseStarts[place] <= end {
                found.append(traces.traceID(place))
            }
        }
        return found
    }

    /// Whether any span can match as far as the value directory knows: it is asked first, because that takes a read
    /// or two where the dictionary takes many.
    private func mayMatch(_ filter: SpanFilter) throws(SegmentError) -> Bool {
        for condition in filter.spansets where try mayMatch(condition) { return true }
        return false
    }

    private func mayMatch(_ condition: SpanFilter.Condition) throws(SegmentError) -> Bool {
        switch condition {
        case .all(let parts):
            for part in parts where try !mayMatch(part) { return false }
            return true
        case .any(let parts):
            for part in parts where try mayMatch(part) { return true }
            return false
        case .clause(.service), .clause(.operation), .clause(.traits), .clause(.remoteService), .clause(.duration),
            .clause(.lacks):
            return true
        case .clause(.keyOrEvent(let key)):
            return try isKnown(key.withUnsafeBytes { ValueFingerprint.presence($0) })
        case .clause(.attribute(let test)):
            return test.owner == .span ? try mayMatch(test) : try valueDirectory().hasAttributesElsewhere
        case .clause(.anywhere(let test)):
            if try valueDirectory().hasAttributesElsewhere { return true }
            return try mayMatch(test)
        }
    }

    /// An attribute of the span itself.
    private func mayMatch(_ test: SpanFilter.AttributeTest) throws(SegmentError) -> Bool {
        guard let text = test.text else {
            return try isKnown(test.key.withUnsafeBytes { ValueFingerprint.presence($0) })
        }
        let keyHash = test.key.withUnsafeBytes { ValueFingerprint.key($0) }
        if try isKnown(text.withUnsafeBytes { ValueFingerprint.value($0, key: keyHash) }) { return true }
        return try isKnown(test.key.withUnsafeBytes { ValueFingerprint.otherType($0) })
    }

    private func isKnown(_ fingerprint: UInt64) throws(SegmentError) -> Bool {
        try !blocks(of: fingerprint, try valueDirectory().pages, "value directory").isEmpty
    }
}
