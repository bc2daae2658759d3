import Glibc
import Telemetry
import Threads

/// What the system says of this process, under the names that Prometheus' own clients use.
enum ProcessMetrics {
    static func register(_ metrics: MetricsRegistry) {
        metrics.counter("process_cpu_seconds_total", "Time on the processor, in user and system.") {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        metrics.gauge("process_resident_memory_bytes", "Memory resident.") {
            Double(statistic(at: 1)) * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
        metrics.gauge("process_virtual_memory_bytes", "Memory mapped.") {
            Double(statistic(at: 0)) * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
        let start = Double(SystemClock.nanosecondsSince1970()) / 1e9
        metrics.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.") { start }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// A number of /proc/self/statm, in pages; 0 where there is none.
    private static func statistic(at index: Int) -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        return index < fields.count ? Int(fields[index]) ?? 0 : 0
    }
}
