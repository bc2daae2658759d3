import ArgumentParser
import Foundation

/// Measures handing on what is stored.
struct ForwardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "What handing spans on to OpenSearch costs, how fast it is, and what an outage does to a server.")

    @Option(help: "The program that stands in for OpenSearch; default: opensearch-peer beside the server.")
    var peerBinary: String?

    @Option(help: "Loads of each kind, of which the median is told.")
    var rounds = 2

    @Option(help: "Only some of cost, drain, outage, with commas.")
    var only = "cost,drain,outage"

    @OptionGroup var size: SizeOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is 1 to 100") }
        let unknown = only.split(separator: ",").filter { !["cost", "drain", "outage"].contains($0) }
        guard unknown.isEmpty else { throw ValidationError("--only takes cost, drain and outage") }
    }

    func run() throws {
        let beside = URL(fileURLWithPath: measuring.serverBinary).deletingLastPathComponent()
            .appendingPathComponent("opensearch-peer").path
        let plan = ForwardPlan(peerBinary: peerBinary ?? beside, rounds: rounds, spanCount: size.spans)
        guard FileManager.default.isExecutableFile(atPath: plan.peerBinary) else {
            throw ValidationError(
                "\(plan.peerBinary) is not there: swift build -c release --product opensearch-peer, or --peer-binary")
        }
        let parts: [(name: String, work: (ForwardRun) throws -> BenchReport)] = [
            ("cost", { try $0.cost() }), ("drain", { try $0.drain() }), ("outage", { try $0.outage() }),
        ]
        let wanted = only.split(separator: ",").map(String.init)
        try measuring.report(
            parts.filter { wanted.contains($0.name) }.map { part in
                (
                    "forward \(part.name)",
                    { folder in
                        try part.work(ForwardRun(plan: plan, options: measuring, workload: workload, folder: folder))
                    }
                )
            })
    }
}
