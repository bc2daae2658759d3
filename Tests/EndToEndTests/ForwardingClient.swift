import Foundation
import PeerTestSupport
import TestSupport

/// Asks a program that hands on what it stores how that goes, and for what was refused.
struct ForwardingClient {
    private let process: SkeinProcess
    private let admin: HTTPConnection

    init(_ process: SkeinProcess) throws {
        self.process = process
        admin = try HTTPConnection(port: try process.port("admin"))
    }

    func metrics() throws -> MetricsPage { try admin.metrics() }

    func readiness() throws -> HTTPResponse { try admin.request("GET", "/health/ready") }

    /// Spans that are stored and not handed on: those in memory too.
    func lag() throws -> Int {
        let page = try metrics()
        return try page.value(of: Self.liveMetric) + page.value(of: Self.lagMetric)
    }

    /// Of these, the ones in segments, once there is nothing in memory; less than none before.
    func sealedLag() throws -> Int {
        let page = try metrics()
        return try page.value(of: Self.liveMetric) == 0 ? page.value(of: Self.lagMetric) : -1
    }

    private static let liveMetric = "skein_store_live_spans"
    private static let lagMetric = "skein_forwarder_lag_spans"

    func waitUntilAllIsHandedOn(seconds: Int) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        // Between two looks a segment may have been made of what was in memory.
        var quietCount = 0
        while quietCount < 3 {
            let lag = try lag()
            quietCount = lag == 0 ? quietCount + 1 : 0
            guard ContinuousClock.now < deadline else {
                throw TestSupportError(
                    "\(lag) spans are not handed on after \(seconds) s:\n\(process.standardError.suffix(4_000))")
            }
            usleep(100_000)
        }
    }

    // MARK: Dead letters

    /// IDs of the documents that were refused, as their files have them.
    func deadLetterIDs() throws -> [Substring] {
        struct Letter: Decodable {
            struct Action: Decodable {
                struct Target: Decodable {
                    let _id: String
                }

                let index: Target
            }

            let action: Action
            let status: Int
            let reason: String
        }
        let manager = FileManager.default
        let names = try manager.subpathsOfDirectory(atPath: process.data.path).filter { $0.hasSuffix(".ndjson") }
        return try names.sorted().flatMap { name in
            let content = manager.contents(atPath: process.data.path + "/" + name) ?? Data()
            return try content.split(separator: UInt8(ascii: "\n")).map { line in
                let letter = try JSONDecoder().decode(Letter.self, from: Data(line))
                guard letter.status == 400, !letter.reason.isEmpty else {
                    throw TestSupportError("a dead letter without its reason: \(String(decoding: line, as: UTF8.self))")
                }
                return Substring(letter.action.index._id)
            }
        }
    }

    /// Has the documents sent again that were refused.
    func retryDeadLetters() throws {
        _ = try Program.skein(["forward", "retry-dead-letters"] + server("query"))
    }

    // MARK: Command line

    /// What the command line tells of the destinations.
    func status() throws -> String {
        String(decoding: try Program.skein(["forward", "status"] + server("query")), as: UTF8.self)
    }

    /// What the command line tells of the store.
    func storeStatistics() throws -> String {
        String(decoding: try Program.skein(["store", "stats"] + server("admin")), as: UTF8.self)
    }

    private func server(_ listener: String) throws -> [String] {
        ["--server", "http://127.0.0.1:\(try process.port(listener))"]
    }
}
