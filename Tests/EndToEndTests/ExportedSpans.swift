import Foundation
import PeerTestSupport
import TestSupport

extension Program {
    /// The spans of a data folder that no server has open, as OTLP/JSON with one object a line.
    static func exportedSpans(of folder: TemporaryFolder) throws -> Data {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = URL(filePath: own).deletingLastPathComponent().appending(path: "skein").path
        let path = ProcessInfo.processInfo.environment["SKEIN_BINARY"] ?? beside
        return try run(path, ["store", "export", "--data", folder.path + "/data"])
    }
}
