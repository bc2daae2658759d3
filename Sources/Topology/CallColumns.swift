public import TraceModel

/// The columns of a batch that records of calls are made of, for loops over the spans of many batches.
///
/// Borrowed from its batch: valid as long as that.
public struct CallColumns: @unchecked Sendable {
    // Unchecked: a batch never changes.
    private let batch: Unmanaged<SpanBatch>
    private let traceIDHighs: UnsafeBufferPointer<UInt64>
    private let traceIDLows: UnsafeBufferPointer<UInt64>
    private let starts: UnsafeBufferPointer<Int64>
    private let others: SpanBatch.Pointers
    private let hasShared: Bool

    /// - Parameter hasShared: as `CallExtractor` says of the batch.
    public init(_ batch: SpanBatch, hasShared: Bool) {
        self.batch = Unmanaged.passUnretained(batch)
        traceIDHighs = batch.traceIDHighColumn
        traceIDLows = batch.traceIDLowColumn
        starts = batch.startColumn
        others = batch.pointers
        self.hasShared = hasShared
    }

    /// The record of a span.
    /// - Parameter site: what `CallExtractor` gave for it.
    @inline(__always)
    public func record(ofRow row: Int, site: UInt32) -> CallRecord {
        precondition(row < starts.count, "a row of the batch")
        var record = CallRecord(
            traceIDHigh: traceIDHighs[row], traceIDLow: traceIDLows[row], spanID: others.spanIDs[row],
            parentID: others.parentIDs[row], start: starts[row], duration: others.durations[row], site: site)
        if hasShared { record.address = address(ofRow: row) }
        return record
    }

    private func address(ofRow row: Int) -> UInt32 {
        let batch = batch.takeUnretainedValue()
        guard batch.shape(Int(others.shapes[row])).traits.isShared else { return 0 }
        return CallAddress.of(SpanView(batch: batch, row: row))
    }
}
