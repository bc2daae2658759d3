internal import Glibc

/// The system's clocks.
public enum SystemClock {
    /// Nanoseconds since some moment in the past, never running backwards.
    public static func monotonicNanoseconds() -> UInt64 {
        let time = time(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Nanoseconds since 1970.
    public static func nanosecondsSince1970() -> Int64 {
        let time = time(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func time(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
