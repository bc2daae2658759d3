import ArgumentParser
import Configuration
import TraceStore

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look after the stored spans.",
        discussion: """
            All but 'stats' need the data folder for themselves: no server may have it open.

            Examples:
              skein store stats
              skein store verify --data ./skein-data
              skein store export --output spans.jsonl
            """,
        subcommands: [
            Stats.self, Verify.self, Rebuild.self, Compact.self, Export.self, Import.self, Drop.self,
        ])
}

/// The data folder that a command works on, which no server may have open.
struct StoreFolderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Data folder (default: ./skein-data, or as configured).", valueName: "folder"))
    var data: String?
    @OptionGroup var file: ConfigurationFileOptions

    func path() throws -> String { try data ?? file.load().dataPath }

    /// - Throws: `CommandFailure` if there is no such folder, `StoreError` if it cannot be opened.
    func open() throws -> TraceStore { try FolderSource.open(path(), options: options()) }

    /// As a server would keep its spans; nothing is removed for its age or size meanwhile.
    func options() throws -> StoreOptions {
        var options = StoreOptions(try file.load())
        options.retentionAge = nil
        options.retentionByteCount = nil
        return options
    }
}
