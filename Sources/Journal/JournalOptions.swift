/// When bytes written are made durable against power loss. A killed process loses nothing that was acknowledged, in
/// any mode.
public enum JournalSyncMode: Sendable, Equatable {
    /// Before a record is acknowledged.
    case always
    /// At the latest so long after the first write not yet synced; acknowledged once written.
    case interval(milliseconds: Int)
    /// When the system pleases.
    case never
}

/// Limits and durability of a journal.
public struct JournalOptions: Sendable {
    public var syncMode: JournalSyncMode
    /// Packed bytes waiting to be written, beyond which records are refused. One record is always let in.
    public var queuedByteCountMax: Int
    /// Size at which the journal goes on in the next part. A part holds one record at least.
    public var partByteCountMax: Int
    /// The lowest number for a new part. A store that remembers numbers of parts passes one above them all.
    public var firstPartNumber: UInt64

    public init(
        syncMode: JournalSyncMode = .interval(milliseconds: 1000), queuedByteCountMax: Int = 64 << 20,
        partByteCountMax: Int = 64 << 20, firstPartNumber: UInt64 = 1
    ) {
        self.syncMode = syncMode
        self.queuedByteCountMax = queuedByteCountMax
        self.partByteCountMax = partByteCountMax
        self.firstPartNumber = firstPartNumber
    }
}

/// Who is told what no single append can tell. Called on the journal's threads: return quickly.
public struct JournalObserver: Sendable {
    /// Duration in nanoseconds of each sync that succeeded.
    public var synced: @Sendable (_ nanoseconds: UInt64) -> Void
    /// A failure after which records already acknowledged may not survive a power cut.
    public var failed: @Sendable (JournalError) -> Void

    public init(
        synced: @escaping @Sendable (_ nanoseconds: UInt64) -> Void = { _ in },
        failed: @escaping @Sendable (JournalError) -> Void = { _ in }
    ) {
        self.synced = synced
        self.failed = failed
    }
}

/// What the journal did since it was opened, and what waits.
public struct JournalStatistics: Sendable {
    /// Records written and acknowledged.
    public internal(set) var appendedRecordCount = 0
    /// Bytes of those records in the files, frame headers included.
    public internal(set) var appendedByteCount = 0
    /// Bytes of those records before packing.
    public internal(set) var unpackedByteCount = 0
    /// Records refused because the queue was full.
    public internal(set) var overloadedRecordCount = 0
    /// Records answered with another error.
    public internal(set) var failedRecordCount = 0
    /// Groups of records written.
    public internal(set) var commitCount = 0
    public internal(set) var syncCount = 0
    public internal(set) var failedSyncCount = 0
    public internal(set) var syncNanosecondsTotal: UInt64 = 0
    public internal(set) var syncNanosecondsLast: UInt64 = 0
    /// Records and packed bytes that wait to be written or acknowledged.
    public internal(set) var queuedRecordCount = 0
    public internal(set) var queuedByteCount = 0
    /// Number of the part that the next record goes to.
    public internal(set) var partNumber: UInt64 = 0
}

/// Where a record is.
public struct JournalPosition: Hashable, Sendable, Comparable {
    public let partNumber: UInt64
    /// First byte of the record's frame, counted from the first byte of the part.
    public let offset: Int

    public init(partNumber: UInt64, offset: Int) {
        self.partNumber = partNumber
        self.offset = offset
    }

    public static func < (left: JournalPosition, right: JournalPosition) -> Bool {
        (left.partNumber, left.offset) < (right.partNumber, right.offset)
    }
}
