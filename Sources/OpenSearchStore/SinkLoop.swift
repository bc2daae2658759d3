internal import Logging
internal import OpenSearch
internal import Synchronization
internal import Threads
internal import TraceModel
internal import WireFormats

/// Makes documents of spans and has them sent. For one thread, but for `finish`.
final class SinkLoop: Sendable {
    private let inbox: SinkInbox
    private let sender: BulkSender
    private let options: OpenSearchSink.Options
    private let logger: Logger
    private let rejected: @Sendable ([BulkReport.Rejection]) -> Void
    /// Monotonic seconds at which a rejection was last told of.
    private let lastLogged = Mutex<ContinuousClock.Instant?>(nil)

    private static let logInterval: Duration = .seconds(10)

    init(
        _ inbox: SinkInbox, _ sender: BulkSender, _ options: OpenSearchSink.Options, _ logger: Logger,
        _ rejected: @escaping @Sendable ([BulkReport.Rejection]) -> Void
    ) {
        self.inbox = inbox
        self.sender = sender
        self.options = options
        self.logger = logger
        self.rejected = rejected
    }

    func run() {
        var encoder = JaegerDocumentEncoder(options.documents)
        var services = JaegerServiceDocuments(naming: options.documents.naming)
        var builder = SpanBatchBuilder()
        while let entries = inbox.next() {
            var body = BulkBody()
            let now = SystemClock.nanosecondsSince1970()
            for entry in entries {
                let batch = DocumentSpans.outgoing(entry.batch, &builder)
                for span in batch.spans {
                    encoder.append(span, to: &body)
                    services.append(span, now: now, to: &body)
                }
            }
            builder.removeAll()
            body.finish()
            let numbers = entries.map(\.number)
            guard inbox.wait(until: { sender.hasRoom }) else {
                inbox.finish(numbers, isKept: false, rejectedCount: 0)
                continue
            }
            sender.submit(body) { [self] report in ended(numbers, report) }
        }
    }

    private func ended(_ numbers: [Int], _ report: BulkReport) {
        if !report.rejections.isEmpty {
            rejected(report.rejections)
            log(report.rejections)
        }
        inbox.finish(numbers, isKept: report.isComplete, rejectedCount: report.rejections.count)
    }

    private func log(_ rejections: [BulkReport.Rejection]) {
        let isDue = lastLogged.withLock { last in
            let now = ContinuousClock.now
            guard last.map({ now - $0 >= Self.logInterval }) ?? true else { return false }
            last = now
            return true
        }
        guard isDue, let first = rejections.first else { return }
        logger.error(
            "OpenSearch refuses documents for good",
            metadata: [
                "count": "\(rejections.count)", "status": "\(first.status)", "type": "\(first.type)",
                "reason": "\(first.reason)",
            ])
    }

    /// Waits for what is under way, and ends the sending.
    func finish(_ timeout: Duration) {
        _ = sender.waitUntilIdle(timeout: timeout)
        sender.stop()
    }
}
