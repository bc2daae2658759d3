import Foundation

/// Seconds of processor time.
enum CPUClock {
    /// Of the calling thread.
    static func thread() -> Double {
        seconds(CLOCK_THREAD_CPUTIME_ID)
    }

    /// Of the whole process.
    static func process() -> Double {
        seconds(CLOCK_PROCESS_CPUTIME_ID)
    }

    /// Of the clock on the wall, from an arbitrary origin.
    static func wall() -> Double {
        seconds(CLOCK_MONOTONIC)
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
