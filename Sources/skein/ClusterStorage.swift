import Configuration
import Forwarding
import Logging
import OpenSearch
import OpenSearchStore
import Synchronization
import Threads
import TraceStore
import WireFormats

/// The parts that keep spans in a cluster, and nothing here.
final class ClusterStorage: Sendable {
    let store: OpenSearchTraceStore
    let sink: OpenSearchSink
    private let client: OpenSearchClient
    private let sender: BulkSender
    private let preparation: ClusterPreparation?
    private let dependencies: DependencyWriter?

    init(_ configuration: Configuration, _ logger: Logger) throws {
        let index = IndexOptions(configuration)
        client = try OpenSearchClient(OpenSearchOptions(configuration), logger: logger)
        var bulk = BulkOptions()
        bulk.requestCountMax = configuration.bulkRequestCountMax
        bulk.byteCountMax = configuration.bulkByteCountMax
        bulk.backoffMin = configuration.bulkBackoff.lowerBound
        bulk.backoffMax = configuration.bulkBackoff.upperBound
        sender = try BulkSender(client: client, options: bulk, logger: logger)
        var options = OpenSearchSink.Options()
        options.documents = JaegerDocumentOptions(index)
        options.answerTimeout = configuration.clusterTimeout
        let letters = Mutex(
            try DeadLetters(
                folder: DeadLetters.folder(
                    dataPath: configuration.dataPath, destination: Configuration.destinationName),
                byteCountMax: configuration.deadLetterByteCountMax))
        sink = try OpenSearchSink(sender: sender, options: options, logger: logger) { rejections in
            let time = Double(SystemClock.nanosecondsSince1970()) / 1e9
            do throws(ForwardingError) {
                try letters.withLock { (letters) throws(ForwardingError) in
                    try letters.append(rejections.map { DeadLetter($0, time: time) })
                }
            } catch {
                logger.error("documents that the cluster refused cannot be kept", metadata: ["reason": "\(error)"])
            }
        }
        var reading = OpenSearchTraceStore.Options(naming: index.naming)
        reading.spanAgeMax = configuration.traceAgeMax
        reading.requestTimeout = configuration.clusterTimeout
        reading.isSampled = SamplingRules(configuration.sampling).leavesOut
        store = OpenSearchTraceStore(client, reading)
        if let interval = configuration.dependenciesInterval {
            var writing = DependencyWriter.Options()
            writing.interval = interval
            dependencies = DependencyWriter(store, client, options: writing, logger: logger)
        } else {
            dependencies = nil
        }
        preparation = index.installsTemplates ? try ClusterPreparation(client, index, logger) : nil
    }

    /// Starts what works by itself.
    func start() throws { try dependencies?.start() }

    /// What keeps spans from the index; nil if nothing does.
    var problem: String? { sender.state.problem.map { "\($0)" } }

    var requestCounts: [Int: Int] { sender.state.requestCounts }

    func close() {
        preparation?.stop()
        dependencies?.close()
        sink.close()
        sender.stop()
        client.shutDown()
    }
}

/// Makes a cluster ready for the documents to come, again and again until that succeeds, on a thread of its own.
private final class ClusterPreparation: Sendable {
    private let condition = ThreadCondition()
    /// Guarded by the condition.
    private nonisolated(unsafe) var isToStop = false
    private nonisolated(unsafe) var thread: WorkerThread?

    private static let waitMin = 1.0
    private static let waitMax = 30.0

    init(_ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger) throws {
        thread = try WorkerThread { [self] in run(client, index, logger) }
    }

    private func run(_ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger) {
        var wait = Self.waitMin
        var told: String?
        while true {
            do throws(OpenSearchError) {
                return try index.prepare(client, logger)
            } catch {
                if told != error.summary {
                    told = error.summary
                    logger.warning("index templates cannot be installed yet", metadata: ["reason": "\(error)"])
                }
            }
            if condition.wait(seconds: wait, until: { isToStop ? true : nil }) != nil { return }
            wait = min(wait * 2, Self.waitMax)
        }
    }

    func stop() {
        condition.signal { isToStop = true }
        thread?.join()
    }
}
