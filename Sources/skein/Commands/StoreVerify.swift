import ArgumentParser
import Configuration
import Terminal
import TraceStore

extension StoreCommand {
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Read all that a data folder stores and hold it against its checksums.",
            discussion: """
                Checks the catalog, each segment, that the catalog says of each segment what the segment says, and
                what of the journal could be read. Ends with 1 if anything is wrong. No server may have the folder open.

                Examples:
                  skein store verify
                  skein store verify --data /var/lib/skein --json
                  skein store verify --data /var/lib/skein --rebuild
                """)

        @Flag(help: "If the catalog is damaged, go on as 'skein store rebuild' does.") var rebuild = false
        @OptionGroup var folder: StoreFolderOptions
        @OptionGroup var format: FormatOptions

        func run() throws {
            let path = try folder.path()
            do {
                let findings = try check()
                guard rebuild, !findings.problems.catalog.isEmpty else { return try report(findings) }
                Output.error(findings.problems.all.joined(separator: "\n"))
            } catch let error as StoreError where error.code == .corrupt && rebuild {
                Output.error(error.message)
            } catch let failure as CommandFailure {
                guard rebuild, Rebuild.isWithoutCatalog(path) else { throw failure }
                Output.error(failure.message)
            }
            try Rebuild.run(path, isJSON: format.json)
        }

        private struct Findings {
            var segmentCount: Int
            var problems: StoreProblems
        }

        private func check() throws -> Findings {
            let store = try folder.open()
            defer { store.close() }
            let total = store.statistics().segmentCount
            var bar = ProgressBar(total: total, noun: "segments")
            let problems = try store.problems { done, _ in bar.show(done) }
            bar.finish()
            return Findings(segmentCount: total, problems: problems)
        }

        private func report(_ findings: Findings) throws {
            let problems = findings.problems.all
            if format.json { try Output.json(Report(segments: findings.segmentCount, problems: problems)) }
            guard problems.isEmpty else {
                if format.json { throw ExitCode(CommandFailure.failed) }
                throw CommandFailure(problems.joined(separator: "\n"))
            }
            if !format.json { Output.text("\(NumberText.count(findings.segmentCount, "segment")) in order\n") }
        }

        private struct Report: Encodable {
            let segments: Int
            let problems: [String]
        }
    }
}
