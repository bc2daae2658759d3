/// What became of a body that was handed to a `BulkSender`.
public struct BulkReport: Sendable {
    /// A document that the cluster will never take.
    public struct Rejection: Sendable, Equatable {
        /// The line that says what to do with the document, without its line feed.
        public let action: [UInt8]
        /// The document itself, likewise.
        public let source: [UInt8]
        public let status: Int
        /// What the cluster calls the reason, such as `mapper_parsing_exception`; may be empty.
        public let type: String
        /// In the cluster's words; may be empty.
        public let reason: String
    }

    public internal(set) var rejections: [Rejection] = []
    /// Whether all other documents are in the index; false if the sender was stopped before, and nobody knows.
    public internal(set) var isComplete = true
}

/// What keeps documents from going to the index.
public struct BulkProblem: Sendable, Equatable, CustomStringConvertible {
    /// What stays the same while it lasts, such as `OpenSearch answers 401`.
    public let summary: String
    /// The last failure's own words: which node, and why.
    public internal(set) var detail: String
    /// Nanoseconds since 1970.
    public let since: Int64

    /// Such as `OpenSearch answers 401 since 10:42 UTC`.
    public var description: String { "\(summary) since \(UTCTime.text(since))" }
}

/// What a `BulkSender` did so far.
public struct BulkSenderState: Sendable {
    /// Answers by their HTTP status; 0 where there was none.
    public internal(set) var requestCounts: [Int: Int] = [:]
    /// Documents that are in the index.
    public internal(set) var documentCount = 0
    /// Documents that the cluster will never take.
    public internal(set) var rejectedDocumentCount = 0
    /// Documents that were handed over and are neither.
    public internal(set) var pendingDocumentCount = 0
    public internal(set) var requestsUnderWay = 0
    /// Requests that may be under way now: fewer than configured while the cluster pushes back.
    public internal(set) var requestCountLimit = 0
    /// Of the last request that ended; nil when it succeeded.
    public internal(set) var problem: BulkProblem?
}
