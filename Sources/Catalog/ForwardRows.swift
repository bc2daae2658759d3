/// A cluster that is handed everything that is stored.
public struct ForwardDestination: Sendable, Equatable {
    public let id: Int64
    public let name: String

    public init(id: Int64, name: String) {
        self.id = id
        self.name = name
    }
}

/// A segment that a destination lacks.
public struct PendingForward: Sendable, Equatable {
    public let destinationID: Int64
    public let segmentID: Int64
    /// Of its spans, in the segment's order, those that the destination has.
    public let doneSpanCount: Int

    public init(destinationID: Int64, segmentID: Int64, doneSpanCount: Int) {
        self.destinationID = destinationID
        self.segmentID = segmentID
        self.doneSpanCount = doneSpanCount
    }
}

/// What a destination was, or is to be, told of the calls of an interval.
public struct ForwardCalls: Sendable, Equatable {
    /// Nanoseconds since 1970.
    public var start: Int64
    /// Of the document.
    public var hash: Int64
    /// The document, as long as the destination lacks it.
    public var content: [UInt8]?

    public init(start: Int64, hash: Int64, content: [UInt8]?) {
        self.start = start
        self.hash = hash
        self.content = content
    }
}
