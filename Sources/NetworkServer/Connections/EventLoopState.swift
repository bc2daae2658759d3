internal import Compression
internal import Logging
internal import NIOCore

/// What the connections of one event loop share, so that it is neither locked nor held per connection.
///
/// Touched only on its event loop.
final class EventLoopState: @unchecked Sendable {
    let index: Int
    let eventLoop: any EventLoop
    let inflater = Inflater()
    let budget: InFlightBudget
    let workers: WorkerPool
    let logger: Logger
    var routerScratch: [Range<Int>] = []
    var answerBuffer = ByteBuffer()

    private var watched: [Watched] = []
    private var freeStorages: [RequestStorage] = []
    private var date = HTTPDate()
    private var sweepInterval = TimeAmount.seconds(1)
    private var isSweepScheduled = false

    private static let freeStorageCountMax = 64

    init(index: Int, eventLoop: any EventLoop, budget: InFlightBudget, workers: WorkerPool, logger: Logger) {
        self.index = index
        self.eventLoop = eventLoop
        self.budget = budget
        self.workers = workers
        self.logger = logger
    }

    // MARK: Buffers

    func takeStorage() -> RequestStorage {
        freeStorages.popLast() ?? RequestStorage()
    }

    /// Takes `storage` back for another request, unless somebody else still holds it.
    func giveBack(_ storage: consuming RequestStorage) {
        guard freeStorages.count < Self.freeStorageCountMax, isKnownUniquelyReferenced(&storage) else { return }
        storage.clear()
        freeStorages.append(storage)
    }

    /// The bytes of a `date` field's value.
    func dateValue(at now: NIODeadline) -> [UInt8] {
        date.value(atNanoseconds: now.uptimeNanoseconds)
    }

    // MARK: Connections

    func add(_ connection: Watched, sweepInterval: TimeAmount) {
        connection.registryIndex = watched.count
        watched.append(connection)
        self.sweepInterval = min(self.sweepInterval, sweepInterval)
        scheduleSweep()
    }

    func remove(_ connection: Watched) {
        let index = connection.registryIndex
        guard index >= 0 else { return }
        watched.swapAt(index, watched.count - 1)
        watched[index].registryIndex = index
        watched.removeLast()
        connection.registryIndex = -1
    }

    func watched(of server: HTTPServerCore) -> [Watched] {
        watched.filter { $0.server === server }
    }

    /// One timer looks through all connections now and then: far cheaper than a timer for each request.
    private func scheduleSweep() {
        guard !isSweepScheduled, !watched.isEmpty else { return }
        isSweepScheduled = true
        eventLoop.scheduleTask(in: sweepInterval) { self.sweep() }
    }

    private func sweep() {
        isSweepScheduled = false
        let now = NIODeadline.now()
        // A connection that is cut leaves the list at once, and another takes its place.
        for connection in watched.filter({ $0.deadline <= now }) {
            connection.deadlinePassed()
        }
        scheduleSweep()
    }
}
