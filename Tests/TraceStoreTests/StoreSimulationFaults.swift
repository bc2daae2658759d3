import FileSystem
import Glibc
import Synchronization
import TestSupport

/// Decides which operations on files fail. The same seed gives the same decisions for the same operations in each
/// folder and on each side (the test's own thread, the journal's threads), however these are interleaved.
final class FaultPlan: Sendable {
    /// What went wrong while batches were on their way, so that the model knows what the journal could not help.
    struct Harm {
        var failedTruncation = false
        var failedWriteAfterTruncation = false
        var failedSync = false
        /// The journal cut off what it refused, and could not make the cut durable.
        var failedTakeBack = false
        var isTakingBack = false
    }

    private struct Stream: Hashable {
        var folder: String
        var operation: FaultInjectingFileSystem.Operation
        var isOwnThread: Bool
    }

    private struct State {
        var rates: [FaultInjectingFileSystem.Operation: Int] = [:]
        var generators: [Stream: SeededGenerator] = [:]
        var harm = Harm()
        var backgroundSyncFailureCount = 0
        var hasDoubtfulBytes = false
        var countdown: Int?
        var crash: (@Sendable () -> Void)?
    }

    private let seed: UInt64
    private let ownThread = pthread_self()
    private let state = Mutex(State())

    init(seed: UInt64) { self.seed = seed }

    /// Parts of 1000 that fail from now on, by operation.
    func setRates(_ rates: [FaultInjectingFileSystem.Operation: Int]) { state.withLock { $0.rates = rates } }

    var rates: [FaultInjectingFileSystem.Operation: Int] { state.withLock { $0.rates } }

    func resetHarm() { state.withLock { $0.harm = Harm() } }
    var harm: Harm { state.withLock { $0.harm } }

    /// Syncs that failed in the background since the last call of `forgetSyncFailures`.
    var backgroundSyncFailureCount: Int { state.withLock { $0.backgroundSyncFailureCount } }
    func forgetSyncFailures() { state.withLock { $0.backgroundSyncFailureCount = 0 } }

    /// Whether a sync of the journal failed since the last call of `forgetDoubts`: a later one that succeeds, even
    /// that of another process, says nothing about the bytes that were written before.
    var hasDoubtfulBytes: Bool { state.withLock { $0.hasDoubtfulBytes } }
    func forgetDoubts() { state.withLock { $0.hasDoubtfulBytes = false } }

    /// Has `body` called before the operation of the test's own thread that comes after `count` others.
    func crash(after count: Int, _ body: @escaping @Sendable () -> Void) {
        state.withLock { ($0.countdown, $0.crash) = (count, body) }
    }

    func forgetCrash() { state.withLock { ($0.countdown, $0.crash) = (nil, nil) } }

    func decide(_ operation: FaultInjectingFileSystem.Operation, _ path: String) -> FileSystemError.Code? {
        let folder = path.split(separator: "/").last { $0 == "journal" || $0 == "segments" }.map(String.init) ?? ""
        let isOwnThread = pthread_equal(pthread_self(), ownThread) != 0
        let crash = state.withLock { state -> (@Sendable () -> Void)? in
            guard isOwnThread, let left = state.countdown else { return nil }
            state.countdown = left > 0 ? left - 1 : nil
            return left == 0 ? state.crash.take() : nil
        }
        crash?()
        return state.withLock { state in
            decide(Stream(folder: folder, operation: operation, isOwnThread: isOwnThread), &state)
        }
    }

    private func decide(_ stream: Stream, _ state: inout State) -> FileSystemError.Code? {
        // Bytes of the journal that cannot be read are lost, and the simulation is to lose nothing.
        let isExempt = stream.folder == "journal" && stream.operation == .read
        guard let rate = state.rates[stream.operation], rate > 0, !isExempt else {
            note(stream, isFailure: false, &state)
            return nil
        }
        let place = [stream.folder == "journal", stream.folder == "segments", stream.isOwnThread]
            .reduce(UInt64(0)) { $0 * 2 + ($1 ? 1 : 0) }
        let own = "\(stream.operation)".utf8.reduce(place) { $0 &* 31 &+ UInt64($1) }
        var generator = state.generators[stream] ?? SeededGenerator(seed: seed ^ own &* 0x9e37_79b9_7f4a_7c15)
        let isFailure = Int.random(in: 0..<1000, using: &generator) < rate
        let codes: [FileSystemError.Code] = [.inputOutput, .diskFull, .other]
        let code = codes[Int.random(in: 0..<codes.count, using: &generator)]
        state.generators[stream] = generator
        note(stream, isFailure: isFailure, &state)
        return isFailure ? code : nil
    }

    private func note(_ stream: Stream, isFailure: Bool, _ state: inout State) {
        guard stream.folder == "journal" else { return }
        if isFailure && stream.operation == .sync { state.hasDoubtfulBytes = true }
        if stream.isOwnThread { return }
        switch stream.operation {
        case .truncate:
            state.harm.isTakingBack = true
            if isFailure { state.harm.failedTruncation = true }
        case .write where isFailure && state.harm.failedTruncation: state.harm.failedWriteAfterTruncation = true
        case .read where isFailure && state.harm.failedTruncation: state.harm.failedWriteAfterTruncation = true
        case .sync, .syncDirectory:
            if stream.operation == .sync {
                if state.harm.isTakingBack && isFailure { state.harm.failedTakeBack = true }
                state.harm.isTakingBack = false
            }
            state.harm.failedSync = state.harm.failedSync || isFailure
            if isFailure { state.backgroundSyncFailureCount += 1 }
        default: break
        }
    }
}
