extension Setting {
    private static let second: Int64 = 1_000_000_000
    private static let day: Int64 = 86_400 * second
    private static let gibibyte = 1 << 30
    private static let tebibyte = 1 << 40

    /// Every setting, once, in the order of the reference.
    public static let all: [Setting] = [
        Setting("data", .text, default: "./skein-data", "Folder that keeps the spans"),
        Setting("listen", .list, default: "127.0.0.1,::1", "Addresses to listen on"),
        Setting(
            "listen-unprotected", .boolean, default: "false",
            "Allows addresses beyond this machine without TLS or credentials: whoever reaches a port can read and write"
        ),
        Setting(
            "port-offset", .integer(0...64511), default: "0",
            "Added to every port, so that several can run on one machine"),

        Setting("zipkin.port", .port, default: "9411", "Port of the Zipkin receiver and query API"),
        Setting(
            "zipkin.autocomplete-keys", .list, default: "off",
            "Tags that Zipkin's search page offers with their values; off: those with few values"),
        Setting("otlp.grpc-port", .port, default: "4317", "Port of the OTLP receiver for gRPC"),
        Setting("otlp.http-port", .port, default: "4318", "Port of the OTLP receiver for HTTP, protobuf and JSON"),
        Setting("jaeger.http-port", .port, default: "14268", "Port of the Jaeger receiver for thrift over HTTP"),
        Setting("jaeger.grpc-port", .port, default: "14250", "Port of the Jaeger receiver for gRPC"),
        Setting(
            "jaeger.compact-port", .port, default: "6831", "UDP port of the Jaeger agent's protocol, compact thrift"),
        Setting(
            "jaeger.binary-port", .port, default: "6832", "UDP port of the Jaeger agent's protocol, binary thrift"),
        Setting(
            "jaeger.storage-port", .port, default: "17271",
            "Port of Jaeger's remote storage API, for a Jaeger query service over this store"),
        Setting("tempo.port", .port, default: "3200", "Port of Tempo's query API"),
        Setting("query.port", .port, default: "16686", "Port of the query APIs over HTTP and of the web page"),
        Setting("query.grpc-port", .port, default: "16685", "Port of Jaeger's query APIs for gRPC"),
        Setting("query.threads", .integer(1...256), default: "4", "Queries that run at once"),
        Setting(
            "query.waiting", .integer(0...100_000), default: "256",
            "Queries that wait for a thread, beyond which clients are asked to come again"),
        Setting(
            "query.timeout", .duration(second...day), default: "30s",
            "Time for one query; one that takes longer is ended with an error"),
        Setting(
            "query.lookback", .duration(second...36500 * day), default: "24h",
            "How far back a search goes that does not say"),
        Setting("admin.port", .port, default: "14269", "Port of health and metrics"),

        Setting(
            "sampling.percent", .number(0...100), default: "100",
            "Traces that are stored, in percent, where no rule of 'sampling' says otherwise; all are counted"),
        Setting(
            "sampling.http-port", .port, default: "5778",
            "Port that tells SDKs over HTTP how to sample, as Jaeger's remote sampling does"),
        Setting("sampling.grpc-port", .port, default: "5779", "Port that tells SDKs the same over gRPC"),
        Setting(
            "sampling.strategies", .text, default: "off",
            "File of what SDKs are told that ask how to sample, in Jaeger's format; taken anew when it changes"),
        Setting(
            "sampling.default-probability", .number(0...1), default: "1",
            "Share of traces that SDKs are told to sample where nothing else says it"),
        Setting(
            "sampling.adaptive-traces-per-second", .number(0.001...1_000_000, canBeOff: true), default: "off",
            "Sampled traces a second that each operation is to bring: SDKs are told probabilities that reach it"),
        Setting(
            "sampling.adaptive-interval", .duration(second / 10...day), default: "1m",
            "How often these probabilities are set anew"),

        Setting(
            "limits.body-bytes", .bytes(1024...gibibyte), default: "20MiB", "Largest body of a request, as it is sent"),
        Setting(
            "limits.unpacked-bytes", .bytes(1024...gibibyte), default: "64MiB",
            "Largest body of a request, once unpacked"),
        Setting(
            "limits.spans-per-request", .integer(1...10_000_000), default: "100000",
            "Spans in one request, beyond which it is refused"),
        Setting(
            "limits.attributes-per-span", .integer(1...100_000), default: "1024",
            "Attributes of one span, beyond which its request is refused"),
        Setting(
            "limits.value-bytes", .bytes(64...64 << 20), default: "64KiB",
            "Longest text of a span; a longer one is cut, and the span says so"),
        Setting(
            "limits.datagram-bytes", .bytes(1024...65_507), default: "65000", "Largest UDP datagram that is read"),
        Setting(
            "limits.header-bytes", .bytes(1024...16 << 20), default: "64KiB",
            "Request line and headers of a request together"),
        Setting(
            "limits.connections", .integer(1...1_000_000), default: "10000", "Connections open at once, per listener"),
        Setting(
            "limits.in-flight-bytes", .bytes(1 << 20...tebibyte), default: "256MiB",
            "Bodies in memory at once, over all connections"),
        Setting(
            "limits.idle-timeout", .duration(second...day), default: "75s",
            "How long a connection may rest between two requests"),
        Setting(
            "limits.request-timeout", .duration(second / 1000...day), default: "30s",
            "How long a request may take to arrive"),

        Setting(
            "tls.certificate", .text, default: "off",
            "File of the certificate in PEM, with its chain; with it all TCP listeners speak TLS"),
        Setting("tls.key", .text, default: "off", "File of the certificate's private key in PEM"),
        Setting(
            "tls.client-ca", .text, default: "off",
            "File of the authority in PEM that has signed the certificates which clients must show"),
        Setting(
            "tls.plain-listeners", .list, default: "off",
            "Listeners, by name, that speak without TLS all the same, such as admin"),
        Setting(
            "auth.credentials", .list, default: "off",
            "Files of those who may come in, each for all TCP listeners or, as in query=FILE, for one"),
        Setting(
            "cors.origins", .list, default: "off",
            "Web pages that may send spans from a browser, as https://shop.example or https://*.shop.example"),
        Setting(
            "cors.headers", .list, default: "off", "Header fields that these pages may send beside the usual ones"),

        Setting(
            "journal.sync", .choiceOrDuration(["always", "never"], second / 1000...3600 * second), default: "1s",
            "When accepted spans are safe from a power cut: at once, or after so long at most"),
        Setting(
            "journal.part-bytes", .bytes(1 << 20...4 * gibibyte), default: "64MiB",
            "Size at which the journal goes on in the next file"),
        Setting(
            "journal.queue-bytes", .bytes(1 << 20...16 * gibibyte), default: "64MiB",
            "Spans waiting for the disk, beyond which senders are asked to come again"),

        Setting(
            "store.live-bytes", .bytes(64 << 10...64 * gibibyte), default: "48MiB", option: "live-bytes",
            "Spans in memory, not yet sealed into segments"),
        Setting(
            "store.seal-age", .duration(second / 10...day), default: "10m", option: "seal-age",
            "Age at which spans in memory are sealed into a segment"),
        Setting(
            "store.seal-idle", .duration(second / 10...day), default: "10s",
            "How long without new spans until those in memory are sealed"),
        Setting("store.block-spans", .integer(64...1_000_000), default: "8192", "Spans in one block of a segment"),
        Setting(
            "store.lz4-level", .integer(1...12), default: "9",
            "Effort of packing merged segments: 1 is fast, 12 is small"),
        Setting(
            "store.segment-spans", .integer(1000...100_000_000), default: "2000000",
            "Spans that a segment has at most when small ones are merged"),
        Setting(
            "store.compaction-cpu", .integer(1...100), default: "50",
            "Share of one processor, in percent, that merging segments may take"),

        Setting(
            "retention.age", .duration(60 * second...36500 * day, canBeOff: true), default: "7d",
            "How long spans are kept"),
        Setting(
            "retention.bytes", .bytes(1 << 20...1024 * tebibyte, canBeOff: true), default: "off",
            "How much disk the segments may take; the oldest go first"),

        Setting(
            "storage", .choice(["embedded", "opensearch"]), default: "embedded",
            "Where spans are kept: in the data folder, or in the cluster that 'opensearch' tells of"),
        Setting(
            "opensearch.urls", .list, default: "off",
            "Servers of a cluster, such as https://search:9200, that everything stored is handed to"),
        Setting("opensearch.username", .text, default: "off", "Name to log in with"),
        Setting(
            "opensearch.password", .secret, default: "off",
            "Its password; safer in a file, as other users of the machine see options"),
        Setting(
            "opensearch.password-file", .text, default: "off", "File of the password; read again when it changes"),
        Setting("opensearch.api-key", .secret, default: "off", "API key to log in with"),
        Setting("opensearch.api-key-file", .text, default: "off", "File of the API key; read again when it changes"),
        Setting("opensearch.bearer-token", .secret, default: "off", "Bearer token to log in with"),
        Setting(
            "opensearch.bearer-token-file", .text, default: "off", "File of the token; read again when it changes"),
        Setting(
            "opensearch.ca", .text, default: "off",
            "File of the authorities in PEM that sign the servers' certificates; off: those of the system"),
        Setting("opensearch.certificate", .text, default: "off", "File of the certificate in PEM to show to servers"),
        Setting("opensearch.key", .text, default: "off", "File of this certificate's private key in PEM"),
        Setting(
            "opensearch.skip-host-verify", .boolean, default: "false",
            "Takes any certificate: whoever stands between can read and change everything"),
        Setting(
            "opensearch.proxy", .text, default: "off",
            "Proxy to the servers, such as http://proxy:3128; off: as the environment says"),
        Setting("opensearch.compress", .boolean, default: "true", "Packs what is sent with gzip"),
        Setting(
            "opensearch.connect-timeout", .duration(second / 100...600 * second), default: "5s",
            "Time to connect to a server"),
        Setting(
            "opensearch.timeout", .duration(second / 100...3600 * second), default: "30s", "Time for one request"),
        Setting(
            "opensearch.shape", .choice(["jaeger", "otel"]), default: "jaeger",
            "Whose documents are written: Jaeger's, or those of OpenSearch Dashboards' trace analytics"),
        Setting(
            "opensearch.index-prefix", .text, default: "off",
            "Goes before the name of every index, with a dash between"),
        Setting(
            "opensearch.rotation", .choice(["daily", "hourly", "rollover"]), default: "daily",
            "When an index is followed by the next; rollover: written through an alias that the cluster turns"),
        Setting("opensearch.shards", .integer(1...1024), default: "5", "Shards of a new index"),
        Setting("opensearch.replicas", .integer(0...32), default: "1", "Replicas of a new index"),
        Setting(
            "opensearch.install-templates", .boolean, default: "true",
            "Installs index templates that are missing or older"),
        Setting(
            "opensearch.field-attributes", .list, default: "off",
            "Attributes that become fields of their own for Dashboards, by key, or * for all; in Jaeger's documents"),
        Setting(
            "opensearch.bulk-bytes", .bytes(64 << 10...gibibyte), default: "5MiB", "Size of a bulk request, unpacked"),
        Setting(
            "opensearch.bulk-documents", .integer(1...1_000_000), default: "5000", "Documents of one bulk request"),
        Setting(
            "opensearch.requests", .integer(1...256), default: "4",
            "Bulk requests under way at once, each on a connection of its own"),
        Setting(
            "opensearch.delay", .duration(second / 10...day), default: "15s",
            "How old spans in memory may be until they are sealed and handed on"),
        Setting(
            "opensearch.backoff-min", .duration(second / 1000...3600 * second), default: "200ms",
            "Wait after the first failure; doubled after each, with chance"),
        Setting(
            "opensearch.backoff-max", .duration(second / 1000...day), default: "30s", "Longest wait after failures"),
        Setting(
            "opensearch.hold-retention", .boolean, default: "true",
            "Whether nothing is removed from the data folder that was not handed on"),
        Setting(
            "opensearch.begin", .choice(["stored", "new"]), default: "stored",
            "Whether a destination that is new is handed what is stored already, or only what comes"),
        Setting(
            "opensearch.dependencies-interval", .duration(60 * second...3600 * second, canBeOff: true), default: "5m",
            "How often a document of the calls between services is written"),
        Setting("opensearch.services", .list, default: "off", "Hands on only spans of these services"),
        Setting("opensearch.errors-only", .boolean, default: "false", "Hands on only spans with an error"),
        Setting("opensearch.drop-attributes", .list, default: "off", "Attributes that are left out, by key"),
        Setting(
            "opensearch.hash-attributes", .list, default: "off",
            "Attributes whose values are replaced by a keyed hash, by key: equal ones stay equal"),
        Setting(
            "opensearch.dead-letter-bytes", .bytes(1 << 20...tebibyte), default: "256MiB",
            "Documents kept that the cluster refused for good; when there are more, handing on waits"),
        Setting(
            "opensearch.max-span-age", .duration(second...36500 * day), default: "72h",
            "How far back a trace is looked for by its ID, with storage opensearch"),

        Setting(
            "topology.settle-time", .duration(second...3600 * second), default: "15s",
            "How long nothing of a trace has come until its calls are counted for good"),
        Setting(
            "topology.waiting-spans", .integer(1000...100_000_000), default: "500000",
            "Spans that wait for the rest of their traces; beyond it the calls of the oldest are counted early"),
        Setting(
            "topology.series", .integer(100...10_000_000), default: "100000",
            "Callers, callees and operations that are told apart; what goes beyond is counted together"),
        Setting(
            "topology.retention", .duration(day...36500 * day), default: "400d",
            "How long the topology is kept by days; by hours for 35 days, by ten minutes for 2 days, by minutes for 6 h"
        ),

        Setting(
            "metrics.service-graph-series", .integer(0...100_000), default: "2000",
            "Pairs of services that /metrics tells of one by one; later ones are summed"),
        Setting(
            "metrics.span-series", .integer(0...100_000), default: "2000",
            "Operations that /metrics tells of one by one; later ones are summed"),

        Setting("event-loops", .integer(0...256), default: "0", "Threads that serve connections; 0 is one per core"),
        Setting(
            "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
            "Least important messages that are logged"),
        Setting(
            "log.format", .choice(["auto", "text", "json"]), default: "auto",
            "How log lines look; auto is text on a terminal and json elsewhere"),
    ]
}
