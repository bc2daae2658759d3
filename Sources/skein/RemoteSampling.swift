import Configuration
import Logging
import Receivers
import Sampling
import Threads

/// What SDKs are told of sampling, as the configuration says: the file of strategies read, and anew when it changes.
struct RemoteSampling: Sendable {
    let routes: SamplingRoutes
    /// Nil where adaptive sampling is off; to be told of every batch that arrives.
    let rates: OperationRates?
    private let file: SamplingStrategiesFile?

    private static let interval = Duration.seconds(2)

    init(_ configuration: Configuration, _ logger: Logger) throws {
        let probability = configuration.defaultSamplingProbability
        file = try configuration.samplingStrategiesPath.map {
            try SamplingStrategiesFile(path: $0, fallback: probability)
        }
        for warning in file?.warnings ?? [] { logger.warning("\(warning)") }
        let initial = file?.strategies.defaultStrategy.probability ?? probability
        rates = configuration.adaptiveTracesPerSecond.map {
            OperationRates(
                target: $0, initialProbability: initial,
                interval: Int64(configuration.adaptiveInterval / .nanoseconds(1)),
                now: SystemClock.nanosecondsSince1970())
        }
        routes = SamplingRoutes(defaultProbability: probability, file: file, rates: rates)
    }

    /// Looks every few seconds whether the file was replaced, until the task is cancelled.
    /// - Returns: nil without a file.
    func watch(_ logger: Logger) -> Task<Void, Never>? {
        guard let file else { return nil }
        return Task.detached(priority: .background) {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                switch file.reloadIfChanged() {
                case .unchanged:
                    break
                case .reloaded(let warnings):
                    logger.notice("replaced sampling strategies are in force")
                    for warning in warnings { logger.warning("\(warning)") }
                case .failed(let reason):
                    logger.error(
                        "replaced sampling strategies cannot be used; the old ones stay in force",
                        metadata: ["reason": "\(reason)"])
                }
            }
        }
    }
}
