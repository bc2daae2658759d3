internal import TraceModel

/// Where documents of spans go: the first of the two lines of each, up to the hash at the end of its ID.
struct SpanAction: ~Copyable {
    private let naming: IndexNaming
    private let index: @Sendable (Int64) -> String
    private var line = DocumentWriter()
    /// Of the line up to the ID, in the period that came last.
    private var headCount = 0
    private var period: Int64 = -1

    /// - Parameter index: what is written to at a moment, in nanoseconds since 1970.
    init(_ naming: IndexNaming, index: @escaping @Sendable (Int64) -> String) {
        self.naming = naming
        self.index = index
    }

    /// The line of the span that was begun last.
    var bytes: UnsafeRawBufferPointer { line.bytes }

    mutating func begin(_ row: Int, of batch: SpanBatch) {
        let time = max(batch.startColumn[row], 0)
        let period = naming.period(of: time)
        if period == self.period {
            line.truncate(to: headCount)
        } else {
            self.period = period
            line.removeAll()
            line.write("{\"index\":{\"_index\":")
            line.writeString(index(time))
            line.write(",\"_id\":\"")
            headCount = line.count
        }
        line.writeHex(batch.traceIDHighColumn[row])
        line.writeHex(batch.traceIDLowColumn[row])
        line.write(UInt8(ascii: "_"))
        line.writeHex(batch.pointers.spanIDs[row])
        line.write(UInt8(ascii: "_"))
    }
}
