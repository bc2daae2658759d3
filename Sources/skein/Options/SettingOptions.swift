import ArgumentParser
import Configuration

/// An option for every setting, the property named as the option is; `SettingOptionsTests` holds this and the table
/// together.
struct SettingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Configuration file in YAML.", valueName: "file")) var config: String?

    @Option(setting: "data") var data: String?
    @Option(setting: "listen") var listen: [String] = []
    @Option(setting: "listen-unprotected") var listenUnprotected: String?
    @Option(setting: "port-offset") var portOffset: String?
    @Option(setting: "zipkin.port") var zipkinPort: String?
    @Option(setting: "zipkin.autocomplete-keys") var zipkinAutocompleteKeys: [String] = []
    @Option(setting: "otlp.grpc-port") var otlpGrpcPort: String?
    @Option(setting: "otlp.http-port") var otlpHttpPort: String?
    @Option(setting: "jaeger.http-port") var jaegerHttpPort: String?
    @Option(setting: "jaeger.grpc-port") var jaegerGrpcPort: String?
    @Option(setting: "jaeger.compact-port") var jaegerCompactPort: String?
    @Option(setting: "jaeger.binary-port") var jaegerBinaryPort: String?
    @Option(setting: "query.port") var queryPort: String?
    @Option(setting: "query.grpc-port") var queryGrpcPort: String?
    @Option(setting: "jaeger.storage-port") var jaegerStoragePort: String?
    @Option(setting: "tempo.port") var tempoPort: String?
    @Option(setting: "query.threads") var queryThreads: String?
    @Option(setting: "query.waiting") var queryWaiting: String?
    @Option(setting: "query.timeout") var queryTimeout: String?
    @Option(setting: "query.lookback") var queryLookback: String?
    @Option(setting: "admin.port") var adminPort: String?
    @Option(setting: "sampling.percent") var samplingPercent: String?
    @Option(setting: "sampling.http-port") var samplingHttpPort: String?
    @Option(setting: "sampling.grpc-port") var samplingGrpcPort: String?
    @Option(setting: "sampling.strategies") var samplingStrategies: String?
    @Option(setting: "sampling.default-probability") var samplingDefaultProbability: String?
    @Option(setting: "sampling.adaptive-traces-per-second") var samplingAdaptiveTracesPerSecond: String?
    @Option(setting: "sampling.adaptive-interval") var samplingAdaptiveInterval: String?
    @Option(setting: "limits.body-bytes") var limitsBodyBytes: String?
    @Option(setting: "limits.unpacked-bytes") var limitsUnpackedBytes: String?
    @Option(setting: "limits.spans-per-request") var limitsSpansPerRequest: String?
    @Option(setting: "limits.attributes-per-span") var limitsAttributesPerSpan: String?
    @Option(setting: "limits.value-bytes") var limitsValueBytes: String?
    @Option(setting: "limits.datagram-bytes") var limitsDatagramBytes: String?
    @Option(setting: "limits.header-bytes") var limitsHeaderBytes: String?
    @Option(setting: "limits.connections") var limitsConnections: String?
    @Option(setting: "limits.in-flight-bytes") var limitsInFlightBytes: String?
    @Option(setting: "limits.idle-timeout") var limitsIdleTimeout: String?
    @Option(setting: "limits.request-timeout") var limitsRequestTimeout: String?
    @Option(setting: "tls.certificate") var tlsCertificate: String?
    @Option(setting: "tls.key") var tlsKey: String?
    @Option(setting: "tls.client-ca") var tlsClientCa: String?
    @Option(setting: "tls.plain-listeners") var tlsPlainListeners: [String] = []
    @Option(setting: "auth.credentials") var authCredentials: [String] = []
    @Option(setting: "cors.origins") var corsOrigins: [String] = []
    @Option(setting: "cors.headers") var corsHeaders: [String] = []
    @Option(setting: "journal.sync") var journalSync: String?
    @Option(setting: "journal.part-bytes") var journalPartBytes: String?
    @Option(setting: "journal.queue-bytes") var journalQueueBytes: String?
    @Option(setting: "store.live-bytes") var liveBytes: String?
    @Option(setting: "store.seal-age") var sealAge: String?
    @Option(setting: "store.seal-idle") var storeSealIdle: String?
    @Option(setting: "store.block-spans") var storeBlockSpans: String?
    @Option(setting: "store.segment-spans") var storeSegmentSpans: String?
    @Option(setting: "store.compaction-cpu") var storeCompactionCpu: String?
    @Option(setting: "store.lz4-level") var storeLz4Level: String?
    @Option(setting: "retention.age") var retentionAge: String?
    @Option(setting: "retention.bytes") var retentionBytes: String?
    @Option(setting: "storage") var storage: String?
    @Option(setting: "opensearch.urls") var opensearchUrls: [String] = []
    @Option(setting: "opensearch.username") var opensearchUsername: String?
    @Option(setting: "opensearch.password") var opensearchPassword: String?
    @Option(setting: "opensearch.password-file") var opensearchPasswordFile: String?
    @Option(setting: "opensearch.api-key") var opensearchApiKey: String?
    @Option(setting: "opensearch.api-key-file") var opensearchApiKeyFile: String?
    @Option(setting: "opensearch.bearer-token") var opensearchBearerToken: String?
    @Option(setting: "opensearch.bearer-token-file") var opensearchBearerTokenFile: String?
    @Option(setting: "opensearch.ca") var opensearchCa: String?
    @Option(setting: "opensearch.certificate") var opensearchCertificate: String?
    @Option(setting: "opensearch.key") var opensearchKey: String?
    @Option(setting: "opensearch.skip-host-verify") var opensearchSkipHostVerify: String?
    @Option(setting: "opensearch.proxy") var opensearchProxy: String?
    @Option(setting: "opensearch.compress") var opensearchCompress: String?
    @Option(setting: "opensearch.connect-timeout") var opensearchConnectTimeout: String?
    @Option(setting: "opensearch.timeout") var opensearchTimeout: String?
    @Option(setting: "opensearch.shape") var opensearchShape: String?
    @Option(setting: "opensearch.index-prefix") var opensearchIndexPrefix: String?
    @Option(setting: "opensearch.rotation") var opensearchRotation: String?
    @Option(setting: "opensearch.shards") var opensearchShards: String?
    @Option(setting: "opensearch.replicas") var opensearchReplicas: String?
    @Option(setting: "opensearch.install-templates") var opensearchInstallTemplates: String?
    @Option(setting: "opensearch.field-attributes") var opensearchFieldAttributes: [String] = []
    @Option(setting: "opensearch.bulk-bytes") var opensearchBulkBytes: String?
    @Option(setting: "opensearch.bulk-documents") var opensearchBulkDocuments: String?
    @Option(setting: "opensearch.requests") var opensearchRequests: String?
    @Option(setting: "opensearch.delay") var opensearchDelay: String?
    @Option(setting: "opensearch.backoff-min") var opensearchBackoffMin: String?
    @Option(setting: "opensearch.backoff-max") var opensearchBackoffMax: String?
    @Option(setting: "opensearch.hold-retention") var opensearchHoldRetention: String?
    @Option(setting: "opensearch.begin") var opensearchBegin: String?
    @Option(setting: "opensearch.dependencies-interval") var opensearchDependenciesInterval: String?
    @Option(setting: "opensearch.services") var opensearchServices: [String] = []
    @Option(setting: "opensearch.errors-only") var opensearchErrorsOnly: String?
    @Option(setting: "opensearch.drop-attributes") var opensearchDropAttributes: [String] = []
    @Option(setting: "opensearch.hash-attributes") var opensearchHashAttributes: [String] = []
    @Option(setting: "opensearch.dead-letter-bytes") var opensearchDeadLetterBytes: String?
    @Option(setting: "opensearch.max-span-age") var opensearchMaxSpanAge: String?
    @Option(setting: "topology.settle-time") var topologySettleTime: String?
    @Option(setting: "topology.waiting-spans") var topologyWaitingSpans: String?
    @Option(setting: "topology.series") var topologySeries: String?
    @Option(setting: "topology.retention") var topologyRetention: String?
    @Option(setting: "metrics.service-graph-series") var metricsServiceGraphSeries: String?
    @Option(setting: "metrics.span-series") var metricsSpanSeries: String?
    @Option(setting: "event-loops") var eventLoops: String?
    @Option(setting: "log.level") var logLevel: String?
    @Option(setting: "log.format") var logFormat: String?

    /// What was given, by the settings' keys.
    var texts: [String: [String]] {
        let byProperty = Dictionary(uniqueKeysWithValues: Setting.all.map { ("_" + $0.propertyName, $0.key) })
        var texts: [String: [String]] = [:]
        for child in Mirror(reflecting: self).children {
            guard let label = child.label, let key = byProperty[label] else { continue }
            if let option = child.value as? Option<String?> {
                texts[key] = option.wrappedValue.map { [$0] }
            } else if let option = child.value as? Option<[String]> {
                texts[key] = option.wrappedValue
            }
        }
        return texts
    }

    /// The settings in force: options, environment, file, defaults.
    func load(environment: [String: String]) throws(ConfigurationError) -> Configuration {
        try Configuration(options: texts, environment: environment, filePath: config)
    }
}

