import Configuration
import Logging
import OpenSearch
import OpenSearchStore
import TraceStore
import WireFormats

/// The parts that keep spans in a cluster, and nothing here.
final class ClusterStorage: Sendable {
    let store: OpenSearchTraceStore
    let sink: OpenSearchSink
    private let client: OpenSearchClient
    private let sender: BulkSender

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
        IndexTemplates.installInBackground(client, index, logger)
    }

    /// What keeps spans from the index; nil if nothing does.
    var problem: String? { sender.state.problem.map { "\($0)" } }

    var requestCounts: [Int: Int] { sender.state.requestCounts }

    func close() {
        sink.close()
        sender.stop()
        client.shutDown()
    }
}
