import ArgumentParser
import Configuration
import FoundationEssentials
import HTTPClient

/// Where a command finds traces: a running server, or a folder that no server has open.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Running server (default: http://127.0.0.1:16686, or as configured).", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("Data folder to open directly, while no server has it.", valueName: "folder"))
    var data: String?

    @OptionGroup var file: ConfigurationFileOptions

    func validate() throws {
        if server != nil && data != nil { throw ValidationError("--server and --data exclude each other.") }
    }

    func open() throws -> any TraceSource {
        if let data { return try FolderSource(path: data) }
        return ServerSource(try file.client(server: server, listener: .query))
    }

    /// How far back a search goes that does not say, in nanoseconds.
    func lookback() throws -> Int64 {
        let seconds = try file.load().queryLookback.components.seconds
        return seconds * 1_000_000_000
    }
}

/// The configuration that the server of this machine would have.
struct ConfigurationFileOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Configuration file, which names the server's ports.", valueName: "file"))
    var config: String?

    func load() throws(ConfigurationError) -> Configuration {
        try Configuration(environment: ProcessInfo.processInfo.environment, filePath: config)
    }

    /// A client of the server given, or of the one that the configuration tells of.
    func client(
        server: String?, listener: Listener, timeout: Duration = .seconds(60)
    ) throws -> HTTPClient {
        if let server { return try HTTPClient(baseURL: server, timeout: timeout) }
        let configuration = try load()
        guard let port = configuration.port(of: listener), port != 0 else {
            throw CommandFailure(
                "the configured port is off or any free one: say --server URL", exitCode: CommandFailure.wrongUsage)
        }
        let scheme = configuration.usesTLS(listener) ? "https" : "http"
        let host = Self.host(configuration.listenAddresses)
        return try HTTPClient(baseURL: "\(scheme)://\(host):\(port)", timeout: timeout)
    }

    /// An address at which a server that listens on these can be reached from here.
    static func host(_ addresses: [String]) -> String {
        if addresses.contains(where: { ["127.0.0.1", "0.0.0.0", "localhost"].contains($0) }) { return "127.0.0.1" }
        guard let first = addresses.first else { return "127.0.0.1" }
        if first == "::" { return "[::1]" }
        return first.contains(":") ? "[\(first)]" : first
    }
}

/// The form of what is printed.
struct FormatOptions: ParsableArguments {
    @Flag(help: "Print JSON.") var json = false
}
