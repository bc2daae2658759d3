import Configuration
import Logging
import OpenSearch
import OpenSearchStore
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
        sink = try OpenSearchSink(sender: sender, options: options, logger: logger)
        var reading = OpenSearchTraceStore.Options(naming: index.naming)
        reading.spanAgeMax = configuration.traceAgeMax
        reading.requestTimeout = configuration.clusterTimeout
        reading.isSampled = SamplingRules(configuration.sampling).leavesOut
        store = OpenSearchTraceStore(client, reading)
        preparation = index.installsTemplates ? try ClusterPreparation(client, index, logger) : nil
    }

    /// What keeps spans from the index; nil if nothing does.
    var problem: String? { sender.state.problem.map { "\($0)" } }

    var requestCounts: [Int: Int] { sender.state.requestCounts }

    func close() {
        preparation?.stop()
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
