internal import Catalog
internal import Logging
internal import SegmentStore
internal import TraceModel

/// Finds traces, those that start last first, and stops as soon as no older one can be among them.
///
/// Segments, blocks and generations are taken in the order of the last trace in each, and a segment's blocks are only
/// looked for when it is its turn; a trace that was hit is put together and checked once nothing unread can hold a
/// later one.
struct TraceSearch {
    private let matcher: TraceMatcher
    private let snapshot: StoreSnapshot
    private let reader: TraceReader
    private let logger: Logger
    /// nil where the window tests each span.
    private let lateParts: LateParts?
    private let searchWindow: SegmentReader.Window
    private let work: QueryWork

    private var results: TraceResults
    /// Something could not be read: more may match than was found.
    private var isDamaged = false

    private enum Source {
        case live(GenerationSnapshot)
        /// The place of a segment in the snapshot.
        case segment(Int)
        /// The place of its segment in the snapshot, the scan of that, and the block.
        case block(Int, SegmentReader.Scan, Int)
    }

    init(
        _ query: TraceQuery, _ snapshot: StoreSnapshot, _ work: QueryWork, _ logger: Logger
    ) throws(StoreError) {
        self.work = work
        self.snapshot = snapshot
        self.logger = logger
        reader = TraceReader(snapshot, logger)
        matcher = TraceMatcher(query)
        results = TraceResults(matcher)
        let window = matcher.window
        lateParts = matcher.testsTraceStart ? LateParts(snapshot, end: window.upperBound) : nil
        searchWindow = SegmentReader.Window(window, lateEnd: try lateParts?.lateEnd() ?? window.upperBound)
    }

    /// - Parameter state: what the store holds by now.
    /// - Throws: `StoreError`, and what `body` throws.
    mutating func run(
        _ catalog: Catalog, _ state: StoreState, _ body: (FoundTrace) throws -> Void
    ) throws -> TraceSearchOutcome {
        do {
            return try search(try sources(catalog, state), body)
        } catch let error as StoreError where error.code == .timedOut && results.isFull {
            // All that was asked for has been told; only the count is not at its end.
            return outcome(isComplete: false)
        }
    }

    private mutating func search(
        _ sources: [(latestStart: Int64, source: Source)], _ body: (FoundTrace) throws -> Void
    ) throws -> TraceSearchOutcome {
        var sources = sources
        results.scanned.segmentCount = snapshot.segments.count
        // The last is taken next.
        sources.sort { $0.latestStart < $1.latestStart }
        var candidates = CandidateQueue(matcher.filter.combination)
        while true {
            let bound = sources.last?.latestStart
            while let next = candidates.popLatest(notBefore: bound ?? .min) {
                try work.check()
                try results.emit(startingAfter: next.start, body)
                if results.isDone { return outcome(isComplete: false) }
                if let trace = try reader.trace(next.traceID) { results.consider(trace) }
            }
            try results.emit(startingAfter: bound, body)
            if results.isDone { return outcome(isComplete: false) }
            guard let source = sources.popLast() else { return outcome(isComplete: true) }
            try work.check()
            switch source.source {
            case .live(let live):
                add(LiveSearch.hits(in: live, matcher.filter, searchWindow), to: &candidates)
            case .segment(let place):
                let blocks = blocks(ofSegment: place)
                guard !blocks.isEmpty else { continue }
                sources += blocks
                sources.sort { $0.latestStart < $1.latestStart }
            case .block(let place, let scan, let block):
                results.scanned.blockCount += 1
                add(hits(place, scan, block), to: &candidates)
            }
            guard candidates.count <= CandidateQueue.countMax else {
                throw StoreError(.timedOut, "the query has to look at too many traces: narrow it, or its time")
            }
        }
    }

    private func outcome(isComplete: Bool) -> TraceSearchOutcome {
        results.outcome(
            isExact: isComplete && !isDamaged,
            gaps: isDamaged ? ["some of what is stored is damaged and was left out; see the log"] : [])
    }

    private func add(_ hits: [ScanHit], to candidates: inout CandidateQueue) {
        for hit in hits where !hit.isLate || lateParts?.hasBegun(hit.traceID) == true { candidates.add(hit) }
    }

    private func sources(
        _ catalog: Catalog, _ state: StoreState
    ) throws(StoreError) -> [(latestStart: Int64, source: Source)] {
        var sources: [(latestStart: Int64, source: Source)] = []
        for live in snapshot.generations where !live.batches.isEmpty {
            sources.append((matcher.window.upperBound, .live(live)))
        }
        let wanted = try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.segmentIDs(
                startingWithin: matcher.window.lowerBound...searchWindow.lateEnd,
                serviceName: matcher.filter.serviceName.map { String(decoding: $0, as: UTF8.self) })
        }
        let latestStarts = Dictionary(uniqueKeysWithValues: wanted.map { ($0.segmentID, $0.latestStart) })
        // The catalog is a moment ahead of the snapshot: it may name only what took the place of these segments.
        let replaced = state.replacedSegments(of: snapshot.segments.map(\.id))
        for (place, segment) in snapshot.segments.enumerated() {
            let ownLatest = replaced.contains(segment.id) ? segment.statistics.latestStart : nil
            guard let latestStart = latestStarts[segment.id] ?? ownLatest else { continue }
            sources.append((min(latestStart, matcher.window.upperBound), .segment(place)))
        }
        return sources
    }

    private mutating func blocks(ofSegment place: Int) -> [(latestStart: Int64, source: Source)] {
        do throws(SegmentError) {
            let scan = try snapshot.segments[place].reader.scan(matcher.filter, window: searchWindow)
            guard let scan else { return [] }
            return scan.blocks.map { ($0.latestStart, .block(place, scan, $0.number)) }
        } catch {
            isDamaged = true
            logger.error("segment cannot be searched", metadata: ["reason": "\(error)"])
            return []
        }
    }

    private mutating func hits(_ place: Int, _ scan: SegmentReader.Scan, _ block: Int) -> [ScanHit] {
        do throws(SegmentError) {
            return try snapshot.segments[place].reader.hits(in: block, of: scan, reader.blocks[place])
        } catch {
            isDamaged = true
            logger.error("block cannot be searched", metadata: ["reason": "\(error)"])
            return []
        }
    }
}
