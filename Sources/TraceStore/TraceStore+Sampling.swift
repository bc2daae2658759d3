internal import Logging
internal import SegmentStore
public import TraceModel

extension TraceStore {
    /// Calls `body` with each trace that starts within the window, whole, the earliest first. Traces of which no span
    /// has a start are passed over.
    ///
    /// In memory are one block of each segment that has spans of the time reached, and 50 bytes or so for each live
    /// trace. What cannot be read is left out, with a line in the log.
    /// - Parameters:
    ///   - serviceName: only traces in which it takes part.
    ///   - progress: called with the spans passed and, about, all there are.
    ///   - body: gets the spans of a trace by start; at least one.
    /// - Throws: `StoreError`, and what `body` throws.
    public func forEachTrace(
        startingWithin window: ClosedRange<Int64>, serviceName: String?, _ work: QueryWork,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, _ body: ([SpanView]) throws -> Void
    ) throws {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var walk = TraceWalk(snapshot, window, serviceName: serviceName, work, logger)
        try walk.run(segmentEnded: { cache.queryEnded(snapshot.segments) }, progress: progress, body)
    }

    /// Bytes that a stored span takes in segments, with its part of everything; nil while there are none.
    public var byteCountPerSpan: Double? {
        let known = statistics()
        return known.segmentSpanCount > 0 ? Double(known.segmentByteCount) / Double(known.segmentSpanCount) : nil
    }
}

/// Goes through segments and live generations in the order of the traces' starts.
private struct TraceWalk {
    private let window: ClosedRange<Int64>
    private let serviceName: [UInt8]?
    private let work: QueryWork
    private let logger: Logger
    private let reader: TraceReader
    private let filter: SpanFilter
    /// Places of segments that were not reached yet; the earliest is the last.
    private var unopened: [(start: Int64, place: Int)] = []
    private var open: [OpenSegment] = []
    /// Traces with live spans; the earliest is the last.
    private var live: [(start: Int64, traceID: TraceID)] = []
    private let liveIDs: Set<TraceID>
    private var told = ToldTraces()
    private var doneCount = 0
    private var takenCount = 0
    private let totalCount: Int

    /// Nanoseconds between parts of a trace.
    private static let margin: Int64 = 60_000_000_000

    init(
        _ snapshot: StoreSnapshot, _ window: ClosedRange<Int64>, serviceName: String?, _ work: QueryWork,
        _ logger: Logger
    ) {
        self.window = window
        self.serviceName = serviceName.map { Array($0.utf8) }
        self.work = work
        self.logger = logger
        let earliest = window.lowerBound.subtractingReportingOverflow(Self.margin)
        let latest = window.upperBound.addingReportingOverflow(Self.margin)
        let reach = (earliest.overflow ? .min : earliest.partialValue)...(latest.overflow ? .max : latest.partialValue)
        let segments = snapshot.segments.filter { $0.statistics.touches(reach) }
        reader = TraceReader(StoreSnapshot(generations: snapshot.generations, segments: segments), logger)
        filter = SpanFilter(spansForAll: [self.serviceName.map { .clause(.service(.equals($0))) } ?? .anything])
        var total = 0
        for (place, segment) in segments.enumerated() where segment.statistics.touches(window) {
            unopened.append((segment.statistics.earliestStart ?? .min, place))
            total += segment.statistics.spanCount
        }
        unopened.sort { $0.start > $1.start }
        totalCount = total
        let starts = Self.liveStarts(snapshot)
        liveIDs = Set(starts.keys)
        live = starts.compactMap { traceID, start in
            start.flatMap { window.contains($0) ? (start: $0, traceID: traceID) : nil }
        }
        live.sort { ($0.start, $0.traceID) > ($1.start, $1.traceID) }
    }

