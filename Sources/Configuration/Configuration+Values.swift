extension Configuration {
    /// When what was accepted is made safe from a power cut.
    public enum JournalSync: Equatable, Sendable {
        case always
        case never
        case interval(Duration)
    }

    public var dataPath: String { text("data") }
    public var listenAddresses: [String] { list("listen") }
    public var allowsUnprotected: Bool { boolean("listen-unprotected") }
    public var portOffset: Int { integer("port-offset") }

    public var bodyByteCountMax: Int { byteCount("limits.body-bytes") }
    public var unpackedByteCountMax: Int { byteCount("limits.unpacked-bytes") }
    public var spansPerRequestMax: Int { integer("limits.spans-per-request") }
    public var attributesPerSpanMax: Int { integer("limits.attributes-per-span") }
    public var valueByteCountMax: Int { byteCount("limits.value-bytes") }
    public var datagramByteCountMax: Int { byteCount("limits.datagram-bytes") }
    public var headerByteCountMax: Int { byteCount("limits.header-bytes") }
    public var connectionCountMax: Int { integer("limits.connections") }
    public var inFlightByteCountMax: Int { byteCount("limits.in-flight-bytes") }
    public var idleTimeout: Duration { duration("limits.idle-timeout") }
    public var requestTimeout: Duration { duration("limits.request-timeout") }

    // Paths of PEM files; nil for off.
    public var tlsCertificatePath: String? { textOrOff("tls.certificate") }
    public var tlsKeyPath: String? { textOrOff("tls.key") }
    public var tlsClientCAPath: String? { textOrOff("tls.client-ca") }
    /// Names of listeners.
    public var plainListeners: [String] { listOrOff("tls.plain-listeners") }
    /// Files with credentials, by the name of a listener; nil for all others. A path `off` excepts a listener.
    public var credentialPaths: [(listener: String?, path: String)] {
        listOrOff("auth.credentials").map { item in
            guard let mark = item.firstIndex(of: "=") else { return (nil, item) }
            return (String(item[..<mark]), String(item[item.index(after: mark)...]))
        }
    }
    /// Origins that web pages may send from.
    public var allowedOrigins: [String] { listOrOff("cors.origins") }
    public var allowedHeaders: [String] { listOrOff("cors.headers") }

    /// Path of the file; nil for off.
    public var samplingStrategiesPath: String? { textOrOff("sampling.strategies") }
    public var defaultSamplingProbability: Double { number("sampling.default-probability") ?? 1 }
    /// Nil for off.
    public var adaptiveTracesPerSecond: Double? { number("sampling.adaptive-traces-per-second") }
    public var adaptiveInterval: Duration { duration("sampling.adaptive-interval") }

    public var journalSync: JournalSync {
        switch entry("journal.sync").value {
        case .text("always"): .always
        case .text: .never
        default: .interval(duration("journal.sync"))
        }
    }
    public var journalPartByteCountMax: Int { byteCount("journal.part-bytes") }
    public var journalQueueByteCountMax: Int { byteCount("journal.queue-bytes") }

    public var serviceGraphSeriesMax: Int { integer("metrics.service-graph-series") }
    public var spanSeriesMax: Int { integer("metrics.span-series") }
    public var topologySettleTime: Duration { duration("topology.settle-time") }
    public var topologyWaitingCountMax: Int { integer("topology.waiting-spans") }
    public var topologySeriesCountMax: Int { integer("topology.series") }
    public var topologyRetention: Duration { duration("topology.retention") }

    public var liveByteCountMax: Int { byteCount("store.live-bytes") }
    public var sealAge: Duration { duration("store.seal-age") }
    public var sealIdle: Duration { duration("store.seal-idle") }
    public var blockSpanCount: Int { integer("store.block-spans") }
    public var compressionLevel: Int { integer("store.lz4-level") }
    public var segmentSpanCountMax: Int { integer("store.segment-spans") }
    /// Percent of one processor.
    public var compactionPercent: Int { integer("store.compaction-cpu") }

    // nil for off.
    public var retentionAge: Duration? { optionalDuration("retention.age") }
    public var retentionByteCount: Int? { optionalByteCount("retention.bytes") }

    public var queryThreadCount: Int { integer("query.threads") }
    public var waitingQueryCountMax: Int { integer("query.waiting") }
    public var queryTimeout: Duration { duration("query.timeout") }
    public var zipkinAutocompleteKeys: [String] { listOrOff("zipkin.autocomplete-keys") }
    public var queryLookback: Duration { duration("query.lookback") }

    /// 0: one per core.
    public var eventLoopCount: Int { integer("event-loops") }
    public var logLevel: String { text("log.level") }
    /// `auto`, `text` or `json`.
    public var logFormat: String { text("log.format") }

    // MARK: By type

    private func wrong(_ key: String) -> Never { preconditionFailure("\(key) is read by its type") }

    func text(_ key: String) -> String {
        if case .text(let text) = entry(key).value { text } else { wrong(key) }
    }

    func integer(_ key: String) -> Int {
        if case .integer(let number) = entry(key).value { number } else { wrong(key) }
    }

    /// Nil for off.
    private func number(_ key: String) -> Double? {
        switch entry(key).value {
        case .number(let number): number
        case .off: nil
        default: wrong(key)
        }
    }

    func list(_ key: String) -> [String] {
        if case .list(let items) = entry(key).value { items } else { wrong(key) }
    }

    func boolean(_ key: String) -> Bool {
        if case .boolean(let value) = entry(key).value { value } else { wrong(key) }
    }

    func secret(_ key: String) -> String? {
        switch entry(key).value {
        case .secret(let text): text
        case .off: nil
        default: wrong(key)
        }
    }

    func textOrOff(_ key: String) -> String? {
        let text = text(key)
        return text == "off" ? nil : text
    }

    func listOrOff(_ key: String) -> [String] {
        let items = list(key)
        return items == ["off"] ? [] : items
    }

    func port(_ key: String) -> Int? {
        switch entry(key).value {
        case .off: nil
        case .port(let port): port == 0 ? 0 : Int(port) + portOffset
        default: wrong(key)
        }
    }

    func byteCount(_ key: String) -> Int {
        if let count = optionalByteCount(key) { count } else { wrong(key) }
    }

    private func optionalByteCount(_ key: String) -> Int? {
        switch entry(key).value {
        case .off: nil
        case .bytes(let count): count
        default: wrong(key)
        }
    }

    func duration(_ key: String) -> Duration {
        if let duration = optionalDuration(key) { duration } else { wrong(key) }
    }

    func optionalDuration(_ key: String) -> Duration? {
        switch entry(key).value {
        case .off: nil
        case .duration(let nanoseconds): .nanoseconds(nanoseconds)
        default: wrong(key)
        }
    }
}
