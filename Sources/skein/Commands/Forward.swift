import ArgumentParser
import Configuration
import Forwarding
import FoundationEssentials
import HTTPAPI
import HTTPClient
import Terminal
import TraceStore

struct ForwardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Look after what is handed on to OpenSearch.",
        discussion: """
            Documents that a cluster refuses for good, because of what stands in them, are kept as dead letters in the
            data folder, each with the cluster's reason.

            Examples:
              skein forward status
              skein forward show-dead-letters
              skein forward retry-dead-letters --destination main
            """,
        subcommands: [Status.self, ShowDeadLetters.self, RetryDeadLetters.self, Forget.self])

    /// A server's answer, or why there is none.
    static func decode<Answer: Decodable>(_ response: HTTPClient.Response) throws -> Answer {
        guard response.status == 200 else {
            throw CommandFailure("the server answers \(response.status): \(DisplayText.safe(response.text))")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)) else {
            throw CommandFailure("the server's answer is not understood: is it the query port?")
        }
        return answer
    }

    // MARK: Status

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Print how far behind each destination is, and why.",
            discussion: """
                Asks a running server, or opens a data folder that no server has.

                Examples:
                  skein forward status
                  skein forward status --server http://127.0.0.1:16686 --json
                  skein forward status --data ./skein-data
                """)

        @OptionGroup var source: SourceOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let answer = try source.data.map(Self.answer(ofFolder:)) ?? answerOfServer()
            if format.json { return try Output.json(answer) }
            if answer.destinations.isEmpty { return Output.text("nothing is handed on\n") }
            var table = TextTable([
                .init("DESTINATION"), .init("SPANS BEHIND", isRightAligned: true),
                .init("SEGMENTS", isRightAligned: true), .init("DEAD LETTERS", isRightAligned: true),
                .init("PROBLEM"),
            ])
            for one in answer.destinations {
                table.add([
                    one.name, NumberText.count(one.lagSpans), NumberText.count(one.lagSegments),
                    NumberText.count(one.deadLetters), DisplayText.safe(one.problem ?? "-"),
                ])
            }
            Output.lines(table.lines())
        }

        private func answerOfServer() throws -> ForwardingAnswer {
            let client = try source.file.client(server: source.server, listener: .query)
            return try ForwardCommand.decode(try client.get(ForwardingQueries.Route.status.rawValue))
        }

        private static func answer(ofFolder path: String) throws -> ForwardingAnswer {
            let store = try FolderSource.open(path)
            defer { store.close() }
            return ForwardingAnswer(
                destinations: try store.lags().map { name, lag in
                    let letters = try DeadLetters(
                        folder: DeadLetters.folder(dataPath: path, destination: name), byteCountMax: .max)
                    return .init(name: name, lag, deadLetters: letters.count, letters.byteCount)
                })
        }
    }

    // MARK: Forget

    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "forget",
            abstract: "Forget a destination that nothing is handed on to any more.",
            discussion: """
                Until then the data folder knows what the destination lacks, and goes on when the configuration names
                it again. Its dead letters stay. No server may have the folder open.

                Examples:
                  skein forward forget old-cluster
                  skein forward forget old-cluster --data /var/lib/skein
                """)

        @Argument(help: "Name of the destination.") var name: String
        @OptionGroup var folder: StoreFolderOptions

        func run() throws {
            let store = try folder.open()
            defer { store.close() }
            guard try store.forgetDestination(name) else {
                let known = try store.knownDestinations().joined(separator: ", ")
                throw CommandFailure("no destination '\(name)'; known: \(known.isEmpty ? "none" : known)")
            }
            Output.text("forgot \(name)\n")
        }
    }
}
