/// The texts of the mesh's spans, as Envoy's Zipkin tracer writes them: the order of fields and of tags changes from
/// span to span.
enum MeshTemplates {
    /// Orders of each kind of span.
    static let orderCount = 32
    /// Orders of the variant with an `error` tag.
    static let errorOrderCount = 8

    /// Templates by kind: `orderCount` without error, then `errorOrderCount` with.
    static func build(arena: TextArena) -> TemplateSet {
        var builder = TemplateBuilder(arena: arena)
        var generator = SeededGenerator(seed: 0x6D65_7368)
        for type in MeshSpanType.allCases {
            for _ in 0..<orderCount { builder.add(pieces(type, isError: false, &generator)) }
            for _ in 0..<errorOrderCount { builder.add(pieces(type, isError: true, &generator)) }
        }
        return builder.build()
    }

    static func index(type: Int, isError: Bool, variety: UInt32) -> Int {
        let first = type &* (orderCount &+ errorOrderCount)
        let choice = Int(truncatingIfNeeded: variety >> 16)
        return isError ? first &+ orderCount &+ choice % errorOrderCount : first &+ choice % orderCount
    }

    private typealias Members = [(key: String, value: [Piece])]

    private static func pieces(_ type: MeshSpanType, isError: Bool, _ generator: inout SeededGenerator) -> [Piece] {
        let endpoint: Members = [
            ("serviceName", JSONPieces.string(type.service.serviceName)),
            ("ipv4", JSONPieces.string(.address)), ("port", [.text("0")]),
        ]
        let event: Members = [
            ("timestamp", [.slot(.eventTimestamp)]), ("value", JSONPieces.string(type.isClient ? "cr" : "ss")),
        ]
        var fields: Members = [
            ("traceId", JSONPieces.string(.traceID)), ("id", JSONPieces.string(.spanID)),
            ("name", JSONPieces.string(type.operation)),
            ("kind", JSONPieces.string(type.isClient ? "CLIENT" : "SERVER")),
            ("timestamp", [.slot(.timestamp)]), ("duration", [.slot(.duration)]),
            ("localEndpoint", JSONPieces.object(generator.shuffle(endpoint))),
            (
                "annotations",
                [.text("[")] + JSONPieces.object(generator.shuffle(event)) + [.text("]")]
            ),
            ("tags", JSONPieces.object(generator.shuffle(tags(type, isError: isError)))),
        ]
        if type != .gatewayServer { fields.append(("parentId", JSONPieces.string(.parentID))) }
        return JSONPieces.object(generator.shuffle(fields))
    }

    private static func tags(_ type: MeshSpanType, isError: Bool) -> Members {
        var tags: Members = [
            ("component", JSONPieces.string("proxy")), ("http.protocol", JSONPieces.string("HTTP/1.1")),
            ("http.status_code", JSONPieces.string(.status)), ("response_flags", JSONPieces.string("-")),
            ("upstream_cluster", JSONPieces.string(type.cluster)),
            ("upstream_cluster.name", JSONPieces.string(type.cluster)),
            ("peer.address", JSONPieces.string(.peer)),
            ("istio.canonical_service", JSONPieces.string(type.service.app)),
            ("istio.canonical_revision", JSONPieces.string(type.revision)),
            ("istio.mesh_id", JSONPieces.string("cluster.local")),
            ("istio.cluster_id", JSONPieces.string("Kubernetes")),
            ("istio.namespace", JSONPieces.string(type.service.namespace)),
        ]
        if type == .gatewayClient {
            tags.append(("upstream_address", JSONPieces.string(.peer)))
        } else {
            tags += [
                ("http.method", JSONPieces.string("GET")), ("http.url", url(type)),
                ("request_size", JSONPieces.string("0")), ("response_size", JSONPieces.string(.responseSize)),
                ("guid:x-request-id", JSONPieces.string(.requestID)),
                ("user_agent", JSONPieces.string(.userAgent)), ("downstream_cluster", JSONPieces.string("-")),
                ("node_id", JSONPieces.string(.nodeID)),
            ]
        }
        if isError { tags.append(("error", JSONPieces.string("true"))) }
        return tags
    }

    private static func url(_ type: MeshSpanType) -> [Piece] {
        let prefix =
            switch type.target {
            case .gateway, .productpage: "http://bookinfo.example.com/productpage?id="
            case .details: "http://details:9080/details/"
            case .reviews: "http://reviews:9080/reviews/"
            case .ratings: "http://ratings:9080/ratings/"
            }
        return [.text("\"" + prefix), .slot(.url), .text("\"")]
    }
}
