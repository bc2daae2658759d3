public import Foundation
internal import TestSupport
public import Testing

/// A Python environment with other programs' own clients, as `.ci/peers` installs it.
public enum PeerEnvironment: String, Sendable {
    case current, older, fuzzing

    private var folder: String { Repository.path + "/.build/peers/" + rawValue }
    private var requirements: String {
        Repository.path + "/Tests/Peers/requirements" + (self == .current ? "" : "-" + rawValue) + ".txt"
    }

    /// Whether it is there with the versions that the tests want.
    public var isInstalled: Bool {
        let installed = FileManager.default.contents(atPath: folder + "/installed.txt")
        return installed != nil && installed == FileManager.default.contents(atPath: requirements)
    }

    /// Runs a script of `Tests/Peers` to its end.
    /// - Returns: its standard output.
    public func run(_ script: String, _ arguments: [String], timeoutSeconds: Int = 180) throws -> Data {
        let environment = ProcessInfo.processInfo.environment.filter { variable in
            !["OTEL_", "SKEIN_", "PYTHON", "JAEGER_", "SSL_", "REQUESTS_", "CURL_"].contains {
                variable.key.hasPrefix($0)
            }
        }
        let changes = ["NO_PROXY": "*", "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1"]
        return try Program.run(
            folder + "/bin/python3", ["\(Repository.path)/Tests/Peers/\(script)"] + arguments,
            environment: environment.merging(changes) { _, new in new }, timeoutSeconds: timeoutSeconds)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, and says so, where the environment could not be installed.
    public static func peers(_ environment: PeerEnvironment) -> ConditionTrait {
        .enabled(
            if: environment.isInstalled,
            "no Python environment .build/peers/\(environment.rawValue): run .ci/peers, which tells the reason")
    }
}

/// Other programs, run to their end.
public enum Program {
    /// - Returns: standard output. An exit code other than 0 is thrown, with what was said on standard error.
    public static func run(
        _ path: String, _ arguments: [String], environment: [String: String]? = nil, timeoutSeconds: Int = 60
    ) throws -> Data {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        if let environment { process.environment = environment }
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (URL(filePath: folder.path + "/output"), URL(filePath: folder.path + "/errors"))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
        while process.isRunning, ContinuousClock.now < deadline { usleep(5_000) }
        let isInTime = !process.isRunning
        // The program may have inherited that other signals are blocked.
        if !isInTime { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        guard isInTime, process.terminationStatus == 0 else {
            let end = isInTime ? "ended with code \(process.terminationStatus)" : "did not end in \(timeoutSeconds) s"
            let said = String(decoding: try Data(contentsOf: errors).suffix(4_000), as: UTF8.self)
            throw TestSupportError("\(path) \(arguments.joined(separator: " ")) \(end):\n\(said)")
        }
        return try Data(contentsOf: output)
    }
}
