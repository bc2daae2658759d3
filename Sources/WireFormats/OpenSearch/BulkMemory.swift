internal import Synchronization

/// Memory for bodies that come and go: bodies are large, and memory that is new costs more than what is written to it.
public final class BulkMemory: Sendable {
    private let byteCount: Int
    private let keptCountMax: Int
    private let spare = Mutex<[BulkStorage]>([])

    /// - Parameters:
    ///   - byteCount: of a body, beyond which it grows.
    ///   - keptCountMax: bodies whose memory is kept when nobody needs them any more.
    public init(byteCount: Int, keptCountMax: Int) {
        self.byteCount = byteCount
        self.keptCountMax = keptCountMax
    }

    /// Gives the system back what no body needs now.
    public func removeAll() { spare.withLock { $0 = [] } }

    fileprivate func take() -> BulkStorage { spare.withLock { $0.popLast() } ?? BulkStorage(byteCount: byteCount) }

    fileprivate func giveBack(_ storage: BulkStorage) {
        // One very large document is no reason to keep so much.
        guard storage.text.count <= 2 * byteCount else { return }
        storage.removeAll()
        spare.withLock { if $0.count < keptCountMax { $0.append(storage) } }
    }
}

/// A body's hold of its memory, which goes back when no copy of the body is left.
final class BulkLease: Sendable {
    let storage: BulkStorage
    private let memory: BulkMemory?

    init(_ memory: BulkMemory?) {
        self.memory = memory
        storage = memory?.take() ?? BulkStorage()
    }

    init(copying storage: BulkStorage) {
        memory = nil
        self.storage = BulkStorage(copying: storage)
    }

    deinit { memory?.giveBack(storage) }
}
