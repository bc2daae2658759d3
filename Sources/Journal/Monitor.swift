internal import Glibc

/// A value behind a lock, and the means to wait until it has changed.
final class Monitor<Value>: @unchecked Sendable {
    enum Condition: Int, CaseIterable {
        case work  // records came, the part was switched, or the journal closes
        case syncDue  // bytes were written that are to be synced
        case progress  // records were answered
    }

    enum Step<Outcome> {
        case done(Outcome)
        case wait
        /// Nanoseconds of `SystemClock.monotonicNanoseconds()`.
        case waitUntil(UInt64)
    }

    private let value: UnsafeMutablePointer<Value>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutablePointer<pthread_cond_t>

    init(_ initial: Value) {
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        conditions = .allocate(capacity: Condition.allCases.count)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        for index in 0..<Condition.allCases.count { pthread_cond_init(conditions + index, &attributes) }
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        for index in 0..<Condition.allCases.count { pthread_cond_destroy(conditions + index) }
        conditions.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    func withLock<Outcome>(_ body: (inout Value) throws -> Outcome) rethrows -> Outcome {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    /// Tries again each time that `condition` is signalled, until `attempt` says that it is done.
    func wait<Outcome>(for condition: Condition, _ attempt: (inout Value) -> Step<Outcome>) -> Outcome {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch attempt(&value.pointee) {
            case .done(let outcome): return outcome
            case .wait: pthread_cond_wait(conditions + condition.rawValue, mutex)
            case .waitUntil(let deadline):
                var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
                pthread_cond_timedwait(conditions + condition.rawValue, mutex, &time)
            }
        }
    }

    /// Costs no system call when nobody waits.
    func signal(_ condition: Condition) { pthread_cond_broadcast(conditions + condition.rawValue) }
}
