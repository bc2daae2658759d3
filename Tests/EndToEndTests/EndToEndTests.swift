import FoundationEssentials
import TestSupport
import Testing

/// Tests of the program as its users meet it: a process, its ports and its folder. One at a time, so that
/// several servers do not fight over the machine.
@Suite(.serialized, .onOwnThread) enum EndToEndTests {
    /// Whether the long versions were asked for.
    static let isTorture = ProcessInfo.processInfo.environment["SKEIN_TORTURE"] == "1"

    /// A seed for one test: a new one each time, or the one in `SKEIN_SEED`. It is printed, so that a failure can be
    /// had again.
    static func seed(_ test: String = #function) -> UInt64 {
        let given = ProcessInfo.processInfo.environment["SKEIN_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999_999)
        print("\(test): SKEIN_SEED=\(seed)")
        return seed
    }
}

/// Runs tests on threads of their own, because they block: the threads that tasks share stay free for other tests.
struct OwnThread: TestTrait, SuiteTrait, TestScoping {
    private final class Executor: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let executor = asUnownedTaskExecutor()
            BackgroundThread<Void>.detach { job.runSynchronously(on: executor) }
        }
    }

    private static let executor = Executor()

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Self.executor) { try await function() }
    }
}

extension Trait where Self == OwnThread {
    static var onOwnThread: OwnThread { OwnThread() }
}
