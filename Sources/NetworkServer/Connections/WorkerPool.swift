internal import Compression
internal import NIOConcurrencyHelpers
internal import NIOPosix
internal import Synchronization

/// Threads that run handlers which may block. What they cannot begin soon is refused, not queued without end.
final class WorkerPool: Sendable {
    private let threads: NIOThreadPool
    private let taskCountMax: Int
    private let taskCount = Atomic(0)  // running and waiting
    private let deflaters = NIOLockedValueBox<[DeflaterBox]>([])

    init(threadCount: Int, waitingCountMax: Int) {
        precondition(threadCount > 0 && waitingCountMax >= 0, "work needs a thread")
        threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        taskCountMax = threadCount + waitingCountMax
    }

    /// Runs `task` on a thread. False: too many wait already, and `task` will not run.
    func submit(_ task: @escaping @Sendable () -> Void) -> Bool {
        guard taskCount.wrappingAdd(1, ordering: .relaxed).newValue <= taskCountMax else {
            taskCount.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        threads.submit { state in
            if case .active = state { task() }
            self.taskCount.wrappingSubtract(1, ordering: .relaxed)
        }
        return true
    }

    /// Lends one of the packers, of which there are never more than threads.
    func withDeflater<R>(_ work: (Deflater) throws -> R) rethrows -> R {
        let box = deflaters.withLockedValue { $0.popLast() } ?? DeflaterBox()
        defer { deflaters.withLockedValue { $0.append(box) } }
        return try work(box.deflater)
    }

    func shutDown() async {
        try? await threads.shutdownGracefully()
    }
}

/// Lets a packer pass between threads: it is in the pool or with one thread, never both.
private final class DeflaterBox: @unchecked Sendable {
    let deflater = Deflater()
}
