import Foundation

/// What stands in for a cluster: a process of its own that keeps account of the documents it gets.
final class PeerProcess {
    /// One is ended when its benchmark is.
    private let process = Process()
    let port: Int

    private struct ReadyLine: Decodable {
        let address: String
    }

    struct Report: Decodable {
        struct Index: Decodable {
            let index: String
            let documents: Int
            let repeats: Int
        }

        let indices: [Index]

        private static let spanIndices = ["jaeger-span-", "otel-v1-apm-span"]

        /// Documents that are spans, and how often one came again.
        var spans: (count: Int, repeatCount: Int) {
            indices.filter { own in Self.spanIndices.contains { own.index.hasPrefix($0) } }.reduce((0, 0)) {
                ($0.0 + $1.documents, $0.1 + $1.repeats)
            }
        }
    }

    /// - Parameter port: 0 takes a free one.
    init(binary: String, port: Int = 0) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = ["sink", "--port", "\(port)"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        let line = output.fileHandleForReading.availableData
        guard let ready = try? JSONDecoder().decode(ReadyLine.self, from: line),
            let port = ready.address.split(separator: ":").last.flatMap({ Int($0) })
        else {
            process.terminate()
            throw BenchError("\(binary) told no address")
        }
        self.port = port
    }

    deinit { kill() }

    /// A port that nobody listens on.
    static func freePort(binary: String) throws -> Int {
        let peer = try PeerProcess(binary: binary)
        peer.kill()
        return peer.port
    }

    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func report() throws -> Report {
        let answer = try QueryClient(to: try SocketAddress("127.0.0.1:\(port)")).get("/_peer/report")
        return try JSONDecoder().decode(Report.self, from: Data(answer.response.body))
    }
}
