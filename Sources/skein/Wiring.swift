import CShim
import Configuration
import Dispatch
import HTTPAPI
import Ingestion
import Logging
import NetworkServer
import Receivers
import Sampling
import Synchronization
import Telemetry
import TraceModel
import TraceStore
import UnixSignals
import WireFormats

/// The program as a server: its parts, put together, started and stopped in order. The only place that knows them all.
struct Server {
    private let configuration: Configuration
    private let readConfiguration: ConfigurationReader
    private let logger: Logger
    private let metrics = MetricsRegistry()

    /// Seconds that requests in progress have to end in, once the program is asked to stop.
    private static let shutdownSeconds = 5

    /// Reads the configuration, as it was read at the start.
    typealias ConfigurationReader = @Sendable () throws(ConfigurationError) -> Configuration

    /// Serves until SIGTERM or SIGINT; then finishes what was accepted, seals and returns.
    static func run(_ readConfiguration: @escaping ConfigurationReader) throws {
        let configuration = try readConfiguration()
        skein_tune_allocator()
        Logs.start(configuration)
        let server = Server(configuration, readConfiguration, Logger(label: "skein"))
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

    private init(
        _ configuration: Configuration, _ readConfiguration: @escaping ConfigurationReader, _ logger: Logger
    ) {
        self.configuration = configuration
        self.readConfiguration = readConfiguration
        self.logger = logger
    }

    private func serve() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let syncSeconds = metrics.histogram("skein_journal_sync_seconds", "Time to make the journal durable.")
        let sampling = try RemoteSampling(configuration, logger)
        var options = StoreOptions(configuration)
        let samplerMetrics = SamplerMetrics(metrics)
        options.traceDecided = { samplerMetrics.note($0) }
        options.journalSynced = { syncSeconds.record(nanoseconds: Int64(clamping: $0)) }
        let storage = try Storage(configuration, options, logger)
        let group = HTTPServerGroup(configuration: .init(configuration), logger: logger)
        let admin = AdminRoutes(metrics: metrics)
        admin.setWarnings { storage.problems }
        let pipeline = pipeline(storage, group, sampling)
        let samplingInForce = SamplingInForce(configuration.sampling, store: storage.embedded, pipeline: pipeline)
        let listeners: Listeners
        do {
            listeners = try Listeners(
                configuration, services(storage, pipeline, admin, sampling, samplingInForce), group, metrics, logger)
        } catch {
            await group.shutDown()
            storage.close()
            throw error
        }
        ServerMetrics.register(metrics, storage, group)
        if let store = storage.embedded {
            let graphMetrics = ServiceGraphMetrics(
                edgeCountMax: configuration.serviceGraphSeriesMax, operationCountMax: configuration.spanSeriesMax
            ) { store.callTotals() }
            metrics.addSection { graphMetrics.text() }
        }
        let strategiesWatch = sampling.watch(logger)
        admin.setReady(true)
        announce(listeners)
        _ = skein_release_start_pages()
        for await signal in signals {
            if signal == .sighup {
                samplingInForce.reload(readConfiguration, logger)
                continue
            }
            logger.notice("stopping", metadata: ["signal": "\(signal)"])
            break
        }
        strategiesWatch?.cancel()
        admin.setReady(false)
        await listeners.shutDown(deadline: .now + .seconds(Self.shutdownSeconds))
        await group.shutDown()
        storage.close()
        logger.notice("stopped")
    }

    private func pipeline(
        _ storage: Storage, _ group: HTTPServerGroup, _ sampling: RemoteSampling
    ) -> IngestPipeline {
        var observer: IngestPipeline.Observer?
        if let rates = sampling.rates { observer = { rates.note($0, now: $1) } }
        return IngestPipeline(
            sink: storage.sink, limits: SpanLimits(configuration),
            sampler: SamplingInForce.headSampler(configuration.sampling), workerCount: group.eventLoopCount,
            metrics: metrics, logger: logger, accepted: observer)
    }

    private func services(
        _ storage: Storage, _ pipeline: IngestPipeline, _ admin: AdminRoutes, _ sampling: RemoteSampling,
        _ samplingInForce: SamplingInForce
    ) -> Listeners.Services {
        let lookback = Int64(configuration.queryLookback / .nanoseconds(1))
        let limits = QueryLimits(time: configuration.queryTimeout)
        let store = storage.queries
        return Listeners.Services(
            zipkin: ZipkinReceiver(pipeline: pipeline),
            zipkinQueries: ZipkinQueries(
                store: store, lookback: lookback, limits: limits,
                autocompleteKeys: configuration.zipkinAutocompleteKeys, version: ProgramVersion.number,
                isReady: { admin.isReady }),
            jaeger: JaegerReceiver(pipeline: pipeline),
            jaegerQueries: JaegerQueries(
                store: store, lookback: lookback, limits: limits, version: "v" + ProgramVersion.number),
            jaegerV3Queries: JaegerV3Queries(store: store, limits: limits),
            jaegerCalls: JaegerCalls(store: store, limits: limits),
            jaegerStorage: JaegerStorageCalls(store: store, limits: limits),
            tempo: TempoQueries(
                store: store, limits: limits, version: ProgramVersion.number, isReady: { admin.isReady }),
            skeinQueries: SkeinQueries(store: store, lookback: lookback, limits: limits),
            samplingQueries: SamplingQueries(
                store: store, simulated: storage.embedded, policies: { samplingInForce.document },
                parse: { try PolicyDocument.parse(text: $0, path: "policies") }, limits: limits),
            forwarding: ForwardingQueries(storage.forwarders), otlp: OTLPReceiver(pipeline: pipeline),
            sampling: sampling.routes, admin: admin)
    }

    /// The line that scripts wait for.
    private func announce(_ listeners: Listeners) {
        let addresses = listeners.addresses.map { "\(jsonText($0.name)):\(jsonText($0.address))" }
        let folder = jsonText(configuration.dataPath)
        Output.errorText(
            "{\"event\":\"ready\",\"listeners\":{\(addresses.joined(separator: ","))},\"data\":\(folder)}\n")
    }
}

extension SamplerMetrics {
    func note(_ report: TailReport) {
        for (policy, count) in report.kept { decided(policy, isKept: true, spanCount: count.spanCount) }
        for (policy, count) in report.dropped { decided(policy, isKept: false, spanCount: count.spanCount) }
    }
}
