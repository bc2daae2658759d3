import ArgumentParser

@main
struct SkeinBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skein-bench", abstract: "Measures Skein from outside, over HTTP.",
        subcommands: [
            SuiteCommand.self, RunCommand.self, GrowthCommand.self, OverloadCommand.self, ConnectionsCommand.self,
            QueriesCommand.self, LongTraceCommand.self, MixedCommand.self, TopologyCommand.self, CompareCommand.self,
            ForwardCommand.self, SendCommand.self, GenerateCommand.self,
        ])
}
