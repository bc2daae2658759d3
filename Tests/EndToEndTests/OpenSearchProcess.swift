import Foundation
import TestSupport

/// A program that stands in for a cluster, as a process of its own. It ends with the last reference, or with the tests.
final class OpenSearchProcess: @unchecked Sendable {
    // Unchecked: `process` and `ready` change under `lock`.
    private let lock = NSLock()
    private let path: String
    private let arguments: [String]
    private let folder: TemporaryFolder
    private var process: Process?
    private var ready: [String: String] = [:]

    /// The project's own index, which keeps account of every document, through kills too.
    static func sink() throws -> OpenSearchProcess {
        let folder = try TemporaryFolder()
        return try OpenSearchProcess(
            try ownPath(), ["sink", "--folder", folder.path + "/documents"], folder)
    }

    /// The project's own proxy, which fails as told, before a cluster on this machine.
    /// - Parameters:
    ///   - certificate: name of a certificate of `Tests/Fixtures/certificates`, to speak TLS with.
    ///   - address: of this machine alone; the certificates know 127.0.0.1.
    ///   - ownPort: 0 takes a free one.
    static func proxy(
        before port: UInt16, certificate: String? = nil, address: String = "127.0.0.1", on ownPort: UInt16 = 0
    ) throws -> OpenSearchProcess {
        var arguments = ["proxy", "--upstream", "http://127.0.0.1:\(port)", "--address", address]
        if let certificate {
            let path = certificateFolder + "/" + certificate
            arguments += ["--certificate", path + ".pem", "--key", path + "-key.pem"]
        }
        return try OpenSearchProcess(
            try ownPath(), arguments, try TemporaryFolder(), port: ownPort)
    }

    static var certificateFolder: String { Repository.path + "/Tests/Fixtures/certificates" }

    private static func ownPath() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: own).deletingLastPathComponent().appending(path: "opensearch-peer").path
    }

    private init(_ path: String, _ arguments: [String], _ folder: TemporaryFolder, port: UInt16 = 0)
        throws
    {
        self.path = path
        self.arguments = arguments
        self.folder = folder
        try start(port: port)
    }

    deinit { kill() }

    /// The same after each restart.
    var port: UInt16 {
        get throws { try port("address") }
    }

    /// Where a proxy is told what to do.
    var controlPort: UInt16 {
        get throws { try port("control") }
    }

    private func port(_ name: String) throws -> UInt16 {
        let address = lock.withLock { ready[name] }
        guard let port = address?.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw TestSupportError("\(path) told no '\(name)'")
        }
        return port
    }

    /// Ends it at once (SIGKILL). Nothing happens when it has ended.
    func kill() {
        guard let process = lock.withLock({ self.process.take() }) else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Starts it again, on the port that it had.
    func restart() throws {
        kill()
        try start(port: try port)
    }

    private func start(port: UInt16) throws {
        let output = URL(filePath: folder.path + "/output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments + ["--port", "\(port)"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        lock.withLock { self.process = process }
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let text = try String(contentsOf: output, encoding: .utf8)
            if text.hasSuffix("\n") {
                let fields = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
                lock.withLock { ready = fields.compactMapValues { $0 as? String } }
                return
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                kill()
                throw TestSupportError("\(path) \(arguments.joined(separator: " ")) does not start")
            }
            usleep(5_000)
        }
    }

    // MARK: Account

    struct Report: Decodable {
        struct Index: Decodable, Equatable {
            let index: String
            let documents: Int
            let repeats: Int
            let differing: Int
        }

        let documents: Int
        let requests: Int
        let operations: Int
        let malformed: Int
        let nameless: Int
        let indices: [Index]

        func documents(prefix: String) -> Int {
            indices.filter { $0.index.hasPrefix(prefix) }.reduce(0) { $0 + $1.documents }
        }
    }

    /// What a sink has got.
    func report() throws -> Report {
        let answer = try HTTPConnection(port: try port).request("GET", "/_peer/report")
        return try JSONDecoder().decode(Report.self, from: Data(answer.body))
    }

    /// IDs of the documents in the indices of a sink whose names begin so.
    func ids(prefix: String) throws -> [Substring] {
        try HTTPConnection(port: try port, timeoutSeconds: 120).request("GET", "/_peer/ids?prefix=\(prefix)").text
            .split(separator: "\n")
    }

    // MARK: Faults

    /// Tells a proxy what is to go wrong from now on, as JSON.
    func setFaults(_ plan: String) throws {
        let answer = try HTTPConnection(port: try controlPort).request(
            "POST", "/_faults", body: .bytes(Array(plan.utf8)))
        guard answer.status == 200 else { throw TestSupportError("\(plan): \(answer.text)") }
    }

    /// What went wrong so far, by name.
    func faultCounts() throws -> [String: Int] {
        let answer = try HTTPConnection(port: try controlPort).request("GET", "/_faults")
        return try JSONDecoder().decode([String: Int].self, from: Data(answer.body))
    }

    /// Documents that a proxy said do not fit the mapping: index, tab and ID.
    func injectedMappingErrors() throws -> Set<String> {
        let answer = try HTTPConnection(port: try controlPort).request("GET", "/_faults/mapping-errors")
        return Set(answer.text.split(separator: "\n").map(String.init))
    }
}
