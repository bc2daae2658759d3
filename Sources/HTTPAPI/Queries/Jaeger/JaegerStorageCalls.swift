internal import Bytes
public import NetworkServer
internal import QueryFiles
internal import TraceModel
public import TraceStore
internal import WireFormats

/// Jaeger's remote storage over gRPC, for reading: `jaeger.storage.v2`, through which a query service of Jaeger's own
/// stands on this store. Spans come in as OTLP, on the same port, and go out with the IDs that they came with.
public struct JaegerStorageCalls: Sendable {
    /// The services, as health checks and reflection name them.
    public static let services = [
        "jaeger.storage.v2.TraceReader", "jaeger.storage.v2.DependencyReader", "jaeger.storage.v2.Capabilities",
    ]

    /// `GetCapabilitiesResponse`: a search may leave out the service (1); all its conditions are met by one span (2).
    private static let capabilities: [UInt8] = [1 << 3 | 2, 4, 1 << 3, 1, 2 << 3, 1]

    private let store: any QueryableStore
    private let limits: QueryLimits

    public init(store: any QueryableStore, limits: QueryLimits) {
        self.store = store
        self.limits = limits
    }

    public func register(on router: inout HTTPRouter) {
        let handlers = JaegerCallHandlers(store: store, limits: limits)
        registerNames(handlers, &router)
        registerTraces(handlers, &router)
    }

    /// Tells clients by reflection what the services are, that of OTLP among them.
    public static func registerReflection(on router: inout HTTPRouter) {
        router.onReflection(
            descriptorSet: GRPCDescriptors.jaegerStorage,
            services: services + ["opentelemetry.proto.collector.trace.v1.TraceService"])
    }

    private func registerNames(_ handlers: JaegerCallHandlers, _ router: inout HTTPRouter) {
        let store = store
        let service = "/jaeger.storage.v2.TraceReader/"
        router.onCall("/jaeger.storage.v2.Capabilities/GetCapabilities") { _, responder in
            responder.succeed(Self.capabilities)
        }
        handlers.on(service + "GetServices", &router) { _, _, writer in
            JaegerStorageV2.appendServices(try store.serviceNames(), to: &writer)
        }
        handlers.on(service + "GetOperations", &router) { body, _, writer in
            let asked = try body.withUnsafeBytes { try JaegerOperationsRequest(decoding: $0) }
            JaegerStorageV2.appendOperations(try handlers.operations(asked), to: &writer)
        }
        handlers.on("/jaeger.storage.v2.DependencyReader/GetDependencies", &router) { body, work, writer in
            let asked = try body.withUnsafeBytes { try JaegerStorageV2.GetDependenciesRequest(decoding: $0) }
            JaegerStorageV2.appendDependencies(try handlers.dependencies(asked.range, work), to: &writer)
        }
    }

    private func registerTraces(_ handlers: JaegerCallHandlers, _ router: inout HTTPRouter) {
        let store = store
        let service = "/jaeger.storage.v2.TraceReader/"
        // What is not found is left out, and what is asked for twice comes twice.
        handlers.onStream(service + "GetTraces", &router) { body, work, messages in
            let asked = try body.withUnsafeBytes { try JaegerStorageV2.GetTracesRequest(decoding: $0) }
            for item in asked.items {
                try work.check()
                guard let cursor = try store.openTrace(item.traceID, work) else { continue }
                try JaegerSpanMessages.sendOTLP(cursor, isRaw: true, work, &messages)
                try AnswerGaps.end(cursor.gaps)
            }
        }
        handlers.onStream(service + "FindTraces", &router) { body, work, messages in
            let outcome = try store.find(try Self.query(body), work) { found in
                try JaegerSpanMessages.sendOTLP(TraceCursor(found.trace), isRaw: true, work, &messages)
            }
            try AnswerGaps.end(outcome.gaps)
        }
        handlers.on(service + "FindTraceIDs", &router) { body, work, writer in
            let outcome = try store.find(try Self.query(body), work) { found in
                let summary = TraceSummary(found.trace)
                let range = JaegerTimeRange(start: summary.start, end: summary.end)
                let item = JaegerStorageV2.FoundTraceID(traceID: summary.traceID, range: range)
                JaegerStorageV2.appendTraceIDs(CollectionOfOne(item), to: &writer)
            }
            try AnswerGaps.end(outcome.gaps)
        }
        handlers.onStream(service + "FindTraceSummaries", &router) { body, work, messages in
            try handlers.sendSummaries(try Self.query(body), work, &messages) {
                JaegerStorageV2.appendSummaries($0, to: &$1)
            }
        }
    }

    private static func query(_ body: HTTPBody) throws -> TraceQuery {
        try JaegerCallQuery.query(
            try body.withUnsafeBytes { try JaegerStorageV2.FindTracesRequest(decoding: $0) }.query)
    }
}
