/// How a cluster is reached.
public struct OpenSearchOptions: Sendable, Equatable {
    /// Such as `https://search-1:9200`, one for each node that may be asked. At least one.
    public var urls: [String]
    public var username: String?
    public var password: Secret?
    /// Holds the password; read again when it changes.
    public var passwordFile: String?
    public var apiKey: Secret?
    public var apiKeyFile: String?
    public var bearerToken: Secret?
    public var bearerTokenFile: String?
    /// Authorities, in PEM, in place of the system's.
    public var caFile: String?
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// Takes any certificate: whoever stands between can read and change everything.
    public var skipsHostVerification = false
    /// Such as `http://proxy:3128`; nil: as the environment says.
    public var proxy: String?
    /// Packs the bodies of bulk requests with gzip.
    public var compresses = true
    /// To all nodes together, each with one request under way; further requests wait, and their time runs.
    public var connectionCountMax = 16
    public var connectTimeout: Duration = .seconds(5)
    /// For one request as a whole.
    public var requestTimeout: Duration = .seconds(30)

    public init(urls: [String]) { self.urls = urls }
}

/// A text that no log, metric or printed configuration may show.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
}

/// Which indices there are, and what stands in them.
public struct IndexOptions: Sendable, Equatable {
    /// Whose documents are written.
    public enum Shape: String, Sendable, CaseIterable {
        case jaeger  // as Jaeger writes them
        case otel  // as Data Prepper writes them, for trace analytics in OpenSearch Dashboards
    }

    /// When an index is followed by the next.
    public enum Rotation: String, Sendable, CaseIterable {
        case daily
        case hourly
        case rollover  // written through an alias; the cluster turns the indices
    }

    public var shape = Shape.jaeger
    /// Goes before every name, with a dash between.
    public var prefix = ""
    public var rotation = Rotation.daily
    public var shardCount = 5
    public var replicaCount = 1
    /// Installs templates that are missing or older.
    public var installsTemplates = true
    /// Attributes that become fields of their own, for Dashboards: keys, or `*` for all. Only in Jaeger's shape.
    public var fieldAttributes: [String] = []

    public init() {}
}
