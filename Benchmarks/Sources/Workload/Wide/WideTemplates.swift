/// The texts of the wide spans, as an OpenTelemetry collector's Zipkin exporter writes them: one order of fields, tags
/// sorted by key, an event with attributes as an annotation that holds JSON.
enum WideTemplates {
    /// Four templates an operation: without and with a recorded exception, the same for a root. Both sets have the same
    /// spans: one as Zipkin's JSON, one in the given format.
    static func build(
        catalog: WideCatalog, arena: TextArena, format: SpanFormat
    ) -> (json: TemplateSet, wire: TemplateSet) {
        var json = TemplateBuilder(arena: arena)
        var wire = TemplateBuilder(arena: arena)
        for operation in catalog.operations {
            for (isRoot, isError) in [(false, false), (false, true), (true, false), (true, true)] {
                let shape = shape(operation, isRoot: isRoot, isError: isError)
                json.add(pieces(shape))
                if format != .zipkinJSON { wire.add(format.pieces(shape)) }
            }
        }
        let set = json.build()
        return (set, format == .zipkinJSON ? set : wire.build())
    }

    @inline(__always)
    static func index(type: Int, isRoot: Bool, isError: Bool) -> Int {
        type &* 4 &+ (isRoot ? 2 : 0) &+ (isError ? 1 : 0)
    }

    private static func shape(_ operation: WideOperation, isRoot: Bool, isError: Bool) -> SpanShape {
        var tags = resource(operation.service) + attributes(operation)
        if isError {
            tags.append(SpanShape.Tag("error", failure(operation).message))
            tags.append(SpanShape.Tag("otel.status_code", "ERROR"))
        }
        return SpanShape(
            service: WideCatalog.serviceName(operation.service), operation: operation.name,
            kind: operation.kind.zipkinKind, hasParent: !isRoot, remote: remote(operation),
            event: isError ? exception(operation) : nil, tags: tags.sorted { $0.key < $1.key },
            failure: isError ? failure(operation).message : nil)
    }

    private static func pieces(_ shape: SpanShape) -> [Piece] {
        var fields: [(key: String, value: [Piece])] = [
            ("timestamp", [.slot(.timestamp)]), ("duration", [.slot(.duration)]),
            ("traceId", JSONPieces.string(.traceID)), ("id", JSONPieces.string(.spanID)),
        ]
        if shape.hasParent { fields.append(("parentId", JSONPieces.string(.parentID))) }
        fields.append(("name", JSONPieces.string(shape.operation)))
        if let kind = shape.kind { fields.append(("kind", JSONPieces.string(kind))) }
        fields.append(
            (
                "localEndpoint",
                JSONPieces.object([
                    ("serviceName", JSONPieces.string(shape.service)), ("ipv4", JSONPieces.string(.address)),
                ])
            ))
        if let remote = shape.remote {
            let members = [
                (key: "serviceName", value: JSONPieces.string(remote.serviceName)),
                (key: "port", value: [.text("\(remote.port)")]),
            ]
            fields.append(("remoteEndpoint", JSONPieces.object(members)))
        }
        if let event = shape.event {
            let annotation = JSONPieces.object([
                ("timestamp", [.slot(.eventTimestamp)]), ("value", JSONPieces.string(event.text)),
            ])
            fields.append(("annotations", JSONPieces.list([annotation])))
        }
        fields.append(("tags", JSONPieces.object(shape.tags)))
        return JSONPieces.object(fields)
    }

    /// The 17 attributes of the process.
    static func resource(_ service: Int) -> [SpanShape.Tag] {
        let name = WideCatalog.serviceName(service)
        let language = WideCatalog.language(service)
        let tags: [SpanShape.Tag] = [
            SpanShape.Tag("service.namespace", "shop"),
            SpanShape.Tag("service.version", "\(1 + service % 4).\(service % 13).\(service % 7)"),
            SpanShape.Tag("service.instance.id", .instanceID),
            SpanShape.Tag("deployment.environment.name", "production"),
            SpanShape.Tag("host.name", .podName), SpanShape.Tag("process.pid", .processID),
            SpanShape.Tag("process.runtime.name", language == "java" ? "OpenJDK Runtime Environment" : language),
            SpanShape.Tag("k8s.cluster.name", "shop-prod-1"), SpanShape.Tag("k8s.namespace.name", "shop"),
            SpanShape.Tag("k8s.deployment.name", name), SpanShape.Tag("k8s.pod.name", .podName),
            SpanShape.Tag("k8s.node.name", .nodeName), SpanShape.Tag("cloud.provider", "aws"),
            SpanShape.Tag("cloud.region", "eu-central-1"),
            SpanShape.Tag("telemetry.sdk.language", language),
            SpanShape.Tag("telemetry.sdk.name", "opentelemetry"),
            SpanShape.Tag("telemetry.sdk.version", "1.\(30 + service % 12).0"),
        ]
        return tags.map { tag in
            var tag = tag
            tag.place = .resource
            return tag
        }
    }

