import Foundation

/// What this process and its threads have used.
enum CPUClock {
    /// Processor time of the calling thread, seconds.
    static func thread() -> Double {
        seconds(CLOCK_THREAD_CPUTIME_ID)
    }

    /// Processor time of the whole process, seconds.
    static func process() -> Double {
        seconds(CLOCK_PROCESS_CPUTIME_ID)
    }

    /// The clock on the wall, seconds from an arbitrary origin.
    static func wall() -> Double {
        seconds(CLOCK_MONOTONIC)
    }

    /// The most memory that this process has had, MiB.
    static func peakMemory() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1_024
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
