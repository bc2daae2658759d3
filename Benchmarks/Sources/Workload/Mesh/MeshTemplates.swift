/// The texts of the mesh's spans, as Envoy's Zipkin tracer writes them: the order of fields and of tags changes from
/// span to span.
enum MeshTemplates {
    /// Orders of each kind of span.
    static let orderCount = 32
    /// Orders of the variant with an `error` tag.
    static let errorOrderCount = 8

    /// Templates by kind: `orderCount` without error, then `errorOrderCount` with. Both sets have the same spans: one
    /// as Zipkin's JSON, one in the given format.
    static func build(arena: TextArena, format: SpanFormat) -> (json: TemplateSet, wire: TemplateSet) {
        var json = TemplateBuilder(arena: arena)
        var wire = TemplateBuilder(arena: arena)
        var generator = SeededGenerator(seed: 0x6D65_7368)
        for type in MeshSpanType.allCases {
            for choice in 0..<(orderCount + errorOrderCount) {
                let (shape, pieces) = pieces(type, isError: choice >= orderCount, &generator)
                json.add(pieces)
                if format != .zipkinJSON { wire.add(format.pieces(shape)) }
            }
        }
        let set = json.build()
        return (set, format == .zipkinJSON ? set : wire.build())
    }

    static func index(type: Int, isError: Bool, variety: UInt32) -> Int {
        let first = type &* (orderCount &+ errorOrderCount)
        let choice = Int(truncatingIfNeeded: variety >> 16)
        return isError ? first &+ orderCount &+ choice % errorOrderCount : first &+ choice % orderCount
    }

    private typealias Members = [(key: String, value: [Piece])]

    /// A span's shape, and its JSON.
    private static func pieces(
        _ type: MeshSpanType, isError: Bool, _ generator: inout SeededGenerator
    ) -> (SpanShape, [Piece]) {
        let endpoint: Members = [
            ("serviceName", JSONPieces.string(type.service.serviceName)),
            ("ipv4", JSONPieces.string(.address)), ("port", [.text("0")]),
        ]
        let eventName = type.isClient ? "cr" : "ss"
        let event: Members = [
            ("timestamp", [.slot(.eventTimestamp)]), ("value", JSONPieces.string(eventName)),
        ]
        let localEndpoint = JSONPieces.object(generator.shuffle(endpoint))
        let annotation = JSONPieces.object(generator.shuffle(event))
        let shape = SpanShape(
            service: type.service.serviceName, operation: type.operation, kind: type.isClient ? "CLIENT" : "SERVER",
            hasParent: type != .gatewayServer, remote: nil,
            event: SpanShape.Event(text: [.text(eventName)], name: eventName, attributes: []),
            tags: generator.shuffle(tags(type, isError: isError)), failure: isError ? "" : nil)
        var fields: Members = [
            ("traceId", JSONPieces.string(.traceID)), ("id", JSONPieces.string(.spanID)),
            ("name", JSONPieces.string(shape.operation)),
            ("kind", JSONPieces.string(type.isClient ? "CLIENT" : "SERVER")),
            ("timestamp", [.slot(.timestamp)]), ("duration", [.slot(.duration)]),
            ("localEndpoint", localEndpoint),
            ("annotations", JSONPieces.list([annotation])),
            ("tags", JSONPieces.object(shape.tags)),
        ]
        if shape.hasParent { fields.append(("parentId", JSONPieces.string(.parentID))) }
        return (shape, JSONPieces.object(generator.shuffle(fields)))
    }

    private static func tags(_ type: MeshSpanType, isError: Bool) -> [SpanShape.Tag] {
        var tags: [SpanShape.Tag] = [
            SpanShape.Tag("component", "proxy"), SpanShape.Tag("http.protocol", "HTTP/1.1"),
            SpanShape.Tag("http.status_code", .status), SpanShape.Tag("response_flags", "-"),
            SpanShape.Tag("upstream_cluster", type.cluster),
            SpanShape.Tag("upstream_cluster.name", type.cluster),
            SpanShape.Tag("peer.address", .peer),
            SpanShape.Tag("istio.canonical_service", type.service.app),
            SpanShape.Tag("istio.canonical_revision", type.revision),
            SpanShape.Tag("istio.mesh_id", "cluster.local"),
            SpanShape.Tag("istio.cluster_id", "Kubernetes"),
            SpanShape.Tag("istio.namespace", type.service.namespace),
        ]
        if type == .gatewayClient {
            tags.append(SpanShape.Tag("upstream_address", .peer))
        } else {
            tags += [
                SpanShape.Tag("http.method", "GET"), SpanShape.Tag(key: "http.url", value: url(type)),
                SpanShape.Tag("request_size", "0"), SpanShape.Tag("response_size", .responseSize),
                SpanShape.Tag("guid:x-request-id", .requestID),
                SpanShape.Tag("user_agent", .userAgent), SpanShape.Tag("downstream_cluster", "-"),
                SpanShape.Tag("node_id", .nodeID),
            ]
        }
        if isError { tags.append(SpanShape.Tag("error", "true")) }
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
        return [.text(prefix), .slot(.url)]
    }
}
