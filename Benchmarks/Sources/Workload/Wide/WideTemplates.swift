/// The texts of the wide spans, as an OpenTelemetry collector's Zipkin exporter writes them: one order of fields, tags
/// sorted by key, an event with attributes as an annotation that holds JSON.
enum WideTemplates {
    /// Two templates an operation: without and with a recorded exception.
    static func build(catalog: WideCatalog, arena: TextArena) -> TemplateSet {
        var builder = TemplateBuilder(arena: arena)
        for operation in catalog.operations {
            builder.add(pieces(operation, isRoot: false, isError: false))
            builder.add(pieces(operation, isRoot: false, isError: true))
            builder.add(pieces(operation, isRoot: true, isError: false))
            builder.add(pieces(operation, isRoot: true, isError: true))
        }
        return builder.build()
    }

    @inline(__always)
    static func index(type: Int, isRoot: Bool, isError: Bool) -> Int {
        type &* 4 &+ (isRoot ? 2 : 0) &+ (isError ? 1 : 0)
    }

    private typealias Tags = [String: [Piece]]

    private static func pieces(_ operation: WideOperation, isRoot: Bool, isError: Bool) -> [Piece] {
        let service = WideCatalog.serviceName(operation.service)
        var fields: [(key: String, value: [Piece])] = [
            ("timestamp", [.slot(.timestamp)]), ("duration", [.slot(.duration)]),
            ("traceId", JSONPieces.string(.traceID)), ("id", JSONPieces.string(.spanID)),
        ]
        if !isRoot { fields.append(("parentId", JSONPieces.string(.parentID))) }
        fields.append(("name", JSONPieces.string(operation.name)))
        if let kind = operation.kind.zipkinKind { fields.append(("kind", JSONPieces.string(kind))) }
        fields.append(
            (
                "localEndpoint",
                JSONPieces.object([("serviceName", JSONPieces.string(service)), ("ipv4", JSONPieces.string(.address))])
            ))
        if let remote = remoteEndpoint(operation) { fields.append(("remoteEndpoint", JSONPieces.object(remote))) }
        if isError {
            let event: [Piece] = JSONPieces.object([
                ("timestamp", [.slot(.eventTimestamp)]), ("value", exception(operation)),
            ])
            fields.append(("annotations", [.text("[")] + event + [.text("]")]))
        }
        var tags = resource(operation.service)
        tags.merge(attributes(operation)) { _, new in new }
        if isError {
            tags["error"] = JSONPieces.string(failure(operation).message)
            tags["otel.status_code"] = JSONPieces.string("ERROR")
        }
        let sorted = tags.sorted { $0.key < $1.key }
        fields.append(("tags", JSONPieces.object(sorted.map { (key: $0.key, value: $0.value) })))
        return JSONPieces.object(fields)
    }

    /// The 17 attributes of the process.
    private static func resource(_ service: Int) -> Tags {
        let name = WideCatalog.serviceName(service)
        let language = WideCatalog.language(service)
        return [
            "service.namespace": JSONPieces.string("shop"),
            "service.version": JSONPieces.string("\(1 + service % 4).\(service % 13).\(service % 7)"),
            "service.instance.id": JSONPieces.string(.instanceID),
            "deployment.environment.name": JSONPieces.string("production"),
            "host.name": JSONPieces.string(.podName), "process.pid": JSONPieces.string(.processID),
            "process.runtime.name": JSONPieces.string(language == "java" ? "OpenJDK Runtime Environment" : language),
            "k8s.cluster.name": JSONPieces.string("shop-prod-1"), "k8s.namespace.name": JSONPieces.string("shop"),
            "k8s.deployment.name": JSONPieces.string(name), "k8s.pod.name": JSONPieces.string(.podName),
            "k8s.node.name": JSONPieces.string(.nodeName), "cloud.provider": JSONPieces.string("aws"),
            "cloud.region": JSONPieces.string("eu-central-1"),
            "telemetry.sdk.language": JSONPieces.string(language),
            "telemetry.sdk.name": JSONPieces.string("opentelemetry"),
            "telemetry.sdk.version": JSONPieces.string("1.\(30 + service % 12).0"),
        ]
    }

