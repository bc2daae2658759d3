import ArgumentParser
import Workload

/// Measures the topology and the samplers.
struct TopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "What topology and sampling cost, how fast the topology answers, what many edges take.")

    @Option(help: "An older program, loaded in turn with the server, to tell what came on top.")
    var baseline: String?

    @Option(help: "Its arguments, if they differ.")
    var baselineArguments: String?

    @Option(help: "Loads of each kind, of which the median is told.")
    var rounds = 2

    @Option(help: "Spans in the store when it is asked.")
    var askedSpans = 1_000_000

    @Option(help: "Services in it.")
    var services = 100

    @Option(help: "Distinct edges of the test of memory.")
    var edges = 100_000

    @Option(help: "Only some of cost, answers, edges, with commas.")
    var only = "cost,answers,edges"

    @OptionGroup var size: SizeOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func validate() throws {
        guard (1...100).contains(rounds), askedSpans >= 1_000, (3...10_000).contains(services),
            (1_000...10_000_000).contains(edges)
        else {
            throw ValidationError(
                "--rounds is 1 to 100, --asked-spans at least 1000, --services 3 to 10000, --edges 1000 to 10000000")
        }
    }

    func run() throws {
        let plan = TopologyPlan(
            baseline: baseline.map { ($0, baselineArguments ?? measuring.serverArguments) }, rounds: rounds,
            spanCount: size.spans, askedSpanCount: askedSpans, serviceCount: services, edgeCount: edges)
        let parts: [(name: String, work: (TopologyRun) throws -> BenchReport)] = [
            ("cost", { try $0.cost() }), ("answers", { try $0.answers() }), ("edges", { try $0.edges() }),
        ]
        let wanted = only.split(separator: ",").map(String.init)
        try measuring.report(
            parts.filter { wanted.contains($0.name) }.map { part in
                (
                    "topology \(part.name)",
                    { folder in
                        try part.work(
                            TopologyRun(plan: plan, options: measuring, workload: workload, folder: folder))
                    }
                )
            })
    }
}
