internal import FileSystem
internal import Threads

/// Takes all that is queued, writes it, syncs if it has to, and answers.
///
/// One thread at a time has it, and says so in the journal's state: a thread of its own, or one that has just queued a
/// record and finds nobody writing, which spares two switches between threads for each record.
final class Committer: @unchecked Sendable {
    // Unchecked: whoever has set `isCommitting` uses it.
    /// Limits of one write: pieces that the system takes in one call, and bytes.
    private static let groupRecordCountMax = 512
    private static let groupByteCountMax = 4 << 20

    private let core: JournalCore
    private var batch: [QueueEntry] = []
    private var part: PartFile?
    /// Where the part's next frame goes: the end of its last good one.
    private var partByteCount = JournalFormat.partHeaderByteCount
    private var isPartUnsynced = false
    private var isDirectoryUnsynced = false
    /// The last part given up after an error, and that error.
    private var abandoned: (number: UInt64, error: JournalError)?
    /// Room for the frame headers of one write.
    private let headers: UnsafeMutableRawBufferPointer

    init(_ core: JournalCore) {
        self.core = core
        part = core.monitor.withLock { $0.firstPart.take() }
        headers = .allocate(
            byteCount: Self.groupRecordCountMax * JournalFormat.frameHeaderByteCount, alignment: 8)
    }

    deinit { headers.deallocate() }

    private enum Work { case commit, leavePart, stop }

    /// The work of the committer's own thread. Returns when the journal closes and everything queued is written.
    func run() {
        while true {
            switch nextWork() {
            case .commit:
                commitBatch()
                release()
            case .leavePart:
                leavePart()
                release()
            case .stop:
                stop()
                return
            }
        }
    }

    private func nextWork() -> Work {
        core.monitor.wait(for: .work) { state in
            guard !state.isCommitting else { return .wait }
            let work: Work
            if !state.queue.isEmpty {
                take(&state)
                work = .commit
            } else if let part, part.number < state.assignedPart {
                work = .leavePart
            } else if state.isClosing {
                work = .stop
            } else {
                return .wait
            }
            state.isCommitting = true
            return .done(work)
        }
    }

    private func take(_ state: inout JournalState) {
        swap(&state.queue, &batch)
        state.committingPart = batch[0].partNumber
    }

    /// Records written on a thread that has other things to do, before the committer's own takes over.
    private static let roundCountMax = 8

    private enum Claim { case mine, needless, refused }

    /// Writes what is queued on the calling thread, if nobody else is writing and nothing can take long; otherwise has
    /// it written by who is, or by the committer's thread.
    func commitHere() {
        for _ in 0..<Self.roundCountMax {
            let claim = core.monitor.withLock { state -> Claim in
                // Who writes now looks for more before it ends.
                if state.queue.isEmpty || state.isCommitting { return .needless }
                // A sync for each record takes long; so may a write while another thread syncs.
                if core.options.syncMode == .always || state.isSyncing { return .refused }
                take(&state)
                state.isCommitting = true
                return .mine
            }
            switch claim {
            case .needless:
                return
            case .refused:
                core.monitor.signal(.work)
                return
            case .mine:
                commitBatch()
                // The thread could not see to these while it was kept out.
                if release() { core.monitor.signal(.work) }
            }
        }
        core.monitor.signal(.work)
    }

    /// Lets the committer go.
    /// - Returns: whether there is something that its own thread alone does.
    @discardableResult
    private func release() -> Bool {
        core.monitor.withLock { state in
            state.isCommitting = false
            return state.isClosing || part.map { $0.number < state.assignedPart } == true
        }
    }

    private func stop() {
        if core.options.syncMode == .never, let part, isPartUnsynced {
            do { try core.sync(part) } catch { core.observer.failed(error) }
        }
        leavePart()
        core.monitor.withLock { $0.isCommitterDone = true }
        core.monitor.signal(.syncDue)
    }

