public import NetworkServer
internal import Synchronization
public import Telemetry

/// Health and metrics, for orchestrators and Prometheus.
public final class AdminRoutes: Sendable {
    private let metrics: MetricsRegistry
    private let ready = Atomic<Bool>(false)
    private let warnings = Mutex<@Sendable () -> [String]>({ [] })

    public init(metrics: MetricsRegistry) { self.metrics = metrics }

    /// Whether `/health/ready` says so: from when all listeners are open until the program is asked to stop.
    public func setReady(_ ready: Bool) { self.ready.store(ready, ordering: .releasing) }

    /// What readiness tells beside its answer: sentences on what does not work as it should.
    public func setWarnings(_ read: @escaping @Sendable () -> [String]) { warnings.withLock { $0 = read } }

    public var isReady: Bool { ready.load(ordering: .acquiring) }

    public func register(on router: inout HTTPRouter) {
        for path in ["/health/live", "/healthz"] {
            router.on(.get, path, .eventLoop { _, _, responder in responder.respond(.text(.ok, "alive\n")) })
        }
        for path in ["/health/ready", "/readyz", "/status", "/"] {
            router.on(.get, path, .eventLoop(answerReady))
        }
        let metrics = metrics
        router.on(
            .get, "/metrics",
            .workerThread { _, _ in
                HTTPResponse(
                    status: .ok, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
                    body: metrics.bytes())
            })
    }

    @Sendable private func answerReady(_ request: HTTPRequest, _ parameters: HTTPParameters, _ responder: HTTPResponder)
    {
        if isReady {
            let warnings = warnings.withLock { $0 }()
            responder.respond(.text(.ok, "ready\n" + warnings.map { "warning: \($0)\n" }.joined()))
        } else {
            responder.respond(.text(.serviceUnavailable, "not ready\n"))
        }
    }
}
