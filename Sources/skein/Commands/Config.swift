import ArgumentParser
import Configuration
import FoundationEssentials

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show or check the configuration.",
        discussion: """
            Examples:
              skein config print
              skein config print --config skein.yaml --json
              skein config check skein.yaml
            """,
        subcommands: [Print.self, Check.self])

    struct Print: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "print",
            abstract: "Print all settings as a configuration file, each with who set it.",
            discussion: """
                Takes the options of 'skein serve'.

                Examples:
                  skein config print --zipkin-port 9412
                  skein config print --reference
                """)

        @OptionGroup var settings: SettingOptions
        @OptionGroup var format: FormatOptions
        @Flag(help: "Print what settings there are instead, as Markdown.") var reference = false

        func run() throws {
            if reference { return Output.text(Setting.reference) }
            let configuration = try settings.load(environment: ProcessInfo.processInfo.environment)
            Output.text(format.json ? configuration.json : configuration.yaml)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check a configuration file.",
            discussion: """
                Examples:
                  skein config check skein.yaml
                """)

        @Argument(help: "The file.") var file: String
        @OptionGroup var format: FormatOptions

        func run() throws {
            var problems: [String] = []
            do throws(ConfigurationError) {
                _ = try Configuration(filePath: file)
            } catch {
                problems = error.problems
            }
            if format.json { try Output.json(["problems": problems]) }
            guard problems.isEmpty else {
                if format.json { throw ExitCode(CommandFailure.failed) }
                throw CommandFailure(problems.joined(separator: "\n"))
            }
            if !format.json { Output.text("\(file) is in order\n") }
        }
    }
}
