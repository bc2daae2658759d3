import Foundation

/// Time that has passed, and processor time that was used.
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

    /// Processor time of everything on this machine, seconds; 0 if the system does not tell.
    static func machine() -> Double {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return 0 }
        return machine(stat: text)
    }

    /// Reads the first line of `/proc/stat`: all but idling and waiting, and guests, which are in the others already.
    static func machine(stat text: String) -> Double {
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).map { Double($0) ?? 0 }
        let busy = fields.enumerated().reduce(0) { $1.offset == 3 || $1.offset == 4 ? $0 : $0 + $1.element }
        return busy / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
