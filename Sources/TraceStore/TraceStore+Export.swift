internal import SegmentStore
public import TraceModel

/// Which traces are exported: those with a span that meets both conditions, with all their spans.
public struct ExportSelection: Sendable {
    /// Nanoseconds since 1970, of a span's start.
    public var starts: ClosedRange<Int64>?
    public var serviceName: String?

    public init(starts: ClosedRange<Int64>? = nil, serviceName: String? = nil) {
        self.starts = starts
        self.serviceName = serviceName
    }

    var isEverything: Bool { starts == nil && serviceName == nil }
}

extension TraceStore {
    /// Seals everything that is live.
    public func seal() throws(StoreError) {
        guard sealAll() else { throw StoreError(.unusable, "live spans could not be sealed; they stay in the journal") }
    }

    /// Hands out all spans that are stored, those that are live included: they are sealed before.
    ///
    /// By segment, in the order of their creation; within a segment trace by trace. One block is in memory at a time,
    /// and, unless everything is exported, 32 bytes or so for each trace that is.
    /// - Parameters:
    ///   - progress: called with the blocks done and all there are.
    ///   - body: gets some spans, the parts of a trace that one segment has one behind the other.
    /// - Throws: `StoreError`, also for a block that cannot be read; or what `body` throws.
    public func export(
        _ selection: ExportSelection, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
        _ body: ([SpanView]) throws -> Void
    ) throws {
        try seal()
        let segments = state.snapshot().segments.sorted {
            ($0.reader.createdAt, $0.id) < ($1.reader.createdAt, $1.id)
        }
        var blockCount = 0
        for segment in segments { blockCount += try segment.reader.blockCount() }
        var traceIDs: Set<TraceID>?
        var done = 0
        if !selection.isEverything {
            let all = blockCount
            blockCount *= 2
            var chosen: Set<TraceID> = []
            try forEachBlock(of: segments.filter { $0.statistics.mayHave(selection) }) { batch in
                progress(done, blockCount)
                done += 1
                selection.choose(from: batch, into: &chosen)
            }
            if chosen.isEmpty { return progress(blockCount, blockCount) }
            done = all
            traceIDs = chosen
        }
        try forEachBlock(of: segments) { batch in
            progress(done, blockCount)
            done += 1
            let spans = batch.spans.filter { traceIDs?.contains($0.traceID) ?? true }
            if !spans.isEmpty { try body(spans) }
        }
        progress(blockCount, blockCount)
    }

    private func forEachBlock(of segments: [StoredSegment], _ body: (SpanBatch) throws -> Void) throws {
        for segment in segments {
            defer { segment.reader.releaseMemory() }
            for block in 0..<(try wrapped { () throws(SegmentError) in try segment.reader.blockCount() }) {
                var builder = SpanBatchBuilder()
                try wrapped { () throws(SegmentError) in try segment.reader.readBlock(block, into: &builder) }
                try body(builder.makeBatch())
            }
        }
    }

    private func wrapped<Value>(_ body: () throws(SegmentError) -> Value) throws(StoreError) -> Value {
        try StoreError.wrapSegment(body)
    }
}

extension ExportSelection {
    fileprivate func choose(from batch: SpanBatch, into chosen: inout Set<TraceID>) {
        var service: UInt32?
        if let serviceName {
            var name = serviceName
            guard let number = name.withUTF8({ batch.number(of: UnsafeRawBufferPointer($0)) }) else { return }
            service = number
        }
        let isWanted = (0..<batch.shapeCount).map { service == nil || batch.shape($0).serviceName == service }
        for row in 0..<batch.spanCount where isWanted[Int(batch.shapeColumn[row])] {
            let start = batch.startColumn[row]
            if let starts, start == SpanBatch.absentTime || !starts.contains(start) { continue }
            chosen.insert(TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row]))
        }
    }
}

extension SegmentStatistics {
    /// Whether any span may start when the selection asks for.
    fileprivate func mayHave(_ selection: ExportSelection) -> Bool {
        guard let starts = selection.starts else { return true }
        guard let earliestStart, let latestStart, let latestEnd else { return false }
        return earliestStart <= starts.upperBound && max(latestStart, latestEnd) >= starts.lowerBound
    }
}
