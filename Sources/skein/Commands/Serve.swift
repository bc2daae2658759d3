import ArgumentParser
import Configuration
import FoundationEssentials

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take spans in, keep them, and answer queries.",
        discussion: """
            Starts with no configuration. Each option is also a key of the configuration file and a SKEIN_ variable:
            see 'skein config print --reference'. Ends in good order on SIGTERM and SIGINT;
            reads the rules of sampling again on SIGHUP.

            Examples:
              skein serve
              skein serve --data /var/lib/skein --listen 0.0.0.0 --retention-age 30d
              skein serve --config skein.yaml --port-offset 1000
            """)

    @OptionGroup var settings: SettingOptions

    func run() throws {
        let (options, path) = (settings.texts, settings.config)
        try Server.run { () throws(ConfigurationError) in
            try Configuration(options: options, environment: ProcessInfo.processInfo.environment, filePath: path)
        }
    }
}
