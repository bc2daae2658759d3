/// Bytes of a part that hold no readable record.
public struct JournalDamage: Sendable, Equatable {
    public let partNumber: UInt64
    public let offset: Int
    public let byteCount: Int
}

/// What was found when the journal was opened.
public struct JournalRecovery: Sendable {
    /// Files read, those without records included.
    public internal(set) var partCount = 0
    /// Records handed to the call-back.
    public internal(set) var recordCount = 0
    /// Bytes handed to the call-back.
    public internal(set) var byteCount = 0
    /// Unreadable bytes cut from the end of the last part: records that were being written when the process or the
    /// power went.
    public internal(set) var cutByteCount = 0
    /// Unreadable bytes elsewhere, by part and offset. They stay as they are until the part is removed.
    public internal(set) var damages: [JournalDamage] = []
    /// Parts that held nothing, and so were removed.
    public internal(set) var removedPartCount = 0
}
