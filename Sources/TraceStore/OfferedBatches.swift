internal import Journal
internal import TraceModel

/// What one request brought: stored together, in one record of the journal, or not at all.
struct OfferedBatches {
    var first: SpanBatch
    var second: SpanBatch?

    var byteCount: Int { first.byteCount + (second?.byteCount ?? 0) }

    func forEach(_ body: (SpanBatch) -> Void) {
        body(first)
        if let second { body(second) }
    }

    /// The images, one behind the other.
    func record() throws(JournalError) -> JournalRecord {
        guard let second else {
            return try first.withBytes { (bytes) throws(JournalError) in try JournalRecord.pack(bytes) }
        }
        let images = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { images.deallocate() }
        first.withBytes { images.copyMemory(from: $0) }
        second.withBytes { UnsafeMutableRawBufferPointer(rebasing: images[first.byteCount...]).copyMemory(from: $0) }
        return try JournalRecord.pack(UnsafeRawBufferPointer(images))
    }
}
