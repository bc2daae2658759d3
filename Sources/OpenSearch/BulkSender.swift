public import Logging
internal import Synchronization
internal import Threads
public import WireFormats

/// Brings documents into a cluster, however long that takes.
///
/// A few bodies are under way at once, and sent again until each of their documents is in the index, or is one that
/// the cluster will never take. The order is not kept; a repeat is harmless because documents have IDs.
public final class BulkSender: Sendable {
    public typealias Completion = @Sendable (BulkReport) -> Void

    private let loop: BulkLoop
    /// Nil once it was waited for.
    private let thread: Mutex<WorkerThread?>

    /// - Throws: `OpenSearchError`, if the system has no thread to give.
    public convenience init(
        client: OpenSearchClient, options: BulkOptions = BulkOptions(), logger: Logger
    ) throws(OpenSearchError) {
        try self.init(
            BulkLoop(
                options: options, logger: logger, chance: { Double.random(in: 0..<1) },
                pack: { client.packed($0) }, transport: { client.bulk($0, packed: $1, $2) }))
    }

    init(_ loop: BulkLoop) throws(OpenSearchError) {
        self.loop = loop
        do throws(ThreadError) {
            thread = Mutex(try WorkerThread { loop.run() })
        } catch {
            throw OpenSearchError(.badOptions, "no thread for OpenSearch: \(error)")
        }
    }

    deinit {
        loop.stop()
        // The last reference may go within a completion, on that very thread.
        thread.withLock { $0?.detach() }
    }

    /// Takes a body over, and returns at once; to be asked for room before, or memory grows. A request may be packed
    /// and sent on the calling thread.
    ///
    /// - Parameter completion: called once, on the sender's own thread (on the caller's, if the body has no documents
    ///   or the sender is stopped), when the last document is done. It may block for a moment, while which no request
    ///   is sent again.
    public func submit(_ body: BulkBody, completion: @escaping Completion) { loop.submit(body, completion) }

    /// Whether a body would be sent at once.
    public var hasRoom: Bool { loop.hasRoom }

    /// Blocks until there is room for a body. Not within a completion.
    /// - Returns: false once the sender is stopped.
    public func waitForRoom() -> Bool { loop.waitForRoom() }

    /// Blocks until everything that was submitted is done, or the time is up. Not within a completion.
    /// - Returns: whether it is done.
    public func waitUntilIdle(timeout: Duration) -> Bool { loop.waitUntilIdle(timeout: timeout) }

    public var state: BulkSenderState { loop.state }

    /// Ends the sending: all that is not done is reported as not complete. Returns when every completion was called.
    /// Not within a completion.
    public func stop() {
        loop.stop()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }
}
