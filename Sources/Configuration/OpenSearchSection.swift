internal import Sampling

/// A cluster with a name of its own, below `opensearch.destinations:`. What it does not say is as `opensearch` says.
struct DestinationSection: Sendable {
    static let key = "opensearch.destinations"

    var name: String
    /// Of the name in the file.
    var place: String
    /// Keys without `opensearch.`.
    var items: [ConfigurationFile.Item] = []

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 40
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}

extension Configuration {
    /// A cluster that everything stored is handed to.
    public struct Destination: Sendable {
        public let name: String
        /// Its settings stand in `opensearch`.
        public let configuration: Configuration
    }

    /// What the cluster of `opensearch` itself is called.
    public static let destinationName = "opensearch"

    /// All clusters: that of `opensearch` if it has servers, then those with names of their own, as the file has them.
    public var openSearchDestinations: [Destination] {
        var all: [Destination] = []
        if !listOrOff("opensearch.urls").isEmpty {
            all.append(Destination(name: Self.destinationName, configuration: self))
        }
        for section in destinations {
            var own = self
            _ = own.apply(section)
            all.append(Destination(name: section.name, configuration: own))
        }
        return all
    }

    // MARK: Values, of the cluster of `opensearch`. Paths and texts are nil for off, lists empty.

    /// How a cluster is told who asks; at most one way.
    public struct ClusterLogin: Sendable {
        public var username: String?
        public var password: String?
        public var passwordPath: String?
        public var apiKey: String?
        public var apiKeyPath: String?
        public var bearerToken: String?
        public var bearerTokenPath: String?
    }

    public var clusterURLs: [String] { listOrOff("opensearch.urls") }
    public var clusterLogin: ClusterLogin {
        ClusterLogin(
            username: textOrOff("opensearch.username"), password: secret("opensearch.password"),
            passwordPath: textOrOff("opensearch.password-file"), apiKey: secret("opensearch.api-key"),
            apiKeyPath: textOrOff("opensearch.api-key-file"), bearerToken: secret("opensearch.bearer-token"),
            bearerTokenPath: textOrOff("opensearch.bearer-token-file"))
    }
    public var clusterCAPath: String? { textOrOff("opensearch.ca") }
    public var clusterCertificatePath: String? { textOrOff("opensearch.certificate") }
    public var clusterKeyPath: String? { textOrOff("opensearch.key") }
    public var skipsClusterVerification: Bool { boolean("opensearch.skip-host-verify") }
    public var clusterProxy: String? { textOrOff("opensearch.proxy") }
    public var compressesForCluster: Bool { boolean("opensearch.compress") }
    public var clusterConnectTimeout: Duration { duration("opensearch.connect-timeout") }
    public var clusterTimeout: Duration { duration("opensearch.timeout") }

    /// `jaeger` or `otel`.
    public var documentShape: String { text("opensearch.shape") }
    public var indexPrefix: String { textOrOff("opensearch.index-prefix") ?? "" }
    /// `daily`, `hourly` or `rollover`.
    public var indexRotation: String { text("opensearch.rotation") }
    public var shardCount: Int { integer("opensearch.shards") }
    public var replicaCount: Int { integer("opensearch.replicas") }
    public var installsTemplates: Bool { boolean("opensearch.install-templates") }
    public var fieldAttributes: [String] { listOrOff("opensearch.field-attributes") }

    public var bulkByteCountMax: Int { byteCount("opensearch.bulk-bytes") }
    public var bulkDocumentCountMax: Int { integer("opensearch.bulk-documents") }
    public var bulkRequestCountMax: Int { integer("opensearch.requests") }
    public var bulkBackoff: ClosedRange<Duration> {
        duration("opensearch.backoff-min")...duration("opensearch.backoff-max")
    }
    public var forwardingDelay: Duration { duration("opensearch.delay") }
    public var forwardingHoldsRetention: Bool { boolean("opensearch.hold-retention") }
    /// Whether a new destination is handed only what comes.
    public var forwardingBeginsWithNew: Bool { text("opensearch.begin") == "new" }
    /// Nil for off.
    public var dependenciesInterval: Duration? { optionalDuration("opensearch.dependencies-interval") }
    public var forwardedServices: [String] { listOrOff("opensearch.services") }
    public var forwardsErrorsOnly: Bool { boolean("opensearch.errors-only") }
    public var droppedAttributes: [String] { listOrOff("opensearch.drop-attributes") }
    public var hashedAttributes: [String] { listOrOff("opensearch.hash-attributes") }
    public var deadLetterByteCountMax: Int { byteCount("opensearch.dead-letter-bytes") }
    public var traceAgeMax: Duration { duration("opensearch.max-span-age") }

    /// Whether spans are kept in the cluster of `opensearch`, and not in the data folder.
    public var keepsInOpenSearch: Bool { text("storage") == "opensearch" }

    // MARK: Reading

    /// - Returns: what is wrong with it.
    private mutating func apply(_ section: DestinationSection) -> [String] {
        var problems: [String] = []
        for item in section.items {
            let key = "opensearch." + item.key
            guard let setting = Setting.named(key) else {
                let known = Setting.all.map(\.key).filter { $0.hasPrefix("opensearch.") }.map { $0.dropFirst(11) }
                let question = NearestName.question(item.key, among: known.map(String.init))
                problems.append("unknown key '\(item.key)' at \(item.place)\(question)")
                continue
            }
            guard let text = item.text, let value = setting.type.value(of: text) else {
                problems.append("wrong value for '\(item.key)' at \(item.place): expected \(setting.type.expectation)")
                continue
            }
            set(key, value, .file(path: section.place, line: item.line, column: item.column))
        }
        return problems
    }

