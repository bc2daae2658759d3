import Foundation
import PeerTestSupport
import TestSupport

extension Program {
    /// Runs the program under test to its end.
    /// - Returns: its standard output. An exit code other than 0 is thrown.
    static func skein(_ arguments: [String]) throws -> Data {
        // The tests' own variables are none of the program's.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SKEIN_") }
        return try run(try SkeinProcess.binary(), arguments, environment: environment, timeoutSeconds: 600)
    }

    /// The spans of a data folder that no server has open, as OTLP/JSON with one object a line.
    static func exportedSpans(of folder: TemporaryFolder) throws -> Data {
        try skein(["store", "export", "--data", folder.path + "/data"])
    }
}
