import ArgumentParser
import Terminal

struct ServicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "List the services that sent spans.",
        discussion: """
            Examples:
              skein services
              skein services --json --server http://traces.example.com:16686
            """)

    @OptionGroup var source: SourceOptions
    @OptionGroup var format: FormatOptions

    func run() throws { try NameList.print(try source.open().serviceNames(), format) }
}

struct OperationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations",
        abstract: "List what a service does.",
        discussion: """
            Examples:
              skein operations reviews.default
              skein operations reviews.default --data ./skein-data --json
            """)

    @Argument(help: "Name of the service.") var service: String
    @OptionGroup var source: SourceOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let names = try source.open().operationNames(ofService: service)
        guard !names.isEmpty || format.json else { throw CommandFailure("no operations of service '\(service)'") }
        try NameList.print(names, format)
    }
}

enum NameList {
    static func print(_ names: [String], _ format: FormatOptions) throws {
        if format.json { try Output.json(names) } else { Output.lines(names.map(DisplayText.safe)) }
    }
}
