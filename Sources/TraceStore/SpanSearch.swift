internal import Logging
internal import SegmentStore
public import TraceModel

extension TraceStore {
    public func forEachSpan(
        _ query: SpanQuery, _ work: QueryWork, _ body: (SpanView) throws -> Void
    ) throws -> SpanQueryOutcome {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var search = SpanSearch(query, snapshot, work, logger)
        do {
            try search.run(body)
        } catch let error as StoreError where error.code == .timedOut {
            search.outcome.isComplete = false
        }
        return search.outcome
    }
}

/// Finds single spans: of the live ones, then of the segments, block by block, those that start last about first.
struct SpanSearch {
    var outcome = SpanQueryOutcome()
    private let query: SpanQuery
    private let snapshot: StoreSnapshot
    private let reader: TraceReader
    private let work: QueryWork
    private let logger: Logger
    private var count = 0
    /// Spans that were told of, as far as their IDs and starts tell: what was sent twice is told once.
    private var known: Set<Int> = []
    /// Whether any trace may have a copy of a request.
    private var hasMirrors = false
    private var lastMirrored: (traceID: TraceID, spans: MirroredSpans?)?

    init(_ query: SpanQuery, _ snapshot: StoreSnapshot, _ work: QueryWork, _ logger: Logger) {
        self.query = query
        self.snapshot = snapshot
        self.work = work
        self.logger = logger
        reader = TraceReader(snapshot, logger)
    }

    mutating func run(_ body: (SpanView) throws -> Void) throws {
        guard query.limit > 0 else {
            outcome.isComplete = false
            return
        }
        if query.isMirrored != nil { hasMirrors = try mayHaveMirrors() }
        if query.isMirrored == true, !hasMirrors { return }
        for span in try liveSpans() {
            guard try tell(span, .unknown, body) else { return }
        }
        let (window, segments, reader) = (query.closedWindow, snapshot.segments, reader)
        let filter = SpanFilter(
            spansets: hasMirrors ? [query.condition, SpanQuery.mirrors] : [query.condition],
            combination: .spanset(0))
        var blocks: [(segment: Int, scan: SegmentReader.SpanScan, number: Int, latestStart: Int64)] = []
        for (place, segment) in segments.enumerated() where isWithin(segment, window) {
            try work.check()
            guard
                let scan = reporting({ () throws(SegmentError) in
                    try segment.reader.spanScan(filter, within: window)
                }) ?? nil
            else { continue }
            blocks += scan.blocks.map { (place, scan, $0.number, $0.latestStart) }
        }
        blocks.sort { $0.latestStart > $1.latestStart }
        for block in blocks {
            try work.check()
            let (segment, memory) = (segments[block.segment].reader, reader.blocks[block.segment])
            let spans = reporting { () throws(SegmentError) in
                try segment.spans(in: block.number, of: block.scan, memory)
            }
            guard let spans else { continue }
            guard try tell(spans, memory, body) else { return }
            // There may be thousands.
            memory.removeAll()
        }
    }

    /// - Returns: false once there are enough.
    private mutating func tell(
        _ blockSpans: BlockSpans, _ memory: BlockMemory, _ body: (SpanView) throws -> Void
    ) throws -> Bool {
        var spans = blockSpans
        while !spans.isAtEnd {
            // No more than are asked for, as long as all that may match do.
            let count = min(query.limit - count, Self.spanCountAtOnce) + 1
            var builder = SpanBatchBuilder()
            let ancestries = reporting { () throws(SegmentError) in
                try spans.read(count, into: &builder, memory)
            }
            guard let ancestries else { return true }
            let batch = builder.makeBatch()
            let starts = batch.spans.map { $0.start ?? .min }
            for row in starts.indices.sorted(by: { starts[$0] > starts[$1] }) {
                let span = SpanView(batch: batch, row: row)
                guard query.isMet(by: span) else { continue }
                guard try tell(span, ancestries[row], body) else { return false }
            }
        }
        return true
    }

