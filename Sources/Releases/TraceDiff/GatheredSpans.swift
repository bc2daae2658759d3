internal import Topology
public import TraceModel

/// Copies of the spans of two traces in one batch, so that equal texts have equal numbers, and the site of each.
public struct GatheredSpans: Sendable {
    /// The spans of a trace that are looked at: the first ones, by start; fewer where they are large.
    package static let spanCountMax = 100_000
    /// What the spans of a trace may take in memory.
    static let byteCountMax = 64 << 20

    let batch: SpanBatch
    /// By row.
    let sites: [UInt32]
    var names: CallNames
    /// Rows of the first trace; those of the second come behind them.
    let firstRows: Range<Int>
    let secondRows: Range<Int>

    /// Takes spans of a first trace, then those of a second one.
    public struct Builder: ~Copyable {
        private var builder = SpanBatchBuilder()
        private var firstCount: Int?
        private var firstByteCount = 0

        public init() {}

        private var hasRoom: Bool {
            builder.spanCount - (firstCount ?? 0) < GatheredSpans.spanCountMax
                && builder.byteCount - firstByteCount < GatheredSpans.byteCountMax
                // Half of what a batch can hold is room enough for whatever one span has.
                && builder.stringCount < SpanBatchBuilder.stringCountMax / 2
        }

        /// - Returns: false if the trace has as many spans as are looked at: this one is left out.
        public mutating func append(_ span: SpanView) -> Bool {
            guard hasRoom else { return false }
            builder.append(span, samplingThreshold: 0)
            return true
        }

        /// What comes now is of the second trace.
        public mutating func beginSecond() {
            precondition(firstCount == nil, "two traces are compared")
            firstCount = builder.spanCount
            firstByteCount = builder.byteCount
        }

        public func gathered() -> GatheredSpans { GatheredSpans(builder.makeBatch(), firstCount: firstCount) }
    }

    private init(_ batch: SpanBatch, firstCount: Int?) {
        self.batch = batch
        var extractor = CallExtractor()
        var names = CallNames()
        var sites: [UInt32] = []
        sites.reserveCapacity(batch.spanCount)
        _ = extractor.append(batch, to: &sites, &names)
        self.sites = sites
        self.names = names
        firstRows = 0..<(firstCount ?? batch.spanCount)
        secondRows = (firstCount ?? batch.spanCount)..<batch.spanCount
    }

    /// All spans as those of one trace.
    init(_ trace: Trace) {
        var builder = Builder()
        for span in trace.spans where !builder.append(span) { break }
        self = builder.gathered()
    }

    func span(_ row: Int) -> SpanView { SpanView(batch: batch, row: row) }

    func site(_ row: Int) -> CallSite { names.sites[Int(sites[row])] }
}
