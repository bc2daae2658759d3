internal import FoundationEssentials
internal import Glibc

/// An OpenSearch server that keeps its indices in memory, as a process of its own on a free port of this machine: the
/// package `osmem-server`, as `.ci/peers` installs it.
///
/// It knows no TLS, asks for no credentials, and ends with the last reference.
public final class OsmemServer: @unchecked Sendable {
    // Unchecked: started and killed by one thread at a time.
    public private(set) var port: UInt16 = 0
    public var url: String { "http://127.0.0.1:\(port)" }

    private let folder: TemporaryFolder
    private var processID: pid_t?

    /// What a test says that is skipped because the server is not there.
    public static let missing = "no osmem-server in .build/peers/current: run .ci/peers, which tells the reason"

    /// Whether it is there.
    public static var isInstalled: Bool { path != nil }

    private static var path: String? {
        let libraries = Repository.path + "/.build/peers/current/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
        return versions.sorted().map { "\(libraries)/\($0)/site-packages/osmem_server/bin/osmem-server" }
            .first { access($0, X_OK) == 0 }
    }

    /// Makes everything that was written visible to searches.
    public func refresh() throws {
        let answer = try HTTPConnection(port: port).request("POST", "/_refresh")
        guard answer.status == 200 else { throw TestSupportError("osmem-server: \(answer.text)") }
    }

    /// Starts it, and waits until it is ready.
    public init() throws {
        folder = try TemporaryFolder()
        try start()
    }

    deinit { kill() }

    /// Starts it again after `kill`, on the same port and with nothing in it.
    public func start(seconds: Int = 60) throws {
        precondition(processID == nil, "one process at a time has the port")
        guard let path = Self.path else { throw TestSupportError(Self.missing) }
        let (output, errors) = (folder.path + "/output", folder.path + "/errors")
        processID = try spawn(
            path, arguments: ["-addr", "127.0.0.1:\(port)", "-no-stdin-watch", "-parent-pid", "\(getpid())"],
            outputPath: output, errorPath: errors)
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            // {"url":"http://127.0.0.1:38811",...} once it listens.
            let line = ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").prefix { $0 != "\n" }
            if line.hasSuffix("}"), let start = line.firstRange(of: "127.0.0.1:"),
                let port = UInt16(line[start.upperBound...].prefix { $0.isNumber })
            {
                self.port = port
                return
            }
            guard ContinuousClock.now < deadline else {
                let said = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
                throw TestSupportError("osmem-server is not ready within \(seconds) s: \(said.suffix(2_000))")
            }
            usleep(5_000)
        }
    }

    /// Ends it at once (SIGKILL), with all its indices. Nothing happens when it has ended.
    public func kill() {
        guard let processID else { return }
        Glibc.kill(processID, SIGKILL)
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        self.processID = nil
    }
}
