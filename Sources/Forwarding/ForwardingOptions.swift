public import OpenSearch
public import TraceStore

/// One cluster that is handed everything that is stored.
public struct ForwardingOptions: Sendable {
    /// Tells destinations apart, in the catalog, metrics and logs.
    public var name: String
    public var cluster: OpenSearchOptions
    public var index = IndexOptions()
    public var filter = SpanFilter()
    /// Of one bulk request, before it is packed.
    public var bulkByteCountMax = 5 << 20
    public var bulkDocumentCountMax = 5_000
    /// Bulk requests under way at once.
    public var requestCountMax = 4
    /// How long to wait after the first failure; doubled, with chance, up to the longest.
    public var backoffMin: Duration = .milliseconds(200)
    public var backoffMax: Duration = .seconds(30)
    /// Whether retention waits for what was not handed on yet.
    public var holdsRetention = true
    /// Whether a destination that is new gets what is stored already, or only what comes.
    public var takesStored = true
    /// Of all documents together that the cluster refused; beyond it nothing more is handed on.
    public var deadLetterByteCountMax = 64 << 20
    /// How often a document of calls between services is written; nil: never.
    public var dependenciesInterval: Duration? = .seconds(300)

    public init(name: String, cluster: OpenSearchOptions) {
        self.name = name
        self.cluster = cluster
    }

    /// What is wrong with them; nil if nothing is. What concerns the cluster is not looked at.
    public var problem: String? {
        let isName =
            !name.isEmpty && name.utf8.count <= 64 && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.".utf8.contains(byte)
            }
        guard isName else {
            return "'\(name)' is no name of a destination: expected up to 64 of a-z, 0-9, '-', '_' and '.'"
        }
        guard bulkByteCountMax >= 1 << 10, bulkDocumentCountMax >= 1, requestCountMax >= 1 else {
            return "destination \(name): bulk requests need at least 1 KiB, 1 document and 1 request at a time"
        }
        if let dependenciesInterval {
            let seconds = dependenciesInterval.components
            guard seconds.attoseconds == 0, seconds.seconds >= 60, seconds.seconds <= 3600,
                3600 % seconds.seconds == 0, seconds.seconds % 60 == 0
            else {
                return "destination \(name): calls between services are told of every 1 to 60 minutes, of which an "
                    + "hour is a multiple"
            }
        }
        return nil
    }

    /// What the store is to know of the destination.
    public var storeDestination: StoreDestination {
        StoreDestination(name: name, holdsRetention: holdsRetention, takesStored: takesStored)
    }
}

/// What is handed on of what is stored, and what is hidden of it.
public struct SpanFilter: Sendable, Equatable, Codable {
    /// Only spans of these services; empty: of all.
    public var serviceNames: [String] = []
    /// Only spans with an error.
    public var isErrorsOnly = false
    /// Keys of attributes that are left out.
    public var droppedAttributes: [String] = []
    /// Keys of attributes whose values are replaced by a keyed hash: equal ones stay equal.
    public var hashedAttributes: [String] = []

    public init() {}
}
