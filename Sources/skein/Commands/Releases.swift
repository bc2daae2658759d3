import ArgumentParser
import FoundationEssentials
import Releases
import Terminal

struct ReleasesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases",
        abstract: "Show which services have several versions, and how these share the requests.",
        discussion: """
            Every request that was received is counted, whether sampling kept it or not; where
            OpenSearch is the storage, the stored ones are. What kind of release it is, is guessed
            from the requests alone.

            Examples:
              skein releases
              skein releases --since 15m
              skein releases reviews.default --json
            """)

    @Argument(help: "Only this service.") var service: String?
    @Option(help: ArgumentHelp("Earliest request.", valueName: "time")) var since = "1h"
    @Option(help: ArgumentHelp("Latest request (default: now).", valueName: "time")) var until: String?
    @OptionGroup var source: SourceOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let window = try Moment.window(since: since, until: until, now: Moment.now)
        let report = try source.open().releases(within: window, ofService: service)
        if format.json { return try Output.json(report) }
        if report.releases.isEmpty {
            throw CommandFailure(
                service.map { "\($0) has no two versions in this time" } ?? "no service has two versions in this time")
        }
        for release in report.releases {
            Output.text("\(DisplayText.safe(release.service)): \(release.kind), \(DisplayText.safe(release.reason))\n")
            for version in release.versions {
                var line = "  \(DisplayText.safe(version.name)): \(version.requestCount) requests"
                line += " (\(NumberText.percent(version.share)), of late \(NumberText.percent(version.latestShare)))"
                line += ", \(version.errorCount) failed"
                if version.mirroredRequestCount > 0 { line += ", \(version.mirroredRequestCount) copies" }
                Output.text(line + "\n")
            }
        }
        Output.lines(report.notes)
    }
}
