import Configuration
import HTTPAPI
import Logging
import NetworkServer
import Sampling
import TestSupport
import TraceModel
import TraceStore
import WireFormats

/// All query APIs on free ports of this machine, over the store that is tested.
final class QueryServer {
    private let behind: StoreBehind
    private let group: HTTPServerGroup
    private let servers: [HTTPServer]
    let zipkin: HTTPConnection
    let jaeger: HTTPConnection
    /// Jaeger's gRPC services, and those of its remote storage.
    let callPort: Int
    let storagePort: Int

    private static let lookback: Int64 = 86_400_000_000_000

    struct Settings: Sendable {
        var time: Duration = .seconds(60)
        var autocompleteKeys: [String] = []
        var isReady = true
        var policies = PolicyDocument()
    }

    /// Runs `body` against a new server, and ends that whatever happens.
    static func serving(
        _ posts: [String], _ settings: Settings = Settings(), _ body: (QueryServer) throws -> Void
    ) async throws {
        let server = try QueryServer(settings)
        do {
            for post in posts { try server.post(post) }
            try body(server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private init(_ settings: Settings) throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        behind = try StoreBehind()
        let store = behind.store
        var configuration = HTTPServerGroup.Configuration()
        configuration.eventLoopCount = 1
        group = HTTPServerGroup(configuration: configuration, logger: logger)
        var zipkinRouter = HTTPRouter()
        ZipkinQueries(
            store: store, lookback: Self.lookback, limits: QueryLimits(time: settings.time),
            autocompleteKeys: settings.autocompleteKeys, version: "9.8.7", isReady: { settings.isReady }
        ).register(on: &zipkinRouter)
        zipkinRouter.mount(prefix: "/zipkin")
        var jaegerRouter = HTTPRouter()
        let limits = QueryLimits(time: settings.time)
        JaegerQueries(store: store, lookback: Self.lookback, limits: limits, version: "9.8.7")
            .register(on: &jaegerRouter)
        JaegerV3Queries(store: store, limits: limits).register(on: &jaegerRouter)
        SkeinQueries(store: store, lookback: Self.lookback, limits: limits).register(on: &jaegerRouter)
        SamplingQueries(
            store: store, simulated: behind.embedded, policies: { [settings] in settings.policies },
            parse: { try PolicyDocument.parse(text: $0, path: "policies") }, limits: limits
        ).register(on: &jaegerRouter)
        jaegerRouter.mount(prefix: "/jaeger")
        var callRouter = HTTPRouter()
        JaegerCalls(store: store, limits: limits).register(on: &callRouter)
        var storageRouter = HTTPRouter()
        JaegerStorageCalls(store: store, limits: limits).register(on: &storageRouter)
        let routers = [
            ("zipkin", zipkinRouter), ("jaeger", jaegerRouter), ("calls", callRouter), ("storage", storageRouter),
        ]
        servers = routers.map { [group] name, router in
            HTTPServer(name: name, address: "127.0.0.1", port: 0, router: router, group: group)
        }
        for server in servers { try server.start() }
        zipkin = try HTTPConnection(port: UInt16(servers[0].boundPort ?? 0))
        jaeger = try HTTPConnection(port: UInt16(servers[1].boundPort ?? 0))
        callPort = servers[2].boundPort ?? 0
        storagePort = servers[3].boundPort ?? 0
    }

    private func end() async {
        for server in servers { server.beginShutdown() }
        for server in servers { await server.finishShutdown(deadline: .now) }
        await group.shutDown()
        behind.close()
    }

    /// Takes in a Zipkin v2 list and waits until it is kept.
    private func post(_ json: String) throws {
        var builder = SpanBatchBuilder()
        try Array(json.utf8).withUnsafeBytes { bytes in
            _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        try take(builder.makeBatch())
    }

    /// Takes in spans and waits until they are found.
    func take(_ batch: SpanBatch) throws { try behind.take(batch) }

    /// Has the embedded store make segments.
    func seal() throws { try behind.seal() }
}
