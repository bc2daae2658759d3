import ArgumentParser
import Compression
import HTTPClient
import Terminal

/// What this program is called by its releases.
enum ProgramVersion {
    static let number = "0.1.0"

    /// The compiler's own, as far as a program can ask for it.
    static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of the program and its libraries.",
        discussion: """
            Examples:
              skein version
              skein version --json
            """)

    @OptionGroup var format: FormatOptions

    func run() throws {
        let versions = [
            ("skein", ProgramVersion.number), ("swift", ProgramVersion.swift), ("curl", HTTPClientLibrary.version),
        ]
        if format.json { return try Output.json(Dictionary(uniqueKeysWithValues: versions)) }
        Output.lines(versions.map { "\(DisplayText.pad($0.0, to: 6)) \($0.1)" })
    }
}
