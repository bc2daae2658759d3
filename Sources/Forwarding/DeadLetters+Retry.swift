public import Logging
internal import OpenSearch
internal import Threads

extension DeadLetters {
    /// Sends the documents to the cluster again, without a forwarder, and keeps only those that are refused again.
    /// - Parameter timeout: for the documents of one request; after it the rest stays as it is.
    public func retry(
        _ options: ForwardingOptions, timeout: Duration, logger: Logger
    ) throws -> DeadLetterOutcome {
        let client = try OpenSearchClient(options.cluster, logger: logger)
        defer { client.shutDown() }
        let sender = try BulkSender(client: client, options: BulkOptions(options), logger: logger)
        defer { sender.stop() }
        let outcome = try retry { old in
            try DeadLetterBody.refused(old, byteCountMax: options.bulkByteCountMax) { body in
                let answer = ReportBox()
                sender.submit(body) { answer.put($0) }
                guard let report = answer.wait(seconds: timeout / .seconds(1)) else {
                    let problem = sender.state.problem.map { "\($0)" } ?? "no answer"
                    throw ForwardingError(.unusable, "destination \(options.name): \(problem)")
                }
                guard report.isComplete else { throw ForwardingError(.stopped, "the sending was stopped") }
                return report
            }
        }
        return DeadLetterOutcome(deliveredCount: outcome.deliveredCount, refusedCount: outcome.refusedCount)
    }
}

/// A report that somebody waits for.
private final class ReportBox: @unchecked Sendable {
    // Unchecked: guarded by `condition`.
    private let condition = ThreadCondition()
    private var report: BulkReport?

    func put(_ report: BulkReport) { condition.signal { self.report = report } }

    func wait(seconds: Double) -> BulkReport? { condition.wait(seconds: seconds) { report } }
}