    /// Bounds memory.
    private static let spanCountAtOnce = 4_096

    // MARK: Sources

    /// The latest first.
    private func liveSpans() throws(StoreError) -> [SpanView] {
        var found: [(start: Int64, span: SpanView)] = []
        let window = query.closedWindow
        for batch in snapshot.generations.lazy.flatMap(\.batches) {
            try work.check()
            guard batch.earliestStart <= window.upperBound, batch.latestEnd >= window.lowerBound else { continue }
            let isSought = (0..<batch.shapeCount).map { number in
                let shape = batch.shape(number)
                return query.kinds.contains(shape.traits.kind)
                    && batch.string(shape.serviceName).elementsEqual(query.serviceName.utf8)
            }
            guard isSought.contains(true) else { continue }
            for row in 0..<batch.spanCount where isSought[Int(batch.shapeColumn[row])] {
                guard window.contains(batch.startColumn[row]) else { continue }
                let span = SpanView(batch: batch, row: row)
                if query.isMet(by: span) { found.append((batch.startColumn[row], span)) }
            }
        }
        return found.sorted { $0.start > $1.start }.map(\.span)
    }

    private func isWithin(_ segment: StoredSegment, _ window: ClosedRange<Int64>) -> Bool {
        guard let earliest = segment.statistics.earliestStart, let latest = segment.statistics.latestStart else {
            return false
        }
        return earliest <= window.upperBound && latest >= window.lowerBound
    }

    // MARK: Spans

    /// - Returns: false once there are enough.
    private mutating func tell(
        _ span: SpanView, _ ancestry: SpanAncestry, _ body: (SpanView) throws -> Void
    ) throws -> Bool {
        if let isMirrored = query.isMirrored, try self.isMirrored(span, ancestry) != isMirrored { return true }
        var hasher = Hasher()
        hasher.combine(span.traceID)
        hasher.combine(span.spanID)
        hasher.combine(span.start)
        guard known.insert(hasher.finalize()).inserted else { return true }
        guard count < query.limit else {
            outcome.isComplete = false
            return false
        }
        count += 1
        try body(span)
        return true
    }

    // MARK: Copies of requests

    private mutating func isMirrored(_ span: SpanView, _ ancestry: SpanAncestry) throws(StoreError) -> Bool {
        switch ancestry {
        case .clear: return false
        case .marked: return true
        case .unknown:
            guard hasMirrors, span.parentID != nil else { return false }
            if lastMirrored?.traceID != span.traceID {
                try work.check()
                lastMirrored = (span.traceID, try reader.trace(span.traceID).map { MirroredSpans($0) })
            }
            return lastMirrored?.spans?.contains(span.spanID) ?? false
        }
    }

    /// Whether there is any copy of a request at about that time.
    private mutating func mayHaveMirrors() throws(StoreError) -> Bool {
        let start = query.window.lowerBound.subtractingClamped(SpanQuery.mirrorReach)
        let window = start...query.closedWindow.upperBound
        let filter = SpanFilter(spansets: [SpanQuery.mirrors], combination: .spanset(0))
        for live in snapshot.generations {
            let window = SegmentReader.Window(window, lateEnd: window.upperBound)
            if !LiveSearch.hits(in: live, filter, window).isEmpty { return true }
        }
        for segment in snapshot.segments where isWithin(segment, window) {
            try work.check()
            let scan = reporting { () throws(SegmentError) in
                try segment.reader.spanScan(filter, within: window)
            }
            if let scan, scan != nil { return true }
        }
        return false
    }

    /// Goes on without what cannot be read.
    private mutating func reporting<Value>(_ body: () throws(SegmentError) -> Value) -> Value? {
        do throws(SegmentError) {
            return try body()
        } catch {
            let gap = "some of what is stored is damaged and was left out; see the log"
            if !outcome.gaps.contains(gap) { outcome.gaps.append(gap) }
            logger.error("spans cannot be read", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