    private func commitBatch() {
        var start = 0
        while start < batch.count {
            var end = start + 1
            var byteCount = batch[start].record.frameByteCount
            while end < batch.count, end - start < Self.groupRecordCountMax,
                batch[end].partNumber == batch[start].partNumber,
                byteCount + batch[end].record.frameByteCount <= Self.groupByteCountMax
            {
                byteCount += batch[end].record.frameByteCount
                end += 1
            }
            do throws(JournalError) {
                let offset = try commit(start..<end, byteCount: byteCount)
                answer(start..<end, byteCount: byteCount, .success(offset))
            } catch {
                answer(start..<end, byteCount: byteCount, .failure(error))
            }
            start = end
        }
        batch.removeAll(keepingCapacity: batch.capacity <= 1 << 16)
    }

    /// Writes records of one part.
    /// - Returns: offset of the first.
    private func commit(_ group: Range<Int>, byteCount: Int) throws(JournalError) -> Int {
        giveUpSpoiledPart(before: group.lowerBound)
        let file = try openPart(batch[group.lowerBound].partNumber)
        let offset = partByteCount
        do throws(FileSystemError) {
            try write(group, to: file)
        } catch {
            let failure = JournalError("cannot write to part \(file.number)", error)
            if !takeBack(group, file) { abandon(file.number, failure, rest: group.upperBound) }
            throw failure
        }
        isPartUnsynced = true
        switch core.options.syncMode {
        case .always:
            do {
                try core.sync(file)
                isPartUnsynced = false
            } catch {
                // Nothing says any more which bytes are safe behind the last good sync: go on in another file.
                _ = takeBack(group, file)
                abandon(file.number, error, rest: group.upperBound)
                throw error
            }
        case .interval(let milliseconds):
            noteUnsynced(file, milliseconds)
        case .never:
            break
        }
        partByteCount = offset + byteCount
        return offset
    }

    private func write(_ group: Range<Int>, to file: PartFile) throws(FileSystemError) {
        var offset = partByteCount
        var pieces: [UnsafeRawBufferPointer] = []
        pieces.reserveCapacity(group.count * 2)
        for index in group {
            let record = batch[index].record
            let start = (index - group.lowerBound) * JournalFormat.frameHeaderByteCount
            let room = UnsafeMutableRawBufferPointer(
                rebasing: headers[start..<start + JournalFormat.frameHeaderByteCount])
            record.frameHeader(salt: file.salt).encode(at: offset, into: room)
            pieces.append(UnsafeRawBufferPointer(room))
            pieces.append(record.payload)
            offset += record.frameByteCount
        }
        try core.directory.fileSystem.writeAll(pieces, to: file.descriptor, at: partByteCount)
    }

    /// Removes from the part what was written of records that are about to be refused: no restart may bring them back.
    ///
    /// A device that refuses this too may bring them back after all, and nothing can be done about it.
    /// - Returns: whether the part can be written on: it ends with its last good frame, and all of it is safe.
    private func takeBack(_ group: Range<Int>, _ file: PartFile) -> Bool {
        var isCut = true
        do throws(FileSystemError) {
            try core.directory.fileSystem.truncate(file.descriptor, to: partByteCount)
        } catch {
            isCut = false
            overwriteHeaders(group, file)
        }
        if core.options.syncMode == .never { return isCut }
        do {
            try core.sync(file)
        } catch {
            // It may have been the report of earlier records, acknowledged and not yet synced, that are lost.
            if core.options.syncMode != .always { core.observer.failed(error) }
            return false
        }
        return isCut
    }

    /// What has no header is never read as a record.
    private func overwriteHeaders(_ group: Range<Int>, _ file: PartFile) {
        let fileSystem = core.directory.fileSystem
        headers.initializeMemory(as: UInt8.self, repeating: 0)
        guard let end = try? fileSystem.byteCount(of: file.descriptor) else { return }
        var offset = partByteCount
        for index in group where offset < end {
            let header = headers[..<min(JournalFormat.frameHeaderByteCount, end - offset)]
            try? fileSystem.writeAll([UnsafeRawBufferPointer(rebasing: header)], to: file.descriptor, at: offset)
            offset += batch[index].record.frameByteCount
        }
    }

