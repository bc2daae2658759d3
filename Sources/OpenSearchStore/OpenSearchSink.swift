public import Logging
public import OpenSearch
internal import Synchronization
internal import Threads
public import TraceModel
public import WireFormats

/// Brings spans into OpenSearch as Jaeger's documents, and answers for them once they are in the index.
///
/// Nothing is kept here: what was not answered is sent again by whoever has it, and a repeat is harmless because
/// documents have IDs of their own.
public final class OpenSearchSink: Sendable {
    /// What became of a batch.
    public enum Outcome: Sendable {
        case kept
        /// Again in a second, in the words of whoever keeps it from going on.
        case overloaded(String)
    }

    public struct Options: Sendable {
        public var documents = JaegerDocumentOptions()
        /// Spans are gathered for so long, or until there are so many bytes of documents.
        public var gatherTime: Duration = .milliseconds(100)
        public var gatherByteCount = 1 << 20
        /// Documents that wait for their answer, about; more spans are refused.
        public var waitingByteCountMax = 64 << 20
        /// Who sent spans is answered at the latest, with a refusal if they are not in the index yet.
        public var answerTimeout: Duration = .seconds(30)

        public init() {}
    }

    public struct Statistics: Sendable, Equatable {
        /// Spans that are in the index.
        public internal(set) var keptSpanCount = 0
        /// Documents that the cluster will never take; those of services among them.
        public internal(set) var rejectedDocumentCount = 0
        /// Spans that wait for their answer.
        public internal(set) var waitingSpanCount = 0
        /// Bytes that these make as documents, about.
        public internal(set) var waitingByteCount = 0
    }

    public typealias Completion = @Sendable (Outcome) -> Void

    private let inbox: SinkInbox
    private let loop: SinkLoop
    /// Nil once it was waited for.
    private let thread: Mutex<WorkerThread?>

    /// - Parameters:
    ///   - sender: used by this sink alone.
    ///   - rejected: told of the documents that the cluster will never take, on a thread of the sender.
    /// - Throws: `OpenSearchError`, if the system has no thread to give.
    public init(
        sender: BulkSender, options: Options = Options(), logger: Logger,
        rejected: @escaping @Sendable ([BulkReport.Rejection]) -> Void = { _ in }
    ) throws(OpenSearchError) {
        let inbox = SinkInbox(options)
        let loop = SinkLoop(inbox, sender, options, logger, rejected)
        self.inbox = inbox
        self.loop = loop
        do throws(ThreadError) {
            thread = Mutex(try WorkerThread { loop.run() })
        } catch {
            throw OpenSearchError(.badOptions, "no thread for spans: \(error)")
        }
    }

    deinit {
        inbox.stop()
        thread.withLock { $0?.detach() }
    }

    /// Takes spans without blocking.
    /// - Parameters:
    ///   - batch: of spans that are only counted nothing is kept.
    ///   - completion: called once, from any thread.
    public func append(_ batch: SpanBatch, completion: @escaping Completion) {
        guard !batch.isCountOnly, batch.spanCount > 0 else { return completion(.kept) }
        inbox.add(batch, completion)
    }

    public var statistics: Statistics { inbox.statistics }

    /// Takes no more, sends what is there, and waits for it as long as told. What is not in the index then is refused.
    public func close(timeout: Duration = .seconds(5)) {
        inbox.stop()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        loop.finish(timeout)
    }
}
