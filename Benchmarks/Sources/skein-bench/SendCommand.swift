import ArgumentParser
import Foundation
import Workload

/// Posts a workload to a server that runs already.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "send", abstract: "Posts spans to a running server.")

    @Option(help: "The server, as http://ADDRESS:PORT.")
    var url = "http://127.0.0.1:9411"

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @Option(
        help: "How spans are sent: \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseFormat)
    var format: LoadFormat = .zipkinJSON

    @OptionGroup var size: SizeOption
    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var sending: SendingOptions

    @Option(help: "Spans a second; 0: as fast as the server answers.")
    var rate = 0

    func run() throws {
        guard url.hasPrefix("http://") else { throw ValidationError("--url must begin with http://") }
        let authority = url.dropFirst("http://".count).prefix { $0 != "/" }
        let address = try SocketAddress(String(authority))
        let workload = workload.workload(profile, spans: size.spans, batch: batch.batch).formatted(as: format.spans)
        let sender = LoadSender(to: address, sending.plan(format, rate: rate))
        let report = try sender.run(workload.posts())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
        guard report.spansAccepted == workload.spanCount else { throw ExitCode(1) }
    }
}

/// How posts go over the wire.
struct SendingOptions: ParsableArguments {
    @Option(help: "Connections, each with one post under way.")
    var connections = 8

    @Option(help: "Over HTTP/2, posts under way at once on each connection.")
    var streams = 4

    @Option(
        help: "chunked (as Envoy does it) or length; default: chunked to Zipkin, else length.", transform: parseFraming)
    var framing: BodyFraming?

    func validate() throws {
        guard (1...1_000).contains(connections) else { throw ValidationError("--connections is 1 to 1000") }
        guard (1...100).contains(streams) else { throw ValidationError("--streams is 1 to 100") }
    }

    func plan(_ format: LoadFormat, rate: Int = 0) -> SendingPlan {
        SendingPlan(
            format: format, connections: connections, framing: framing ?? format.framing, streams: streams, rate: rate)
    }
}

private func parseFraming(_ text: String) throws -> BodyFraming {
    guard let framing = BodyFraming(rawValue: text) else { throw ValidationError("framings are chunked and length") }
    return framing
}