    private static func attributes(_ operation: WideOperation) -> Tags {
        let noun = WideCatalog.noun(operation.service)
        let table = noun.map { $0 == "-" ? "_" : String($0) }.joined()
        var tags: Tags = [
            "otel.scope.name": JSONPieces.string("io.opentelemetry.\(operation.kind)"),
            "otel.scope.version": JSONPieces.string("2.\(8 + operation.service % 5).0-alpha"),
            "thread.id": JSONPieces.string(.threadID), "user.id": [.text("\"u-"), .slot(.userID), .text("\"")],
        ]
        switch operation.kind {
        case .read, .write:
            tags["http.request.method"] = JSONPieces.string(operation.kind == .read ? "GET" : "POST")
            tags["http.response.status_code"] = JSONPieces.string(.status)
            tags["http.route"] = JSONPieces.string("/api/v2/\(noun)s" + (operation.kind == .read ? "/{id}" : ""))
            tags["url.path"] = [.text("\"/api/v2/\(noun)s/"), .slot(.number), .text("\"")]
            tags["http.request.header.x-request-id"] = JSONPieces.string(.requestID)
            tags["tenant"] = JSONPieces.string(.tenant)
        case .validate:
            tags["code.function.name"] = JSONPieces.string("com.shop.\(table).\(operation.name)")
            tags["validation.rules"] = JSONPieces.string(.threadID)
        case .select, .update:
            tags["db.system.name"] = JSONPieces.string("postgresql")
            tags["db.namespace"] = JSONPieces.string("\(table)_db")
            tags["server.address"] = JSONPieces.string("\(noun)-postgres.shop.svc.cluster.local")
            tags["db.query.text"] = statement(operation.kind, table: table)
        case .call:
            tags["rpc.system"] = JSONPieces.string("grpc")
            tags["rpc.service"] = JSONPieces.string("shop.\(table).v2.\(operation.name.split(separator: "/")[0])")
            tags["rpc.method"] = JSONPieces.string("Fetch")
            tags["rpc.grpc.status_code"] = JSONPieces.string("0")
        case .publish, .consume:
            tags["messaging.system"] = JSONPieces.string("kafka")
            tags["messaging.destination.name"] = JSONPieces.string("\(noun).events")
            tags["messaging.kafka.offset"] = JSONPieces.string(.largeNumber)
            tags["messaging.message.id"] = JSONPieces.string(.spanID)
        }
        return tags
    }

    private static func statement(_ kind: WideOperationKind, table: String) -> [Piece] {
        if kind == .select {
            return [
                .text("\"SELECT id, user_id, state, updated_at FROM \\\"\(table)s\\\" WHERE user_id = "),
                .slot(.userID),
                .text(" AND id > "), .slot(.number), .text(" AND state IN ('open', 'held') ORDER BY id LIMIT 50\""),
            ]
        }
        return [
            .text("\"UPDATE \\\"\(table)s\\\" SET state = 'held', version = version + 1, amount = "), .slot(.number),
            .text(" WHERE id = "), .slot(.largeNumber), .text(" AND user_id = "), .slot(.userID), .text("\""),
        ]
    }

    private static func remoteEndpoint(_ operation: WideOperation) -> [(key: String, value: [Piece])]? {
        switch operation.kind {
        case .select, .update: [("serviceName", JSONPieces.string("postgresql")), ("port", [.text("5432")])]
        case .publish, .consume: [("serviceName", JSONPieces.string("kafka")), ("port", [.text("9092")])]
        default: nil
        }
    }
}

extension WideTemplates {
    fileprivate static func failure(_ operation: WideOperation) -> (type: String, message: String) {
        switch operation.kind {
        case .select, .update:
            ("org.postgresql.util.PSQLException", "ERROR: canceling statement due to statement timeout")
        case .call: ("io.grpc.StatusRuntimeException", "UNAVAILABLE: upstream connect error")
        case .publish, .consume: ("org.apache.kafka.common.errors.TimeoutException", "Expiring 1 record(s): 30000 ms")
        default: ("java.lang.IllegalStateException", "No \"current\" version of the resource")
        }
    }

    /// The event's text is JSON itself, so that its escapes are escaped.
    fileprivate static func exception(_ operation: WideOperation) -> [Piece] {
        let (type, message) = failure(operation)
        let noun = WideCatalog.noun(operation.service)
        let stem = "com.shop.\(noun.replacing("-", with: "_"))"
        var trace = "\(type): \(message)\n"
        for (index, frame) in frames.enumerated() {
            let line = 20 + (operation.service * 37 + index * 53) % 900
            trace += "\tat \(index < 6 ? stem : "org.springframework.web").\(frame).java:\(line))\n"
        }
        let inner =
            "{\"exception\": {\"exception.message\":" + JSONPieces.quoted(message) + ",\"exception.stacktrace\":"
            + JSONPieces.quoted(trace) + ",\"exception.type\":" + JSONPieces.quoted(type) + ",\"thread.id\":"
        return [.text("\"" + JSONPieces.escaped(inner)), .slot(.threadID), .text("}}\"")]
    }

    private static let frames = [
        "repository.JdbcRepository.query(JdbcRepository", "repository.CachedRepository.load(CachedRepository",
        "domain.ResourceService.find(ResourceService", "domain.ResourceService.require(ResourceService",
        "web.ResourceController.handle(ResourceController", "web.TenantFilter.doFilter(TenantFilter",
        "method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod",
        "servlet.mvc.method.AbstractHandlerMethodAdapter.handle(AbstractHandlerMethodAdapter",
        "servlet.DispatcherServlet.doDispatch(DispatcherServlet", "servlet.FrameworkServlet.service(FrameworkServlet",
        "filter.OncePerRequestFilter.doFilter(OncePerRequestFilter",
        "filter.CharacterEncodingFilter.doFilterInternal(CharacterEncodingFilter",
    ]
}
