import ArgumentParser
import Configuration
import Glibc

/// The program: its sub-commands, and what their ends mean.
@main
struct Skein: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skein",
        abstract: "Collects, keeps and shows distributed traces.",
        discussion: """
            Exit codes: 0 done, 1 failed or not found, 2 wrong usage.

            Examples:
              skein serve
              skein send spans.json --now
              skein search --service reviews.default --tag error=true --since 1h
              skein trace 39a1c83d93ff90cec484e4f331316cd1
              skein dependencies --group version --since 15m
            """,
        version: ProgramVersion.number,
        subcommands: [
            ServeCommand.self, TraceCommand.self, SearchCommand.self, ServicesCommand.self, OperationsCommand.self,
            DependenciesCommand.self, ReleasesCommand.self, CompareCommand.self, SamplingCommand.self,
            ForwardCommand.self, SendCommand.self, StoreCommand.self, ConfigCommand.self, VersionCommand.self,
        ])

    static func main() { Glibc.exit(run(Array(CommandLine.arguments.dropFirst()))) }

    /// - Returns: the exit code.
    static func run(_ arguments: [String]) -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let failure as CommandFailure {
            Output.error(failure.message)
            return failure.exitCode
        } catch let error as ConfigurationError {
            Output.error(error.description)
            return CommandFailure.wrongUsage
        } catch {
            let code = exitCode(for: error)
            guard !code.isSuccess else {
                Output.text(fullMessage(for: error) + "\n")
                return 0
            }
            if code == .validationFailure {
                Output.errorText(fullMessage(for: error) + "\n")
                return CommandFailure.wrongUsage
            }
            // What the command has told already.
            if let told = error as? ExitCode { return told.rawValue }
            Output.error("\(error)")
            return CommandFailure.failed
        }
    }
}

/// The end of a command that could not do what was asked.
struct CommandFailure: Error {
    static let failed: Int32 = 1
    static let wrongUsage: Int32 = 2

    let message: String
    let exitCode: Int32

    init(_ message: String, exitCode: Int32 = failed) {
        self.message = message
        self.exitCode = exitCode
    }
}

/// What commands print.
enum Output {
    static func text(_ text: String) { write(text, to: STDOUT_FILENO) }
    static func lines(_ lines: [String]) { text(lines.map { $0 + "\n" }.joined()) }
    static func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0, to: STDOUT_FILENO) } }
    static func errorText(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Each line with the program's name before it.
    static func error(_ message: String) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: true)
        errorText(lines.map { "skein: \($0)\n" }.joined())
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    /// Gives up where nobody reads any more.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
