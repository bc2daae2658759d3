internal import FileSystem
internal import Threads

/// The thread that syncs in the background, so that a slow device does not delay acknowledgements.
struct Syncer {
    let core: JournalCore

    /// Returns when the committer is done and everything is synced.
    func run() {
        while let unsynced = next() {
            defer { core.monitor.withLock { $0.isSyncing = false } }
            do {
                if unsynced.syncsDirectory { try syncDirectory() }
                try core.sync(unsynced.file)
            } catch {
                core.monitor.withLock { $0.spoiledPart = unsynced.file.number }
                core.observer.failed(error)
            }
        }
    }

    private func next() -> UnsyncedPart? {
        core.monitor.wait(for: .syncDue) { state in
            guard let first = state.unsyncedParts.first else { return state.isCommitterDone ? .done(nil) : .wait }
            if !state.isCommitterDone && SystemClock.monotonicNanoseconds() < first.deadline {
                return .waitUntil(first.deadline)
            }
            state.isSyncing = true
            return .done(state.unsyncedParts.removeFirst())
        }
    }

    private func syncDirectory() throws(JournalError) {
        do {
            try core.directory.fileSystem.syncDirectory(core.directory.path)
        } catch {
            throw JournalError("cannot sync \(core.directory.path)", error)
        }
    }
}