    /// The keys of all tags that describe one of these.
    static func tagKeys(_ places: Set<SpanShape.Place>) -> Set<String> {
        let operation = WideOperation(service: 0, kind: .read, name: "")
        let tags = resource(0) + attributes(operation)
        return Set(tags.filter { places.contains($0.place) }.map(\.key))
    }

    static func scopeName(_ kind: WideOperationKind) -> String { "io.opentelemetry.\(kind)" }

    static func scopeVersion(_ service: Int) -> String { "2.\(8 + service % 5).0-alpha" }

    private static func attributes(_ operation: WideOperation) -> [SpanShape.Tag] {
        let noun = WideCatalog.noun(operation.service)
        let table = noun.map { $0 == "-" ? "_" : String($0) }.joined()
        let common = [
            SpanShape.Tag(key: "otel.scope.name", value: [.text(scopeName(operation.kind))], place: .scope),
            SpanShape.Tag(key: "otel.scope.version", value: [.text(scopeVersion(operation.service))], place: .scope),
            SpanShape.Tag("thread.id", number: .threadID),
            SpanShape.Tag(key: "user.id", value: [.text("u-"), .slot(.userID)]),
        ]
        switch operation.kind {
        case .read, .write:
            return common + [
                SpanShape.Tag("http.request.method", operation.kind == .read ? "GET" : "POST"),
                SpanShape.Tag("http.response.status_code", number: .status),
                SpanShape.Tag("http.route", "/api/v2/\(noun)s" + (operation.kind == .read ? "/{id}" : "")),
                SpanShape.Tag(key: "url.path", value: [.text("/api/v2/\(noun)s/"), .slot(.number)]),
                SpanShape.Tag("http.request.header.x-request-id", .requestID), SpanShape.Tag("tenant", .tenant),
            ]
        case .validate:
            return common + [
                SpanShape.Tag("code.function.name", "com.shop.\(table).\(operation.name)"),
                SpanShape.Tag("validation.rules", number: .threadID),
            ]
        case .select, .update:
            return common + [
                SpanShape.Tag("db.system.name", "postgresql"), SpanShape.Tag("db.namespace", "\(table)_db"),
                SpanShape.Tag("server.address", "\(noun)-postgres.shop.svc.cluster.local"),
                SpanShape.Tag(key: "db.query.text", value: statement(operation.kind, table: table)),
            ]
        case .call:
            return common + [
                SpanShape.Tag("rpc.system", "grpc"),
                SpanShape.Tag("rpc.service", "shop.\(table).v2.\(operation.name.split(separator: "/")[0])"),
                SpanShape.Tag("rpc.method", "Fetch"), SpanShape.Tag("rpc.grpc.status_code", "0"),
            ]
        case .publish, .consume:
            return common + [
                SpanShape.Tag("messaging.system", "kafka"),
                SpanShape.Tag("messaging.destination.name", "\(noun).events"),
                SpanShape.Tag("messaging.kafka.offset", number: .largeNumber),
                SpanShape.Tag("messaging.message.id", .spanID),
            ]
        }
    }

    private static func statement(_ kind: WideOperationKind, table: String) -> [Piece] {
        if kind == .select {
            return [
                .text("SELECT id, user_id, state, updated_at FROM \"\(table)s\" WHERE user_id = "), .slot(.userID),
                .text(" AND id > "), .slot(.number), .text(" AND state IN ('open', 'held') ORDER BY id LIMIT 50"),
            ]
        }
        return [
            .text("UPDATE \"\(table)s\" SET state = 'held', version = version + 1, amount = "), .slot(.number),
            .text(" WHERE id = "), .slot(.largeNumber), .text(" AND user_id = "), .slot(.userID),
        ]
    }

    private static func remote(_ operation: WideOperation) -> SpanShape.Remote? {
        switch operation.kind {
        case .select, .update: SpanShape.Remote(serviceName: "postgresql", port: 5432)
        case .publish, .consume: SpanShape.Remote(serviceName: "kafka", port: 9092)
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

    /// As one text, the event is JSON itself, so that its escapes are escaped.
    fileprivate static func exception(_ operation: WideOperation) -> SpanShape.Event {
        let (type, message) = failure(operation)
        let noun = WideCatalog.noun(operation.service)
        let stem = "com.shop.\(noun.replacing("-", with: "_"))"
        var trace = "\(type): \(message)\n"
        for (index, frame) in frames.enumerated() {
            let line = 20 + (operation.service * 37 + index * 53) % 900
            trace += "\tat \(index < 6 ? stem : "org.springframework.web").\(frame).java:\(line))\n"
        }
        let text =
            "{\"exception\": {\"exception.message\":" + JSONPieces.quoted(message) + ",\"exception.stacktrace\":"
            + JSONPieces.quoted(trace) + ",\"exception.type\":" + JSONPieces.quoted(type) + ",\"thread.id\":"
        return SpanShape.Event(
            text: [.text(text), .slot(.threadID), .text("}}")], name: "exception",
            attributes: [
                SpanShape.Tag("exception.message", message), SpanShape.Tag("exception.stacktrace", trace),
                SpanShape.Tag("exception.type", type), SpanShape.Tag("thread.id", number: .threadID),
            ])
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
