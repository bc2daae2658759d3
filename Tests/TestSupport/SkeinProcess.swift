internal import FoundationEssentials
package import Glibc

/// The real program, serving from a data folder as a process of its own.
///
/// It can be ended and started again on the same folder as often as a test likes; each start takes free ports. The
/// process ends with the last reference. The binary is the one built beside the tests, or what `SKEIN_BINARY` names.
public final class SkeinProcess {
    /// Every listener on a free port.
    public static let freePorts = [
        "zipkin", "otlp-grpc", "otlp-http", "jaeger-http", "jaeger-grpc", "jaeger-compact", "jaeger-binary",
        "sampling-http", "sampling-grpc", "jaeger-storage", "query", "query-grpc", "tempo", "admin",
    ].flatMap { ["--\($0)-port", "0"] }
    /// Makes the store seal its live traces many times within a short test.
    public static let frequentSealing = ["--live-bytes", "256KiB", "--seal-age", "1s"]

    /// The data folder, which outlives each run of the program.
    public let data: TemporaryFolder
    private let arguments: [String]
    private var processID: pid_t?
    private var ports: [String: UInt16] = [:]

    /// Starts nothing yet.
    public init(data: TemporaryFolder, options: [String] = []) {
        self.data = data
        arguments = ["serve", "--data", data.path + "/data"] + Self.freePorts + options
    }

    /// A process with a folder of its own, serving.
    public static func started(options: [String] = []) throws -> SkeinProcess {
        let process = SkeinProcess(data: try TemporaryFolder(), options: options)
        try process.start()
        return process
    }

    deinit {
        kill()
    }

    /// The port of one listener, by its name in the ready line.
    public func port(_ listener: String) throws -> UInt16 {
        guard let port = ports[listener] else {
            throw TestSupportError("no listener '\(listener)' among \(ports.keys.sorted())")
        }
        return port
    }

    /// Whether the program is still running, as far as the kernel knows.
    public var isRunning: Bool {
        guard let processID else { return false }
        var information = siginfo_t()
        let outcome = waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT)
        return outcome == 0 && information.si_signo == 0
    }

    /// The most memory that the process ever had resident, in bytes.
    public var peakResidentByteCount: Int {
        get throws {
            guard let processID, let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
                let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
            else { throw failure("its memory cannot be read") }
            return kibibytes * 1024
        }
    }

    /// All that the program wrote to standard error since its last start.
    public var standardError: String {
        (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? ""
    }

    private var errorPath: String { data.path + "/standard-error.txt" }

    /// Launches, and waits until every listener is ready.
    public func start() throws {
        try launch()
        try waitUntilReady()
    }

    /// Starts the program, and does not wait for it.
    public func launch() throws {
        precondition(processID == nil, "one process at a time has the folder")
        processID = try spawn(try Self.binary(), arguments: arguments, errorPath: errorPath)
    }

    /// Waits for the ready line, and takes the ports from it.
    public func waitUntilReady(seconds: Int = 60) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let listeners = try readyListeners() {
                ports = listeners.compactMapValues { $0.split(separator: ":").last.flatMap { UInt16($0) } }
                return
            }
            guard isRunning else { throw failure("it ended before it was ready") }
            guard ContinuousClock.now < deadline else { throw failure("it was not ready within \(seconds) s") }
            usleep(2_000)
        }
    }

    /// The listeners' addresses from the ready line; nil until it is there, whole.
    private func readyListeners() throws -> [String: String]? {
        struct Ready: Decodable {
            let listeners: [String: String]
        }
        let text = standardError
        guard let start = text.firstRange(of: #"{"event":"ready""#)?.lowerBound,
            let end = text[start...].firstIndex(of: "\n")
        else { return nil }
        return try JSONDecoder().decode(Ready.self, from: Data(text[start..<end].utf8)).listeners
    }

    /// Sends it a signal.
    public func signal(_ number: Int32) throws {
        guard let processID else { throw failure("it does not run") }
        Glibc.kill(processID, number)
    }

    /// Asks it to end (SIGTERM), and waits. Any end but exit code 0 in time is thrown.
    public func terminate(seconds: Int = 10) throws {
        guard let processID else { throw failure("it does not run") }
        Glibc.kill(processID, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(seconds)
        while isRunning {
            guard ContinuousClock.now < deadline else {
                kill()
                throw failure("it did not end within \(seconds) s of SIGTERM")
            }
            usleep(2_000)
        }
        let status = reap()
        guard status == 0 else { throw failure("it ended with wait status \(status)") }
    }

    /// Waits until it has ended by itself.
    /// - Returns: its exit code.
    public func waitForExit(seconds: Int = 30) throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while isRunning {
            guard ContinuousClock.now < deadline else { throw failure("it did not end within \(seconds) s") }
            usleep(2_000)
        }
        let status = reap()
        guard status & 0x7f == 0 else { throw failure("it ended with wait status \(status)") }
        return status >> 8 & 0xff
    }

    /// Ends it at once (SIGKILL). Nothing happens when it has ended.
    public func kill() {
        guard let processID else { return }
        Glibc.kill(processID, SIGKILL)
        reap()
    }

    @discardableResult private func reap() -> Int32 {
        var status: Int32 = 0
        if let processID {
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        }
        processID = nil
        ports = [:]
        return status
    }

    private func failure(_ reason: String) -> TestSupportError {
        TestSupportError("skein: \(reason). Standard error ended with:\n\(standardError.suffix(4_000))")
    }

    /// The path of the program.
    public static func binary() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = own.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/skein"
        let path = ProcessInfo.processInfo.environment["SKEIN_BINARY"] ?? beside
        guard access(path, X_OK) == 0 else {
            throw TestSupportError("no program at \(path): build the product skein, or set SKEIN_BINARY")
        }
        return path
    }
}

/// Has a new process close what other tests have open: a connection that one of them closes would stay open there, as
/// libcurl does not keep its own from being handed on.
package func closeOtherFiles(_ actions: inout posix_spawn_file_actions_t) {
    for descriptor in 3..<4096 as Range<Int32> { posix_spawn_file_actions_addclose(&actions, descriptor) }
}

/// Starts a program with no input, and its output and errors written to new files.
func spawn(_ binary: String, arguments: [String], outputPath: String = "/dev/null", errorPath: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
    closeOtherFiles(&actions)

    // Signals as a shell would hand them on, whatever the test process ignores or blocks.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    // The caller's own settings of the program are not the test's.
    let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SKEIN_") }
    var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    var words = ([binary] + arguments).map { strdup($0) } + [nil]
    defer { (environment + words).forEach { free($0) } }

    var processID = pid_t()
    let outcome = posix_spawn(&processID, binary, &actions, &attributes, &words, &environment)
    guard outcome == 0 else { throw TestSupportError("\(binary) does not start: \(systemErrorText(outcome))") }
    return processID
}