    /// Names that Jaeger and Zipkin have for settings of a cluster; ours count before them.
    static let foreignNames: [(name: String, key: String)] = [
        ("ES_HOSTS", "opensearch.urls"),
        ("ES_SERVER_URLS", "opensearch.urls"),
        ("ES_USERNAME", "opensearch.username"),
        ("ES_PASSWORD", "opensearch.password"),
        ("ES_PASSWORD_FILE", "opensearch.password-file"),
        ("ES_TOKEN_FILE", "opensearch.bearer-token-file"),
        ("ES_API_KEY_FILE", "opensearch.api-key-file"),
        ("ES_TLS_CA", "opensearch.ca"),
        ("ES_TLS_CERT", "opensearch.certificate"),
        ("ES_TLS_KEY", "opensearch.key"),
        ("ES_SSL_NO_VERIFY", "opensearch.skip-host-verify"),
        ("ES_TLS_SKIP_HOST_VERIFY", "opensearch.skip-host-verify"),
        ("ES_INDEX_PREFIX", "opensearch.index-prefix"),
        ("ES_INDEX_SHARDS", "opensearch.shards"),
        ("ES_NUM_SHARDS", "opensearch.shards"),
        ("ES_INDEX_REPLICAS", "opensearch.replicas"),
        ("ES_NUM_REPLICAS", "opensearch.replicas"),
        ("ES_TIMEOUT", "opensearch.timeout"),
        ("ES_MAX_SPAN_AGE", "opensearch.max-span-age"),
    ]

    /// What KubeSphere calls them; documented, not read.
    static let kubeSphereNames: [String: [String]] = [
        "opensearch.urls": [
            "externalOpensearchHost", "externalOpensearchPort", "externalElasticsearchUrl", "externalElasticsearchPort",
        ],
        "opensearch.username": ["basicAuth.username"],
        "opensearch.password": ["basicAuth.password"],
        "opensearch.index-prefix": ["opensearchPrefix", "elkPrefix"],
    ]

    mutating func applyForeign(environment: [String: String]) -> [String] {
        var problems: [String] = []
        for (name, key) in Self.foreignNames {
            guard let given = environment[name], !given.isEmpty else { continue }
            // Zipkin gives milliseconds without a unit.
            let text = key == "opensearch.timeout" && given.allSatisfy(\.isNumber) ? given + "ms" : given
            guard let setting = Setting.named(key), let value = setting.type.value(of: text) else {
                problems.append(
                    "wrong value in environment variable \(name), which stands for '\(key)': expected "
                        + (Setting.named(key)?.type.expectation ?? "nothing"))
                continue
            }
            set(key, value, .environment(name: name))
        }
        return problems
    }

    // MARK: Sense

    func problemsOfOpenSearch() -> [String] {
        var problems: [String] = []
        var names: Set<String> = [Self.destinationName]
        for section in destinations {
            var own = self
            problems += own.apply(section)
            if !names.insert(section.name).inserted {
                problems.append("destination '\(section.name)' at \(section.place) has the name of another one")
            }
            problems += own.contradictionsOfCluster().map { "destination '\(section.name)': \($0)" }
            if own.listOrOff("opensearch.urls").isEmpty {
                problems.append("destination '\(section.name)' at \(section.place) needs 'urls'")
            }
        }
        problems += contradictionsOfCluster()
        guard keepsInOpenSearch else { return problems }
        if listOrOff("opensearch.urls").isEmpty {
            problems.append("'storage' opensearch (\(entry("storage").origin)) needs 'opensearch.urls'")
        }
        if text("opensearch.shape") != "jaeger" {
            problems.append("'storage' opensearch reads Jaeger's documents: 'opensearch.shape' has to be jaeger")
        }
        if sampling.tail != nil || !sampling.ageing.isEmpty {
            problems.append(
                "'storage' opensearch has no whole traces at hand: leave out 'tail' and 'ageing' of 'sampling'")
        }
        if !destinations.isEmpty {
            problems.append("'storage' opensearch hands nothing on: leave out 'opensearch.destinations'")
        }
        return problems
    }

    private func contradictionsOfCluster() -> [String] {
        var problems: [String] = []
        for url in listOrOff("opensearch.urls") where !url.hasPrefix("http://") && !url.hasPrefix("https://") {
            problems.append("'opensearch.urls': '\(url)' does not begin with http:// or https://")
        }
        let ways = [
            ["opensearch.password", "opensearch.password-file"], ["opensearch.api-key", "opensearch.api-key-file"],
            ["opensearch.bearer-token", "opensearch.bearer-token-file"],
        ].map { $0.filter { entry($0).value != .off && entry($0).value != .text("off") } }
        let given = ways.flatMap { $0 }
        if given.count > 1 {
            problems.append("one way to log in is enough: \(given.map { "'\($0)'" }.joined(separator: ", "))")
        }
        if (textOrOff("opensearch.username") == nil) != ways[0].isEmpty {
            problems.append("'opensearch.username' goes with 'opensearch.password' or 'opensearch.password-file'")
        }
        if (textOrOff("opensearch.certificate") == nil) != (textOrOff("opensearch.key") == nil) {
            problems.append("'opensearch.certificate' and 'opensearch.key' are set together or not at all")
        }
        if duration("opensearch.backoff-min") > duration("opensearch.backoff-max") {
            problems.append("'opensearch.backoff-min' is longer than 'opensearch.backoff-max'")
        }
        return problems
    }
}
