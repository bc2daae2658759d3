import Configuration
import HTTPAPI
import Logging
import NetworkServer
import Receivers
import Telemetry

/// All listeners of a server: opened together, and closed in order.
final class Listeners: Sendable {
    /// What the listeners serve.
    struct Services {
        let zipkin: ZipkinReceiver
        let zipkinQueries: ZipkinQueries
        let jaeger: JaegerReceiver
        let jaegerQueries: JaegerQueries
        let jaegerV3Queries: JaegerV3Queries
        let jaegerCalls: JaegerCalls
        let jaegerStorage: JaegerStorageCalls
        let tempo: TempoQueries
        let skeinQueries: SkeinQueries
        let samplingQueries: SamplingQueries
        let forwarding: ForwardingQueries
        let otlp: OTLPReceiver
        let sampling: SamplingRoutes
        let admin: AdminRoutes
    }

    private let servers: [HTTPServer]
    private let datagramServers: [DatagramServer]
    private let reloader: SecurityReloader
    private let lossWatch: DatagramLossWatch
    /// Names and addresses in the order in which they were opened.
    let addresses: [(name: String, address: String)]

    /// Opens every listener that is not off, on every address; none if one cannot be opened.
    init(
        _ configuration: Configuration, _ services: Services, _ group: HTTPServerGroup,
        _ metrics: MetricsRegistry, _ logger: Logger
    ) throws {
        let observer = RequestObserver(metrics)
        let security = try ListenerSecurity(configuration, logger)
        var servers: [HTTPServer] = []
        var datagramServers: [DatagramServer] = []
        do {
            for listener in Listener.allCases {
                guard var port = configuration.port(of: listener) else { continue }
                let router = Self.router(of: listener, services)
                for (index, address) in configuration.listenAddresses.enumerated() {
                    do {
                        // All addresses share the port that the first one got.
                        if listener.isDatagram {
                            let server = Self.datagramServer(
                                listener, address, port, configuration, services.jaeger, group)
                            try server.start()
                            port = server.boundPort ?? port
                            datagramServers.append(server)
                        } else {
                            let server = HTTPServer(
                                name: listener.rawValue, address: address, port: port, router: router,
                                limits: HTTPServerLimits(configuration), security: security.of(listener), group: group,
                                observer: observer)
                            try server.start()
                            port = server.boundPort ?? port
                            servers.append(server)
                        }
                    } catch {
                        // Machines without IPv6 have no ::1, which nobody there misses.
                        guard address == "::1", index > 0 else { throw error }
                        logger.debug("not listening", metadata: ["address": "\(address)", "reason": "\(error)"])
                    }
                }
            }
        } catch {
            for server in servers { server.beginShutdown() }
            throw error
        }
        self.servers = servers
        self.datagramServers = datagramServers
        reloader = SecurityReloader(security, logger)
        lossWatch = DatagramLossWatch(datagramServers, metrics, logger)
        var addresses: [(name: String, address: String)] = []
        let opened =
            servers.map { ($0.name, $0.boundAddress) } + datagramServers.map { ($0.name, $0.boundAddress) }
        for (name, address) in opened where !addresses.contains(where: { $0.name == name }) {
            addresses.append((name, address ?? ""))
        }
        self.addresses = addresses
    }

    /// Stops accepting; requests in progress are answered until `deadline`.
    func shutDown(deadline: ContinuousClock.Instant) async {
        reloader.stop()
        lossWatch.stop()
        for server in servers { server.beginShutdown() }
        for server in datagramServers { await server.close() }
        for server in servers { await server.finishShutdown(deadline: deadline) }
    }

    // MARK: Details

    private static func router(of listener: Listener, _ services: Services) -> HTTPRouter {
        var router = HTTPRouter()
        switch listener {
        case .zipkin:
            services.zipkin.register(on: &router)
            services.zipkinQueries.register(on: &router)
            // For commands that are given the address of this listener.
            services.skeinQueries.register(on: &router)
            services.samplingQueries.register(on: &router)
            services.forwarding.register(on: &router)
            router.mount(prefix: "/zipkin")
        case .otlpGRPC: services.otlp.registerGRPC(on: &router)
        case .otlpHTTP: services.otlp.registerHTTP(on: &router)
        case .jaegerHTTP:
            services.jaeger.registerHTTP(on: &router)
            services.sampling.registerHTTP(on: &router, anyPath: false)
        case .jaegerGRPC:
            services.jaeger.registerGRPC(on: &router)
            services.sampling.registerGRPC(on: &router)
        case .samplingHTTP: services.sampling.registerHTTP(on: &router, anyPath: true)
        case .samplingGRPC:
            services.sampling.registerGRPC(on: &router)
            SamplingRoutes.registerReflection(on: &router)
        case .jaegerCompact, .jaegerBinary: break
        case .query:
            services.jaegerQueries.register(on: &router)
            services.jaegerV3Queries.register(on: &router)
            services.skeinQueries.register(on: &router)
            services.samplingQueries.register(on: &router)
            services.forwarding.register(on: &router)
            router.mount(prefix: "/jaeger")
        case .queryGRPC:
            services.jaegerCalls.register(on: &router)
            JaegerCalls.registerReflection(on: &router)
        case .jaegerStorage:
            services.jaegerStorage.register(on: &router)
            JaegerStorageCalls.registerReflection(on: &router)
            // Spans come in through OTLP's own service.
            services.otlp.registerGRPC(on: &router)
        case .tempo: services.tempo.register(on: &router)
        case .admin: services.admin.register(on: &router)
        }
        if !listener.callServices.isEmpty {
            let admin = services.admin
            router.onHealthCheck(services: listener.callServices) { admin.isReady }
        }
        return router
    }

    private static func datagramServer(
        _ listener: Listener, _ address: String, _ port: Int, _ configuration: Configuration,
        _ receiver: JaegerReceiver, _ group: HTTPServerGroup
    ) -> DatagramServer {
        let encoding: JaegerReceiver.DatagramEncoding = listener == .jaegerCompact ? .compact : .binary
        return DatagramServer(
            name: listener.rawValue, address: address, port: port, byteCountMax: configuration.datagramByteCountMax,
            group: group,
            handler: { bytes, origin in
                receiver.receive(bytes, encoding, worker: origin.eventLoopIndex, sender: origin.remoteAddress)
            },
            onTooLarge: { byteCount, origin in
                receiver.refuse(byteCount: byteCount, encoding, sender: origin.remoteAddress)
            })
    }
}

extension Listener {
    /// The gRPC services that the listener has, by which health checks ask for them.
    fileprivate var callServices: [String] {
        let otlp = "opentelemetry.proto.collector.trace.v1.TraceService"
        return switch self {
        case .zipkin: ["zipkin.proto3.SpanService"]
        case .otlpGRPC: [otlp]
        case .jaegerGRPC: ["jaeger.api_v2.CollectorService", SamplingRoutes.service]
        case .samplingGRPC: [SamplingRoutes.service]
        case .queryGRPC: JaegerCalls.services
        case .jaegerStorage: JaegerStorageCalls.services + [otlp]
        default: []
        }
    }
}
