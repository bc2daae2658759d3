internal import Logging
internal import SegmentStore
internal import Threads

/// Removes files of segments that are no longer in the catalog, and tries again with those that would not go.
final class SegmentRemover: @unchecked Sendable {
    // Unchecked: `leftovers` is guarded by `lock`.
    private let directory: SegmentDirectory
    private let logger: Logger
    private let lock = PthreadLock()
    private var leftovers: Set<Int64> = []

    init(_ directory: SegmentDirectory, _ logger: Logger) {
        self.directory = directory
        self.logger = logger
    }

    /// What cannot be removed now is removed by a later call, or at the next start.
    /// - Returns: whether all of them are gone, and those of earlier calls.
    @discardableResult
    func remove(_ ids: [Int64]) -> Bool {
        let all = lock.withLock {
            defer { leftovers = [] }
            return leftovers.union(ids)
        }
        var failed: Set<Int64> = []
        for id in all.sorted() {
            do throws(SegmentError) {
                try directory.remove(SegmentDirectory.fileName(id))
            } catch {
                failed.insert(id)
                logger.error("a segment's file cannot be removed yet", metadata: ["reason": "\(error)"])
            }
        }
        lock.withLock { leftovers.formUnion(failed) }
        return failed.isEmpty
    }
}
