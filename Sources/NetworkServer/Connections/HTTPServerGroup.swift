public import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What listeners share: event loops, worker threads, and a budget for the bytes of bodies in memory.
public final class HTTPServerGroup: Sendable {
    public struct Configuration: Sendable {
        /// Nil: one for each core.
        public var eventLoopCount: Int?
        /// Threads for handlers that may block.
        public var workerThreadCount = 8
        /// Requests that may wait for one of them; one more is answered 503.
        public var waitingRequestCountMax = 64
        /// Bytes of bodies being received or worked on. Over it: 503.
        public var inFlightByteCountMax = 256 << 20

        public init() {}
    }

    public var eventLoopCount: Int { loops.count }
    /// Bytes of bodies being received or worked on now.
    public var inFlightByteCount: Int { budget.byteCount }

    let eventLoops: MultiThreadedEventLoopGroup
    let loops: [EventLoopState]
    private let workers: WorkerPool
    private let budget: InFlightBudget

    /// Starts the threads, and raises the limit of open files as far as the system allows.
    public init(configuration: Configuration = Configuration(), logger: Logger) {
        Self.raiseOpenFileLimit(logger)
        let budget = InFlightBudget(byteCountMax: configuration.inFlightByteCountMax)
        let workers = WorkerPool(
            threadCount: configuration.workerThreadCount, waitingCountMax: configuration.waitingRequestCountMax)
        let eventLoops = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.eventLoopCount ?? NIOCore.System.coreCount)
        self.budget = budget
        self.workers = workers
        self.eventLoops = eventLoops
        loops = eventLoops.makeIterator().enumerated().map { index, eventLoop in
            EventLoopState(index: index, eventLoop: eventLoop, budget: budget, workers: workers, logger: logger)
        }
    }

    /// Ends the threads. The group's servers must have been shut down.
    public func shutDown() async {
        await workers.shutDown()
        try? await eventLoops.shutdownGracefully()
    }

    func loop(of eventLoop: any EventLoop) -> EventLoopState {
        for loop in loops where loop.eventLoop === eventLoop { return loop }
        preconditionFailure("a connection runs on an event loop of its group")
    }

    private static func raiseOpenFileLimit(_ logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        guard limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            logger.warning("the limit of open files stays low", metadata: ["errno": "\(errno)"])
        }
    }
}
