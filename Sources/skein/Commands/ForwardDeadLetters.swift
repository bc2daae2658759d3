import ArgumentParser
import Configuration
import Forwarding
import FoundationEssentials
import HTTPAPI
import HTTPClient
import Terminal
import TraceStore

extension ForwardCommand {
    // MARK: Show

    struct ShowDeadLetters: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show-dead-letters",
            abstract: "Print the documents that clusters refused, and why.",
            discussion: """
                Reads the files of the data folder, also while a server has it open.

                Examples:
                  skein forward show-dead-letters
                  skein forward show-dead-letters --destination main --limit 5
                  skein forward show-dead-letters --json --data /var/lib/skein
                """)

        @Option(help: ArgumentHelp("Only those of this destination.", valueName: "name")) var destination: String?
        @Option(help: ArgumentHelp("Documents of each destination at most.", valueName: "count")) var limit = 100
        @OptionGroup var folder: StoreFolderOptions
        @OptionGroup var format: FormatOptions

        func validate() throws {
            guard limit > 0 else { throw ValidationError("--limit is at least 1.") }
        }

        private struct Letter: Encodable {
            let destination: String
            let time: Double
            let status: Int
            let type: String
            let reason: String
            let index: String
            let id: String
            let document: String
        }

        func run() throws {
            let path = try folder.path()
            var shown: [Letter] = []
            var count = 0
            for name in try ForwardCommand.destinations(withLetters: path, only: destination) {
                let letters = try DeadLetters(
                    folder: DeadLetters.folder(dataPath: path, destination: name), byteCountMax: .max)
                count += letters.count
                var left = limit
                try letters.forEach { letter in
                    let target = letter.target
                    shown.append(
                        Letter(
                            destination: name, time: letter.time, status: letter.status, type: letter.type,
                            reason: letter.reason, index: target?.index ?? "", id: target?.id ?? "",
                            document: String(decoding: letter.source, as: UTF8.self)))
                    left -= 1
                    return left > 0
                }
            }
            if format.json { return try Output.json(shown) }
            for letter in shown {
                Output.lines([
                    "\(letter.destination)  \(letter.index)/\(letter.id)  \(letter.status) "
                        + DisplayText.safe("\(letter.type): \(letter.reason)"),
                    "    " + DisplayText.safe(letter.document),
                ])
            }
            Output.text(
                count == shown.count
                    ? "\(NumberText.count(count, "dead letter"))\n"
                    : "\(NumberText.count(shown.count)) of \(NumberText.count(count, "dead letter"))\n")
        }
    }

    /// Names of destinations that have dead letters in a data folder.
    static func destinations(withLetters path: String, only name: String?) throws -> [String] {
        let folder = path + "/dead-letters"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
        guard let name else { return names }
        return names.filter { $0 == name }
    }

    // MARK: Retry

    struct RetryDeadLetters: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry-dead-letters",
            abstract: "Send refused documents again, and keep only those that are refused again.",
            discussion: """
                For when the cluster's mapping was mended. Asks a running server to do it, or, with --data, does it with
                the configuration's destinations, while no server has the folder open. Broken off at any point nothing
                is lost; what was sent twice stands in the cluster once.

                Examples:
                  skein forward retry-dead-letters
                  skein forward retry-dead-letters --destination main --server http://127.0.0.1:16686
                  skein forward retry-dead-letters --data /var/lib/skein --config skein.yaml
                """)

        @Option(help: ArgumentHelp("Only those of this destination.", valueName: "name")) var destination: String?
        @OptionGroup var source: SourceOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let retried = try source.data.map(retry(inFolder:)) ?? retryOnServer()
            if format.json {
                try Output.json(retried)
            } else {
                for one in retried.destinations {
                    Output.text(
                        "\(one.name): \(NumberText.count(one.delivered)) taken, \(NumberText.count(one.refused)) "
                            + "refused again\n")
                }
            }
            if retried.destinations.contains(where: { $0.refused > 0 }) { throw ExitCode(CommandFailure.failed) }
        }

        private func retryOnServer() throws -> DeadLetterAnswer {
            let client = try source.file.client(server: source.server, listener: .query, timeout: .seconds(600))
            let query = destination.map { "?destination=\(PercentEncoding.encode($0))" } ?? ""
            return try ForwardCommand.decode(
                try client.post(
                    ForwardingQueries.Route.retry.rawValue + query, body: [], contentType: "application/json"))
        }

        private func retry(inFolder path: String) throws -> DeadLetterAnswer {
            let options = try source.file.load().openSearchDestinations.map { ForwardingOptions($0) }
            let chosen = options.filter { destination == nil || $0.name == destination }
            guard !chosen.isEmpty else {
                throw CommandFailure(
                    destination.map { "the configuration has no destination '\($0)'" }
                        ?? "the configuration has no destination: say --config FILE")
            }
            // Held so that no server begins meanwhile.
            let store = try FolderSource.open(path)
            defer { store.close() }
            var retried = DeadLetterAnswer(destinations: [])
            for own in chosen {
                let letters = try DeadLetters(own, dataPath: path)
                let outcome = try letters.retry(own, timeout: .seconds(30), logger: FolderSource.logger)
                retried.destinations.append(
                    .init(name: own.name, delivered: outcome.deliveredCount, refused: outcome.refusedCount))
            }
            return retried
        }
    }
}
