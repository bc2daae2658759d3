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
    private let query: TraceQuery
    private let matcher: TraceMatcher
    private let snapshot: StoreSnapshot
    private let reader: TraceReader
    private let logger: Logger
    /// nil where the window tests each span.
    private let lateParts: LateParts?
    private let searchWindow: SegmentReader.Window

    private enum Source {
        case live(GenerationSnapshot)
        /// The place of a segment in the snapshot.
        case segment(Int)
        /// The place of its segment in the snapshot, the scan of that, and the block.
        case block(Int, SegmentReader.Scan, Int)
    }

    init(_ query: TraceQuery, _ snapshot: StoreSnapshot, _ logger: Logger) throws(StoreError) {
        self.query = query
        self.snapshot = snapshot
        self.logger = logger
        reader = TraceReader(snapshot, logger)
        matcher = TraceMatcher(query)
        let window = matcher.window
        lateParts = query.rules == .anySpans ? LateParts(snapshot, end: window.upperBound) : nil
        searchWindow = SegmentReader.Window(window, lateEnd: try lateParts?.lateEnd() ?? window.upperBound)
    }

    func run(_ catalog: Catalog) throws(StoreError) -> TraceSearchResult {
        var sources = try sources(catalog)
        // The last is taken next.
        sources.sort { $0.latestStart < $1.latestStart }
        var candidates = CandidateQueue(completeMask: matcher.filter.completeMask)
        var found: [(order: Int64, trace: Trace)] = []
        while true {
            let bound = sources.last?.latestStart
            while let next = candidates.popLatest(notBefore: bound ?? .min) {
                if found.count > query.limit, found[query.limit].order >= next.start { return result(found) }
                guard let trace = try reader.trace(next.traceID), matcher.matches(trace) else { continue }
                let order = matcher.order(trace)
                let place = found.firstIndex { $0.order < order } ?? found.count
                found.insert((order, trace), at: place)
                if found.count > query.limit + 1 { found.removeLast() }
            }
            if let bound, found.count > query.limit, found[query.limit].order >= bound { return result(found) }
            guard let source = sources.popLast() else { return result(found) }
            switch source.source {
            case .live(let live):
                add(LiveSearch.hits(in: live, matcher.filter, searchWindow), to: &candidates)
            case .segment(let place):
                let blocks = blocks(ofSegment: place)
                guard !blocks.isEmpty else { continue }
                sources += blocks
                sources.sort { $0.latestStart < $1.latestStart }
            case .block(let place, let scan, let block):
                add(hits(place, scan, block), to: &candidates)
            }
        }
    }

    private func add(_ hits: [ScanHit], to candidates: inout CandidateQueue) {
        for hit in hits where !hit.isLate || lateParts?.hasBegun(hit.traceID) == true { candidates.add(hit) }
    }

    private func result(_ found: [(order: Int64, trace: Trace)]) -> TraceSearchResult {
        TraceSearchResult(traces: found.prefix(query.limit).map(\.trace), hasMore: found.count > query.limit)
    }

    private func sources(_ catalog: Catalog) throws(StoreError) -> [(latestStart: Int64, source: Source)] {
        var sources: [(latestStart: Int64, source: Source)] = []
        for live in snapshot.generations where !live.batches.isEmpty {
            sources.append((matcher.window.upperBound, .live(live)))
        }
        let wanted = try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.segmentIDs(
                startingWithin: matcher.window.lowerBound...searchWindow.lateEnd,
                serviceName: query.serviceName)
        }
        let latestStarts = Dictionary(uniqueKeysWithValues: wanted.map { ($0.segmentID, $0.latestStart) })
        for (place, segment) in snapshot.segments.enumerated() {
            guard let latestStart = latestStarts[segment.id] else { continue }
            sources.append((min(latestStart, matcher.window.upperBound), .segment(place)))
        }
        return sources
    }

    private func blocks(ofSegment place: Int) -> [(latestStart: Int64, source: Source)] {
        do throws(SegmentError) {
            let scan = try snapshot.segments[place].reader.scan(matcher.filter, window: searchWindow)
            guard let scan else { return [] }
            return scan.blocks.map { ($0.latestStart, .block(place, scan, $0.number)) }
        } catch {
            logger.error("segment cannot be searched", metadata: ["reason": "\(error)"])
            return []
        }
    }

    private func hits(_ place: Int, _ scan: SegmentReader.Scan, _ block: Int) -> [ScanHit] {
        do throws(SegmentError) {
            return try snapshot.segments[place].reader.hits(in: block, of: scan, reader.blocks[place])
        } catch {
            logger.error("block cannot be searched", metadata: ["reason": "\(error)"])
            return []
        }
    }
}

/// Traces that were hit, the one that starts last first. One that was popped does not come again.
private struct CandidateQueue {
    private let completeMask: UInt64
    /// A binary heap by start.
    private var heap: [(start: Int64, traceID: TraceID)] = []
    /// Clauses met so far; of traces in the heap and of those done all bits.
    private var masks: [TraceID: UInt64] = [:]

    init(completeMask: UInt64) { self.completeMask = completeMask }

    mutating func add(_ hit: ScanHit) {
        let known = masks[hit.traceID] ?? 0
        if known == completeMask { return }
        let mask = known | hit.mask
        masks[hit.traceID] = mask
        if mask == completeMask { push((hit.start, hit.traceID)) }
    }

    mutating func popLatest(notBefore bound: Int64) -> (start: Int64, traceID: TraceID)? {
        guard let first = heap.first, first.start >= bound else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return first
    }

    private mutating func push(_ element: (start: Int64, traceID: TraceID)) {
        heap.append(element)
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2].start < heap[child].start {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].start > heap[largest].start { largest = child }
            }
            if largest == parent { return }
            heap.swapAt(parent, largest)
            parent = largest
        }
    }
}