    private func answer(_ group: Range<Int>, byteCount: Int, _ outcome: Result<Int, JournalError>) {
        core.monitor.withLock { state in
            state.waitingByteCount -= byteCount
            state.waitingRecordCount -= group.count
            state.committingPart = group.upperBound < batch.count ? batch[group.upperBound].partNumber : nil
            state.statistics.commitCount += 1
            if case .success = outcome {
                state.statistics.appendedRecordCount += group.count
                state.statistics.appendedByteCount += byteCount
                for index in group { state.statistics.unpackedByteCount += batch[index].record.unpackedByteCount }
            } else {
                state.statistics.failedRecordCount += group.count
            }
        }
        core.monitor.signal(.progress)
        switch outcome {
        case .success(var offset):
            for index in group {
                let entry = batch[index]
                entry.completion(.success(JournalPosition(partNumber: entry.partNumber, offset: offset)))
                offset += entry.record.frameByteCount
            }
        case .failure(let error):
            for index in group { batch[index].completion(.failure(error)) }
        }
    }
}

// MARK: - Parts

extension Committer {
    /// The part's file, created if the part is new.
    private func openPart(_ number: UInt64) throws(JournalError) -> PartFile {
        if let part, part.number == number { return part }
        if let abandoned, abandoned.number == number { throw abandoned.error }
        precondition(number > (part?.number ?? 0), "records are queued in the order of their parts")
        leavePart()
        do throws(FileSystemError) {
            let file = try core.createPart(number)
            isDirectoryUnsynced = true
            if core.options.syncMode == .always {
                do throws(FileSystemError) {
                    try core.directory.fileSystem.syncDirectory(core.directory.path)
                } catch {
                    try? core.directory.fileSystem.remove(core.directory.path(ofPart: number))
                    throw error
                }
                isDirectoryUnsynced = false
            }
            part = file
            partByteCount = JournalFormat.partHeaderByteCount
            return file
        } catch {
            throw JournalError("cannot start part \(number)", error)
        }
    }

    /// What is not synced yet stays in the syncer's list, which keeps the file open.
    private func leavePart() {
        part = nil
        isPartUnsynced = false
    }

    private func giveUpSpoiledPart(before rest: Int) {
        guard let part else { return }
        let isSpoiled = core.monitor.withLock { $0.spoiledPart == part.number }
        if isSpoiled {
            let error = JournalError(code: .failed, message: "journal: part \(part.number) could not be synced")
            abandon(part.number, error, rest: rest)
        }
    }

    /// Gives the part up. What waits for it moves to the next part, unless `rotate` has told somebody that it will
    /// be in this one: then it fails.
    private func abandon(_ number: UInt64, _ error: JournalError, rest: Int) {
        leavePart()
        abandoned = (number, error)
        var movedByteCount = 0
        core.monitor.withLock { state in
            if state.assignedPart == number { state.switchPart() }
            guard state.rotatedThrough < number else { return }
            for index in rest..<batch.count where batch[index].partNumber == number {
                batch[index].partNumber += 1
                movedByteCount += batch[index].record.frameByteCount
            }
            for index in state.queue.indices where state.queue[index].partNumber == number {
                state.queue[index].partNumber += 1
                movedByteCount += state.queue[index].record.frameByteCount
            }
            // Counted, so that `rotate` knows that the next part is not empty.
            if state.assignedPart == number + 1 { state.assignedByteCount += movedByteCount }
        }
    }

    private func noteUnsynced(_ file: PartFile, _ milliseconds: Int) {
        let deadline = SystemClock.monotonicNanoseconds() &+ UInt64(max(0, milliseconds)) &* 1_000_000
        let isNew = core.monitor.withLock { state in
            if state.unsyncedParts.last?.file === file { return false }
            state.unsyncedParts.append(
                UnsyncedPart(file: file, deadline: deadline, syncsDirectory: isDirectoryUnsynced))
            return true
        }
        if isNew {
            isDirectoryUnsynced = false
            core.monitor.signal(.syncDue)
        }
    }
}
