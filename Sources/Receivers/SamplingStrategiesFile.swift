internal import NetworkServer
public import Sampling

/// Why a file of sampling strategies cannot be used: its name, the place, and what is wrong there.
public struct SamplingStrategiesFileError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case unreadable  // missing, not permitted, no regular file, too large
        case malformed  // not JSON, or not strategies
    }
    public let code: Code
    public let message: String

    public var description: String { message }
}

/// A file of sampling strategies in Jaeger's format, at most 1 MiB.
///
/// It may be replaced while it is in use: `reloadIfChanged`, called now and then, takes the new one.
public final class SamplingStrategiesFile: Sendable {
    private let loaded: FileBackedValue<RemoteStrategies, SamplingStrategiesFileError>
    private let path: String

    /// Reads the file. Blocks shortly.
    /// - Parameter fallback: probability of services that are not named, where the file has no default strategy.
    public init(path: String, fallback: Double) throws(SamplingStrategiesFileError) {
        self.path = path
        loaded = try FileBackedValue(paths: [path]) { () throws(SamplingStrategiesFileError) in
            try Self.load(path, fallback)
        }
    }

    /// As the file in force says them.
    public var strategies: RemoteStrategies { loaded.current }

    /// What of the file in force is passed over.
    public var warnings: [String] { strategies.warnings.map { "sampling strategies \(path), \($0)" } }

    /// Takes the file anew if it is no longer the same. Blocks shortly: not for event loops.
    public func reloadIfChanged() -> SamplingReloadOutcome {
        switch loaded.reloadIfChanged() {
        case .unchanged: .unchanged
        case .reloaded: .reloaded(warnings: warnings)
        case .failed(let reason): .failed(reason)
        }
    }

    private static func load(
        _ path: String, _ fallback: Double
    ) throws(SamplingStrategiesFileError) -> RemoteStrategies {
        let file: SecurityFile
        do {
            file = try SecurityFile(path: path)
        } catch {
            throw SamplingStrategiesFileError(
                code: .unreadable, message: "sampling strategies \(path): \(error.reason)")
        }
        do {
            return try RemoteStrategies(json: file.bytes, fallback: fallback)
        } catch {
            throw SamplingStrategiesFileError(code: .malformed, message: "sampling strategies \(path), \(error)")
        }
    }
}

/// What became of looking at a file of strategies that may have changed.
public enum SamplingReloadOutcome: Sendable, Equatable {
    case unchanged
    /// SDKs are told the new content. Some of it is passed over for the reasons given.
    case reloaded(warnings: [String])
    /// The new content cannot be used, for the reason given; the old one stays in force. Said once for each reason.
    case failed(String)
}
