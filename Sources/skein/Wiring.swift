import CShim
import Configuration
import Dispatch
import HTTPAPI
import Ingestion
import Logging
import NetworkServer
import Receivers
import Synchronization
import Telemetry
import TraceModel
import TraceStore
import UnixSignals
import WireFormats

/// The program as a server: its parts, put together, started and stopped in order. The only place that knows them all.
struct Server {
    private let configuration: Configuration
    private let logger: Logger
    private let metrics = MetricsRegistry()

    /// Seconds that requests in progress have to end in, once the program is asked to stop.
    private static let shutdownSeconds = 5

    /// Serves until SIGTERM or SIGINT; then finishes what was accepted, seals and returns.
    static func run(_ configuration: Configuration) throws {
        skein_tune_allocator()
        Logs.start(configuration)
        let server = Server(configuration: configuration, logger: Logger(label: "skein"))
        let ended = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        Task.detached {
            do {
                try await server.serve()
            } catch {
                failure.withLock { $0 = error }
            }
            ended.signal()
        }
        ended.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    private func serve() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let syncSeconds = metrics.histogram("skein_journal_sync_seconds", "Time to make the journal durable.")
        var options = StoreOptions(configuration)
        options.journalSynced = { syncSeconds.record(nanoseconds: Int64(clamping: $0)) }
        let store = try TraceStore(path: configuration.dataPath, options: options, logger: logger)
        try store.start()
        let group = HTTPServerGroup(configuration: .init(configuration), logger: logger)
        let admin = AdminRoutes(metrics: metrics)
        let servers: [HTTPServer]
        do {
            servers = try start(store, group, admin)
        } catch {
            await group.shutDown()
            store.close()
            throw error
        }
        ServerMetrics.register(metrics, store, group)
        admin.setReady(true)
        announce(servers)
        _ = skein_release_start_pages()
        for await signal in signals {
            logger.notice("stopping", metadata: ["signal": "\(signal)"])
            break
        }
        admin.setReady(false)
        for server in servers { server.beginShutdown() }
        let deadline = ContinuousClock.now + .seconds(Self.shutdownSeconds)
        for server in servers { await server.finishShutdown(deadline: deadline) }
        await group.shutDown()
        store.close()
        logger.notice("stopped")
    }

    // MARK: Listeners

    private func start(_ store: TraceStore, _ group: HTTPServerGroup, _ admin: AdminRoutes) throws -> [HTTPServer] {
        let pipeline = IngestPipeline(
            sink: StoreSink(store: store), limits: SpanLimits(configuration), workerCount: group.eventLoopCount,
            metrics: metrics)
        let lookback = Int64(configuration.queryLookback / .nanoseconds(1))
        var zipkin = HTTPRouter()
        ZipkinReceiver(pipeline: pipeline).register(on: &zipkin)
        ZipkinQueries(store: store, lookback: lookback).register(on: &zipkin)
        zipkin.mount(prefix: "/zipkin")
        var query = HTTPRouter()
        JaegerQueries(store: store, lookback: lookback, version: "v" + ProgramVersion.number).register(on: &query)
        query.mount(prefix: "/jaeger")
        var adminRouter = HTTPRouter()
        admin.register(on: &adminRouter)
        let observer = RequestObserver(metrics)
        var servers: [HTTPServer] = []
        do {
            for (name, port, router) in [
                ("zipkin", configuration.zipkinPort, zipkin), ("query", configuration.queryPort, query),
                ("admin", configuration.adminPort, adminRouter),
            ] {
                guard let port else { continue }
                try servers += listen(name, port, router, group, observer)
            }
        } catch {
            for server in servers { server.beginShutdown() }
            throw error
        }
        return servers
    }

    /// One server for each address, all on the port that the first one got.
    private func listen(
        _ name: String, _ port: Int, _ router: HTTPRouter, _ group: HTTPServerGroup, _ observer: RequestObserver
    ) throws -> [HTTPServer] {
        var servers: [HTTPServer] = []
        var port = port
        for address in configuration.listenAddresses {
            let server = HTTPServer(
                name: name, address: address, port: port, router: router, limits: HTTPServerLimits(configuration),
                group: group,
                observer: observer)
            do {
                try server.start()
            } catch {
                // Machines without IPv6 have no ::1, which nobody there misses.
                guard address == "::1", !servers.isEmpty else {
                    for started in servers { started.beginShutdown() }
                    throw error
                }
                logger.debug("not listening", metadata: ["address": "\(address)", "reason": "\(error)"])
                continue
            }
            port = server.boundPort ?? port
            servers.append(server)
        }
        return servers
    }

    /// The line that scripts wait for.
    private func announce(_ servers: [HTTPServer]) {
        var addresses: [(name: String, address: String)] = []
        for server in servers where !addresses.contains(where: { $0.name == server.name }) {
            addresses.append((server.name, server.boundAddress ?? ""))
        }
        let listeners = addresses.map { "\(jsonText($0.name)):\(jsonText($0.address))" }.joined(separator: ",")
        let folder = jsonText(configuration.dataPath)
        Output.errorText("{\"event\":\"ready\",\"listeners\":{\(listeners)},\"data\":\(folder)}\n")
    }
}

/// The store as what the pipeline needs.
private struct StoreSink: SpanSink {
    let store: TraceStore

    func append(_ batch: SpanBatch, completion: @escaping @Sendable (SpanSinkOutcome) -> Void) {
        store.append(batch) { result in
            switch result {
            case .success: completion(.kept)
            case .failure(.overloaded): completion(.overloaded)
            case .failure(.diskFull(let reason)): completion(.diskFull(reason))
            case .failure(.tooLarge(let reason)): completion(.tooLarge(reason))
            }
        }
    }
}