extension Setting {
    /// The option's name as a Swift name: `zipkinPort`.
    var propertyName: String {
        let words = optionName.split(separator: "-")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    fileprivate static func known(_ key: String) -> Setting {
        guard let setting = named(key) else { preconditionFailure("\(key) is a setting") }
        return setting
    }

    fileprivate var optionHelp: ArgumentHelp {
        ArgumentHelp("\(help) (default: \(defaultText)).", valueName: type.valueName)
    }
}

extension SettingType {
    /// What stands for the value in the help.
    fileprivate var valueName: String {
        switch self {
        case .text, .secret: "text"
        case .list: "text"
        case .port: "port"
        case .bytes: "size"
        case .duration: "time"
        case .integer, .number: "number"
        case .boolean: "true|false"
        case .choice(let words): words.joined(separator: "|")
        case .choiceOrDuration(let words, _): words.joined(separator: "|") + "|time"
        }
    }
}

extension Option where Value == String? {
    fileprivate init(setting key: String) {
        let setting = Setting.known(key)
        self.init(name: .customLong(setting.optionName), help: setting.optionHelp)
    }
}

extension Option where Value == [String] {
    fileprivate init(wrappedValue: [String], setting key: String) {
        let setting = Setting.known(key)
        self.init(
            wrappedValue: wrappedValue, name: .customLong(setting.optionName), parsing: .singleValue,
            help: setting.optionHelp)
    }
}
