import Foundation

/// The memory of a process, as the system counts it.
enum ProcessMemory {
    /// Resident now and at its peak, MiB.
    static func read(_ processID: Int32) throws -> (now: Double, peak: Double) {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8) else {
            throw BenchError("process \(processID) is gone")
        }
        var values: [Substring: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.count >= 2, let value = Double(words[1]) { values[words[0]] = value / 1_024 }
        }
        guard let now = values["VmRSS:"], let peak = values["VmHWM:"] else {
            throw BenchError("/proc status cannot be read")
        }
        return (now, peak)
    }

    /// Lets the peak count from now on.
    static func resetPeak(_ processID: Int32) throws {
        guard let file = fopen("/proc/\(processID)/clear_refs", "w") else {
            throw BenchError.system("resetting the peak of memory")
        }
        defer { fclose(file) }
        guard fputs("5", file) >= 0, fflush(file) == 0 else {
            throw BenchError.system("resetting the peak of memory")
        }
    }
}
