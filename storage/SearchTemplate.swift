/// One file of `storage/opensearch`: what the indices of one kind of document are like.
public enum SearchTemplate: String, Sendable, CaseIterable {
    case jaegerSpan = "jaeger-span"
    case jaegerService = "jaeger-service"
    case jaegerDependencies = "jaeger-dependencies"
    case otelSpan = "otel-v1-apm-span"
    case otelServiceMap = "otel-v1-apm-service-map"

    /// Those that Jaeger's documents need.
    public static let jaeger: [SearchTemplate] = [.jaegerSpan, .jaegerService, .jaegerDependencies]
    /// Those that the documents of trace analytics in OpenSearch Dashboards need.
    public static let otel: [SearchTemplate] = [.otelSpan, .otelServiceMap]

    /// Of the file, without its folder.
    public var fileName: String { rawValue + ".json" }

    /// As it stands in the file, with its placeholders.
    public var text: String {
        let bytes =
            switch self {
            case .jaegerSpan: PackageResources.jaeger_span_json
            case .jaegerService: PackageResources.jaeger_service_json
            case .jaegerDependencies: PackageResources.jaeger_dependencies_json
            case .otelSpan: PackageResources.otel_v1_apm_span_json
            case .otelServiceMap: PackageResources.otel_v1_apm_service_map_json
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What it is called in a cluster, and what the names of its indices begin with.
    /// - Parameter prefix: empty for none; a dash is put behind it where it has none.
    public func name(prefix: String) -> String { Self.joined(prefix) + rawValue }

    /// The template as a cluster takes it.
    ///
    /// Jaeger's are of the older form, for `_template`; the others go to `_index_template`.
    /// - Parameters:
    ///   - prefix: as for `name`.
    ///   - isRolledOver: documents go to an alias, whose index the cluster turns.
    public func filled(prefix: String, shardCount: Int, replicaCount: Int, isRolledOver: Bool = false) -> String {
        var filled = ""
        var rest = text[...]
        if isRolledOver, let place = rest.firstRange(of: "\"settings\": {\n") {
            let name = Self.escaped(name(prefix: prefix))
            let isJaegers = Self.jaeger.contains(self)
            filled += rest[..<place.lowerBound]
            if isJaegers { filled += "\"aliases\": {\"\(name)-read\": {}},\n  " }
            let alias = isJaegers ? name + "-write" : name
            filled += rest[place]
            // The service map is one index for good.
            if self != .otelServiceMap {
                filled += "    \"plugins.index_state_management.rollover_alias\": \"\(alias)\",\n"
            }
            rest = rest[place.upperBound...]
        }
        filled += rest
        return filled.replacing("{prefix}", with: Self.escaped(Self.joined(prefix)))
            .replacing("\"{shards}\"", with: String(shardCount))
            .replacing("\"{replicas}\"", with: String(replicaCount))
    }

    private static func joined(_ prefix: String) -> String {
        prefix.isEmpty || prefix.hasSuffix("-") ? prefix : prefix + "-"
    }

    /// Within quotes. What else may not stand there is in no name of an index.
    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
