public import Logging
internal import OpenSearch
internal import Threads
public import TraceStore

/// Hands everything that is stored on to one cluster, with a thread of its own.
///
/// It follows the store: what a destination lacks stands in the catalog. A segment counts as handed on when each of its
/// documents is in the index or is a dead letter; what was under way at a crash is sent again, to no effect.
public final class Forwarder: Sendable {
    public let options: ForwardingOptions
    private let store: TraceStore
    private let client: OpenSearchClient
    private let sender: BulkSender
    private let inbox: ForwarderInbox
    private let logger: Logger
    private let work: ForwarderWork
    private nonisolated(unsafe) var thread: WorkerThread?

    /// Sends nothing yet.
    /// - Parameters:
    ///   - store: its options name the destination.
    ///   - dataPath: the store's folder, for the dead letters.
    public convenience init(
        _ options: ForwardingOptions, store: TraceStore, dataPath: String, logger: Logger
    ) throws(ForwardingError) {
        try self.init(options, store: store, dataPath: dataPath, logger: logger, pace: ForwarderPace())
    }

    package init(
        _ options: ForwardingOptions, store: TraceStore, dataPath: String, logger: Logger, pace: ForwarderPace
    ) throws(ForwardingError) {
        if let problem = options.problem { throw ForwardingError(.badOptions, problem) }
        var logger = logger
        logger[metadataKey: "destination"] = "\(options.name)"
        self.options = options
        self.store = store
        self.logger = logger
        let letters = try DeadLetters(options, dataPath: dataPath)
        let begunFile = try BegunSegmentFile(dataPath: dataPath, destination: options.name)
        inbox = ForwarderInbox(name: options.name)
        do throws(OpenSearchError) {
            client = try OpenSearchClient(options.cluster, logger: logger)
            sender = try BulkSender(client: client, options: BulkOptions(options), logger: logger)
        } catch {
            throw ForwardingError(.badOptions, "destination \(options.name): \(error)")
        }
        do throws(StoreError) {
            work = try ForwarderWork(
                options, store: store, client: client, sender: sender, letters: letters, begunFile: begunFile,
                inbox: inbox, pace: pace, logger: logger)
        } catch {
            sender.stop()
            throw ForwardingError(.unusable, "destination \(options.name): \(error)")
        }
    }

    /// Starts handing on. To be called once, and `stop` after it, or alone.
    public func start() throws(ForwardingError) {
        let inbox = inbox
        store.whenPending { inbox.wake() }
        do throws(ThreadError) {
            thread = try WorkerThread { [work] in work.run() }
        } catch {
            throw ForwardingError(.unusable, "destination \(options.name): \(error)")
        }
    }

    /// Ends within a second or two, before the store is closed. What was not answered until then is sent again after
    /// the next start.
    public func stop() {
        beginStop()
        finishStop()
    }

    /// Stops several at once.
    public static func stop(_ forwarders: [Forwarder]) {
        for forwarder in forwarders { forwarder.beginStop() }
        for forwarder in forwarders { forwarder.finishStop() }
    }

    func beginStop() { inbox.stop() }

    func finishStop() {
        _ = sender.waitUntilIdle(timeout: .seconds(1))
        sender.stop()
        inbox.end()
        client.shutDown()
        thread?.join()
        thread = nil
    }

    public var status: ForwarderStatus {
        var status = inbox.currentStatus
        let sent = sender.state
        status.lag = store.lag(destination: options.name)
        status.requestCounts = sent.requestCounts
        status.documentCount = sent.documentCount
        if status.problem == nil { status.problem = sent.problem.map { "\($0)" } }
        return status
    }

    /// Sends the dead letters again, and keeps only those that are refused again. Blocks.
    /// - Parameter timeout: after it the work goes on, but is no longer waited for.
    public func retryDeadLetters(timeout: Duration = .seconds(30)) throws(ForwardingError) -> DeadLetterOutcome {
        try inbox.retry(seconds: timeout / .seconds(1))
    }
}

/// How often the thread looks at what changes by itself. In seconds.
package struct ForwarderPace: Sendable {
    /// For segments, without a call.
    package var idle = 1.0
    /// For intervals of calls that are to be told.
    package var calls = 30.0
    /// How long calls must have rested at the end of their interval.
    package var settling: Int64 = 30

    package init() {}
}

extension BulkOptions {
    init(_ options: ForwardingOptions) {
        self.init()
        requestCountMax = options.requestCountMax
        byteCountMax = options.bulkByteCountMax
        backoffMin = options.backoffMin
        backoffMax = options.backoffMax
    }
}

extension DeadLetters {
    /// Those of a destination, in the folder of a store.
    public convenience init(_ options: ForwardingOptions, dataPath: String) throws(ForwardingError) {
        try self.init(
            folder: Self.folder(dataPath: dataPath, destination: options.name),
            byteCountMax: options.deadLetterByteCountMax)
    }

    public static func folder(dataPath: String, destination: String) -> String {
        "\(dataPath)/dead-letters/\(destination)"
    }
}