    private static func liveStarts(_ snapshot: StoreSnapshot) -> [TraceID: Int64?] {
        var starts: [TraceID: Int64?] = [:]
        for generation in snapshot.generations {
            for batch in generation.batches {
                for row in 0..<batch.spanCount {
                    let traceID = TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row])
                    let start = batch.startColumn[row]
                    let known = starts[traceID] ?? nil
                    let own = start == SpanBatch.absentTime ? known : min(start, known ?? start)
                    starts.updateValue(own, forKey: traceID)
                }
            }
        }
        return starts
    }

    // MARK: In order

    mutating func run(
        segmentEnded: () -> Void, progress: (Int, Int) -> Void, _ body: ([SpanView]) throws -> Void
    ) throws {
        try work.check()
        while true {
            let next = open.indices.min { open[$0].start < open[$1].start }
            let start = min(next.map { open[$0].start } ?? .max, live.last?.start ?? .max)
            if let segment = unopened.last, segment.start <= start {
                unopened.removeLast()
                openSegment(segment.place)
                continue
            }
            if let segment = next, open[segment].start == start {
                let hasMore = start > window.upperBound ? false : try takeStored(segment, body)
                if !hasMore {
                    reader.blocks[open[segment].place].removeAll()
                    open.remove(at: segment)
                    segmentEnded()
                }
                progress(doneCount, totalCount)
            } else if let entry = live.popLast() {
                try tellWhole(entry.traceID, body)
            } else {
                return progress(totalCount, totalCount)
            }
            takenCount += 1
            if takenCount % 64 == 0 { try work.check() }
        }
    }

    private mutating func openSegment(_ place: Int) {
        let segment = reader.snapshot.segments[place]
        do throws(SegmentError) {
            let lateEnd = window.upperBound
            guard let scan = try segment.reader.scan(filter, window: .init(window, lateEnd: lateEnd)) else { return }
            var opened = OpenSegment(place: place, blocks: scan.blocks.map(\.number).sorted(by: >))
            if advance(&opened) { open.append(opened) }
        } catch {
            logger.error("segment cannot be read", metadata: ["reason": "\(error)"])
        }
    }

    /// Goes to the next trace of a segment; false behind the last.
    private mutating func advance(_ segment: inout OpenSegment) -> Bool {
        while true {
            if segment.findTrace() { return true }
            guard let block = segment.blocks.popLast() else { return false }
            var builder = SpanBatchBuilder()
            do throws(SegmentError) {
                try reader.snapshot.segments[segment.place].reader.readBlock(block, into: &builder)
            } catch {
                logger.error("block cannot be read", metadata: ["reason": "\(error)"])
                continue
            }
            doneCount += builder.spanCount
            segment.batch = builder.makeBatch()
            segment.rows = 0..<0
        }
    }

    /// - Returns: false if it was the segment's last trace.
    private mutating func takeStored(_ place: Int, _ body: ([SpanView]) throws -> Void) throws -> Bool {
        guard let batch = open[place].batch else { preconditionFailure("an open segment has a block") }
        var segment = open[place]
        let (rows, start, end) = (segment.rows, segment.start, segment.end)
        let traceID = segment.traceID
        let hasNext = advance(&segment)
        open[place] = segment
        if told.contains(traceID) { return hasNext }
        let goesOn = hasNext && segment.traceID == traceID
        if goesOn || liveIDs.contains(traceID)
            || hasParts(traceID, besides: segment.place, from: start, to: end)
        {
            try tellWhole(traceID, body)
        } else if window.contains(start) {
            try tell(Trace.distinct(rows.map { SpanView(batch: batch, row: $0) }), body)
        }
        return hasNext
    }

    private func hasParts(_ traceID: TraceID, besides own: Int, from start: Int64, to end: Int64) -> Bool {
        let earliest = start.subtractingReportingOverflow(Self.margin)
        let latest = end.addingReportingOverflow(Self.margin)
        let reach = (earliest.overflow ? .min : earliest.partialValue)...(latest.overflow ? .max : latest.partialValue)
        for (place, segment) in reader.snapshot.segments.enumerated()
        where place != own && segment.statistics.touches(reach) {
            // What cannot be read has none; the reader says so when it is its turn.
            if let blocks = try? segment.reader.blocks(ofTrace: traceID), !blocks.isEmpty { return true }
        }
        return false
    }

    /// A trace of which there may be parts in several places.
    private mutating func tellWhole(_ traceID: TraceID, _ body: ([SpanView]) throws -> Void) throws {
        if told.contains(traceID) { return }
        told.insert(traceID)
        guard let trace = try reader.trace(traceID) else { return }
        guard let start = trace.spans.lazy.compactMap(\.start).first, window.contains(start) else { return }
        try tell(trace.spans, body)
    }

    private func tell(_ spans: [SpanView], _ body: ([SpanView]) throws -> Void) throws {
        if let serviceName, !spans.contains(where: { $0.serviceName.elementsEqual(serviceName) }) { return }
        try body(spans)
    }
}

/// A segment of which one block is in memory.
private struct OpenSegment {
    /// Of the reader's segments.
    let place: Int
    /// To be read; the next is the last.
    var blocks: [Int]
    var batch: SpanBatch?
    /// Of the trace at hand.
    var rows = 0..<0
    var start: Int64 = 0
    var end: Int64 = 0
    var traceID = TraceID(high: 0, low: 0)

    init(place: Int, blocks: [Int]) {
        self.place = place
        self.blocks = blocks
    }

    /// Goes to the next trace with a start; false if the block has none.
    mutating func findTrace() -> Bool {
        guard let batch else { return false }
        let (highs, lows) = (batch.traceIDHighColumn, batch.traceIDLowColumn)
        while rows.upperBound < batch.spanCount {
            let first = rows.upperBound
            var last = first + 1
            while last < batch.spanCount, lows[last] == lows[first], highs[last] == highs[first] { last += 1 }
            rows = first..<last
            traceID = TraceID(high: highs[first], low: lows[first])
            var earliest: Int64?
            end = .min
            for row in rows where batch.startColumn[row] != SpanBatch.absentTime {
                let start = batch.startColumn[row]
                earliest = min(earliest ?? start, start)
                let own = start.addingReportingOverflow(max(batch.durationColumn[row], 0))
                end = max(end, own.overflow ? .max : own.partialValue)
            }
            if let earliest {
                start = earliest
                return true
            }
        }
        return false
    }
}

/// Traces with several parts that were told of lately, so that none is told of twice.
private struct ToldTraces {
    private var recent: Set<TraceID> = []
    private var older: Set<TraceID> = []

    private static let halfCount = 200_000

    func contains(_ traceID: TraceID) -> Bool { recent.contains(traceID) || older.contains(traceID) }

    mutating func insert(_ traceID: TraceID) {
        if recent.count >= Self.halfCount {
            older = recent
            recent = []
        }
        recent.insert(traceID)
    }
}

extension SegmentStatistics {
    /// Whether any span may start or last within the window.
    fileprivate func touches(_ window: ClosedRange<Int64>) -> Bool {
        guard let earliestStart, let latestEnd else { return false }
        return earliestStart <= window.upperBound && max(latestEnd, latestStart ?? latestEnd) >= window.lowerBound
    }
}
