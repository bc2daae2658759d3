import Foundation
import Synchronization

/// A server of another project that speaks OpenSearch's language, in memory, as `.ci/peers` installs it.
public final class OsmemServer: Sendable {
    /// With its scheme and port.
    public let url: String

    private static let current = Mutex<OsmemServer?>(nil)

    public static var isInstalled: Bool { path != nil }

    /// The one of these tests; it ends with them.
    public static func shared() throws -> OsmemServer {
        try current.withLock { server in
            if let server { return server }
            let new = try OsmemServer()
            server = new
            return new
        }
    }

    private static var path: String? {
        let library = Repository.path + "/.build/peers/current/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: library)) ?? []
        return versions.map { "\(library)/\($0)/site-packages/osmem_server/bin/osmem-server" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private init() throws {
        guard let path = Self.path else { throw TestSupportError("osmem-server is not installed") }
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = [
            "-addr", "127.0.0.1:0", "-no-stdin-watch", "-parent-pid", "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw TestSupportError("osmem-server does not start") }
            line += more
        }
        struct Ready: Decodable {
            let url: String
        }
        url = try JSONDecoder().decode(Ready.self, from: line).url
    }

    public var port: UInt16 { url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    /// Makes everything that was written visible to searches.
    public func refresh() throws {
        let answer = try HTTPConnection(port: port).request("POST", "/_refresh")
        guard answer.status == 200 else { throw TestSupportError("osmem-server: \(answer.text)") }
    }
}
