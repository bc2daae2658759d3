internal import FileSystem

/// Why the journal could not do what was asked.
public struct JournalError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case overloaded  // the queue is full: receivers answer 503
        case diskFull  // receivers answer 503 until there is room
        case failed  // the device or the system refused
        case unsupportedFormat  // written by a newer release: nothing was touched
        case recordTooLarge  // more than `JournalRecord.byteCountMax`
        case closed  // the journal takes no more records
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

extension JournalError {
    /// What a failed system call means for the journal.
    init(_ action: String, _ error: FileSystemError) {
        self.init(
            code: error.code == .diskFull ? .diskFull : .failed, message: "journal: \(action): \(error)", cause: error)
    }
}
