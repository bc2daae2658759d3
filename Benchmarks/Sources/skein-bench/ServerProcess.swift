import Foundation
import Synchronization

/// The server that runs now, for the signal handler; 0: none.
private let runningServer = Atomic<Int32>(0)

/// The server under test: a process of its own, looked at from outside through `/proc`.
final class ServerProcess {
    let processID: Int32
    /// From the start of the process to the line that says it is ready.
    let startSeconds: Double
    /// Listener name to address.
    let listeners: [String: SocketAddress]

    private struct ReadyLine: Decodable {
        let event: String
        let listeners: [String: String]
    }

    /// Starts the program and waits until it is ready. Both its outputs are appended to the file `log`.
    init(binary: String, arguments: [String], log: String, timeout: Double = 60) throws {
        let descriptor = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BenchError.system("opening \(log)") }
        defer { close(descriptor) }
        let logStart = lseek(descriptor, 0, Int32(SEEK_END))
        let begin = CPUClock.wall()
        processID = try Self.spawn(binary, arguments, output: descriptor)
        runningServer.store(processID, ordering: .sequentiallyConsistent)
        Self.killServerOnTermination()
        do {
            listeners = try Self.waitForReadyLine(
                descriptor, from: logStart, processID: processID, until: begin + timeout, log: log)
        } catch {
            kill(processID, SIGKILL)
            _ = Self.reap(processID)
            throw error
        }
        startSeconds = CPUClock.wall() - begin
    }

    private static func spawn(_ binary: String, _ arguments: [String], output: Int32) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var words: [UnsafeMutablePointer<CChar>?] = ([binary] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var processID: pid_t = 0
        let code = posix_spawnp(&processID, binary, &actions, nil, words, environ)
        guard code == 0 else { throw BenchError.system("starting \(binary)", code) }
        return processID
    }

    private static func waitForReadyLine(
        _ descriptor: Int32, from start: Int, processID: Int32, until deadline: Double, log: String
    ) throws -> [String: SocketAddress] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while CPUClock.wall() < deadline {
            let count = pread(descriptor, &chunk, chunk.count, start + bytes.count)
            if count > 0 {
                bytes += chunk[..<count]
                for line in bytes.split(separator: 10) {
                    guard let ready = try? JSONDecoder().decode(ReadyLine.self, from: Data(line)),
                        ready.event == "ready"
                    else { continue }
                    return ready.listeners.compactMapValues { try? SocketAddress($0) }
                }
                continue
            }
            if waitpid(processID, nil, WNOHANG) != 0 {
                throw BenchError("the server ended before it was ready: see \(log)")
            }
            usleep(1_000)
        }
        throw BenchError("the server was not ready in time: see \(log)")
    }

    func address(of listener: String) throws -> SocketAddress {
        guard let address = listeners[listener] else { throw BenchError("the server has no listener \(listener)") }
        return address
    }

    /// User and system time so far, seconds; steps of 10 ms.
    func cpuSeconds() throws -> Double {
        let text = try procFile("stat")
        // The second field is the program's name in parentheses, which may hold anything.
        guard let end = text.lastIndex(of: ")") else { throw BenchError("/proc stat cannot be read") }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw BenchError("/proc stat cannot be read")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory now and at its peak, MiB.
    func memory() throws -> (now: Double, peak: Double) {
        try ProcessMemory.read(processID)
    }

    /// Lets the peak of memory count from now on.
    func resetPeakMemory() throws {
        try ProcessMemory.resetPeak(processID)
    }

    private func procFile(_ name: String) throws -> String {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/\(name)", encoding: .utf8) else {
            throw BenchError("the server is gone")
        }
        return text
    }

    /// Sends the signal and waits for the end: how long it took, and the exit status (negative: the signal that ended
    /// it).
    func stop(_ signal: Int32, timeout: Double = 60) throws -> (seconds: Double, status: Int32) {
        let begin = CPUClock.wall()
        kill(processID, signal)
        var status: Int32 = 0
        while waitpid(processID, &status, WNOHANG) == 0 {
            if CPUClock.wall() - begin > timeout {
                kill(processID, SIGKILL)
                _ = Self.reap(processID)
                throw BenchError("the server did not stop within \(Int(timeout)) s")
            }
            usleep(500)
        }
        runningServer.store(0, ordering: .sequentiallyConsistent)
        return (CPUClock.wall() - begin, Self.exitStatus(status))
    }

    private static func reap(_ processID: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
        runningServer.store(0, ordering: .sequentiallyConsistent)
        return exitStatus(status)
    }

    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : -signal
    }

    /// A benchmark that is ended must not leave its server behind.
    private static func killServerOnTermination() {
        for number in [SIGTERM, SIGINT, SIGHUP] {
            signal(number) { _ in
                let server = runningServer.load(ordering: .sequentiallyConsistent)
                if server > 0 { kill(server, SIGKILL) }
                _exit(130)
            }
        }
    }

    /// Ends the server, whatever state it is in; for the way out after an error.
    static func killRunning() {
        let server = runningServer.load(ordering: .sequentiallyConsistent)
        guard server > 0 else { return }
        kill(server, SIGKILL)
        _ = reap(server)
    }
}
