public import OpenSearch

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
    /// How often a document of calls between services is written; nil: never.
    public var dependenciesInterval: Duration? = .seconds(300)

    public init(name: String, cluster: OpenSearchOptions) {
        self.name = name
        self.cluster = cluster
    }
}

/// What is handed on of what is stored, and what is hidden of it.
public struct SpanFilter: Sendable, Equatable {
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
