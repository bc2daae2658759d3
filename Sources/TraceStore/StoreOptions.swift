public import Journal
public import TopologyStore

/// How a store keeps its spans. Times in seconds, sizes in bytes.
public struct StoreOptions: Sendable {
    /// Spans in memory, those being sealed included: beyond it batches wait, as many bytes again at most. Half of it
    /// makes a generation large.
    public var liveByteCountMax = 48 << 20
    /// How long a batch waits for room before it is refused.
    public var appendWait: Double = 2
    public var sealAge: Double = 600
    public var sealIdle: Double = 10
    /// A generation with fewer spans is not sealed for being idle: many tiny segments cost more than they save.
    public var sealIdleSpanCount = 1000
    public var blockSpanCount = 8192
    /// Of LZ4, for merged segments; fresh ones are packed with less effort.
    public var compressionLevel = 9
    /// Spans of a merged segment at most.
    public var segmentSpanCountMax = 2_000_000
    /// Share of one processor that merging may take; 1 and more is no bound.
    public var compactionShare = 0.5
    public var retentionAge: Double?
    public var retentionByteCount: Int?
    public var topology = TopologyOptions()
    /// Who is handed everything that is stored.
    public var destinations: [StoreDestination] = []
    /// At the beginning; `TraceStore.changeSampling` puts others in force.
    public var sampling = SamplingRules()
    /// Told what was decided of the traces of each generation, and of those that grew older.
    public var traceDecided: @Sendable (TailReport) -> Void = { _ in }
    public var journal = JournalOptions()
    /// Told the nanoseconds of each sync of the journal, on its thread.
    public var journalSynced: @Sendable (UInt64) -> Void = { _ in }
    /// Dictionaries and directories of segments kept in memory.
    public var cacheByteCountMax = 32 << 20

    public init() {}
}
