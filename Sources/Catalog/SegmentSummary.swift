/// A segment as the catalog knows it. Times are nanoseconds since 1970, nil if no span has a start.
public struct SegmentRecord: Sendable, Equatable {
    public var id: Int64
    /// Name within the folder of segments.
    public var fileName: String
    public var createdAt: Int64
    public var earliestStart: Int64?
    public var latestStart: Int64?
    public var latestEnd: Int64?
    public var spanCount: Int
    public var traceCount: Int
    public var errorCount: Int
    public var byteCount: Int
    /// Version of the segment's format.
    public var formatVersion: Int
    /// The age, in nanoseconds, that the traces were thinned for; 0: all that was stored is there.
    public var thinnedForAge: Int64

    public init(
        id: Int64, fileName: String, createdAt: Int64, earliestStart: Int64?, latestStart: Int64?, latestEnd: Int64?,
        spanCount: Int, traceCount: Int, errorCount: Int, byteCount: Int, formatVersion: Int,
        thinnedForAge: Int64 = 0
    ) {
        self.id = id
        self.fileName = fileName
        self.createdAt = createdAt
        self.earliestStart = earliestStart
        self.latestStart = latestStart
        self.latestEnd = latestEnd
        self.spanCount = spanCount
        self.traceCount = traceCount
        self.errorCount = errorCount
        self.byteCount = byteCount
        self.formatVersion = formatVersion
        self.thinnedForAge = thinnedForAge
    }
}

/// What one segment holds of one service, the service being the local one of the spans.
public struct ServiceSummary: Sendable {
    /// Empty for spans without a service.
    public var name: String
    public var spanCount: Int
    public var errorCount: Int
    /// Nanoseconds since 1970; nil if no span of the service has a start.
    public var earliestStart: Int64?
    public var latestStart: Int64?
    /// Names and kinds as raw values of a span's kind, each pair once.
    public var operations: [(name: String, kind: UInt8)]
    public var remoteServiceNames: [String]

    public init(
        name: String, spanCount: Int, errorCount: Int, earliestStart: Int64?, latestStart: Int64?,
        operations: [(name: String, kind: UInt8)], remoteServiceNames: [String]
    ) {
        self.name = name
        self.spanCount = spanCount
        self.errorCount = errorCount
        self.earliestStart = earliestStart
        self.latestStart = latestStart
        self.operations = operations
        self.remoteServiceNames = remoteServiceNames
    }
}

/// All that the catalog is told of a segment; it can be had again from the segment alone.
public struct SegmentSummary: Sendable {
    public var record: SegmentRecord
    public var services: [ServiceSummary]
    public var attributeKeys: [String]

    public init(record: SegmentRecord, services: [ServiceSummary], attributeKeys: [String]) {
        self.record = record
        self.services = services
        self.attributeKeys = attributeKeys
    }
}

/// A segment that the catalog does not rule out for a search.
public struct SegmentCandidate: Sendable, Equatable {
    public let segmentID: Int64
    /// Nanoseconds since 1970: of the service's spans where one was asked for and the catalog lists it for the
    /// segment, else of all spans.
    public let earliestStart: Int64
    public let latestStart: Int64
}
