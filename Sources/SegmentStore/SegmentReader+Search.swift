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
        fileprivate let window: Window
        fileprivate let filter: SpanFilter
        fileprivate let shapes: ShapeFilter
        /// For each literal test the blocks that may have the value; nil: any.
        fileprivate let literalBlocks: [Set<Int>?]
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
        let relevance = BlockRelevance(filter, shapes, literalBlocks)
        var blocks: [(number: Int, latestStart: Int64)] = []
        for number in inTime where relevance.isRelevant(directory.blocks[number], number) {
            let latest = directory.blocks[number].latestTraceStart ?? window.starts.upperBound
            blocks.append((number, min(latest, window.starts.upperBound)))
        }
        guard !blocks.isEmpty else { return nil }
        blocks.sort { $0.latestStart > $1.latestStart }
        return Scan(blocks: blocks, window: window, filter: filter, shapes: shapes, literalBlocks: literalBlocks)
    }

    /// The traces of a block that may match.
    public func hits(in block: Int, of scan: Scan, _ blocks: BlockMemory) throws(SegmentError) -> [ScanHit] {
        let reader = try blockReader(block, blocks)
        let mayHave = scan.literalBlocks.map { $0?.contains(block) ?? true }
        return try reader.scan(scan.filter, scan.shapes, mayHave: mayHave, scan.window)
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
        guard !filter.clauses.isEmpty else { return true }
        for clause in filter.clauses {
            let isPossible = try mayMatch(clause)
            if filter.needsOneSpan && !isPossible { return false }
            if !filter.needsOneSpan && isPossible { return true }
        }
        return filter.needsOneSpan
    }

    private func mayMatch(_ clause: SpanFilter.Clause) throws(SegmentError) -> Bool {
        func isKnown(_ fingerprint: UInt64) throws(SegmentError) -> Bool {
            try !blocks(of: fingerprint, try valueDirectory().pages, "value directory").isEmpty
        }
        switch clause {
        case .operation, .remoteService, .duration:
            return true
        case .keyOrEvent(let key):
            return try isKnown(key.withUnsafeBytes { ValueFingerprint.presence($0) })
        case .attribute(let key, let value), .anywhere(let key, let value):
            if case .anywhere = clause, try valueDirectory().hasAttributesElsewhere || DerivedAttribute.isDerived(key) {
                return true
            }
            let keyHash = key.withUnsafeBytes { ValueFingerprint.key($0) }
            if try isKnown(value.withUnsafeBytes { ValueFingerprint.value($0, key: keyHash) }) { return true }
            return try isKnown(key.withUnsafeBytes { ValueFingerprint.otherType($0) })
        }
    }
}
