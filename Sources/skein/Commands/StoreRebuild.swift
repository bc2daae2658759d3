import ArgumentParser
import Glibc
import Terminal
import TraceStore

extension StoreCommand {
    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Make the catalog of a data folder anew, from its segments alone.",
            discussion: """
                For a catalog that is damaged or gone. A segment that cannot be read is set aside: its file gets
                '.damaged' behind its name, and the command ends with 1. The topology's figures are in the catalog
                alone: what of it is lost does not come back. No server may have the folder open.

                Examples:
                  skein store rebuild
                  skein store rebuild --data /var/lib/skein --json
                """)

        @OptionGroup var folder: StoreFolderOptions
        @OptionGroup var format: FormatOptions

        func run() throws { try Self.run(try folder.path(), isJSON: format.json) }

        /// Whether the folder is a store's, but for the catalog.
        static func isWithoutCatalog(_ path: String) -> Bool {
            access(path + "/segments", F_OK) == 0 && access(path + "/catalog.db", F_OK) != 0
        }

        static func run(_ path: String, isJSON: Bool) throws {
            guard access(path + "/segments", F_OK) == 0 else {
                throw CommandFailure("'\(path)' is no data folder of skein")
            }
            var bar = ProgressBar(total: 0, noun: "segments")
            let result = Result {
                try TraceStore.rebuildCatalog(path: path, logger: FolderSource.logger) { done, total in
                    bar.show(done, note: "of \(NumberText.count(total))")
                }
            }
            bar.finish()
            let report = try result.get()
            if isJSON { try Output.json(Report(report)) } else { Output.lines(lines(report)) }
            if !report.lost.isEmpty { throw ExitCode(CommandFailure.failed) }
        }

        private static func lines(_ report: RebuildReport) -> [String] {
            var lines = [
                "the catalog is made anew: \(NumberText.count(report.segmentCount, "segment")), "
                    + "\(NumberText.count(report.spanCount, "span"))"
            ]
            if report.removedFileCount > 0 {
                lines.append(
                    "removed \(NumberText.count(report.removedFileCount, "segment")) that another had replaced")
            }
            for lost in report.lost {
                let count = lost.spanCount.map { NumberText.count($0, "span") } ?? "an unknown number of spans"
                lines.append("lost \(count): set aside as \(lost.fileName): \(DisplayText.safe(lost.reason))")
            }
            return lines
        }

        private struct Report: Encodable {
            struct Lost: Encodable {
                let file: String
                let reason: String
                let spans: Int?
            }
            let segments: Int
            let spans: Int
            let removedFiles: Int
            let lost: [Lost]

            init(_ report: RebuildReport) {
                segments = report.segmentCount
                spans = report.spanCount
                removedFiles = report.removedFileCount
                lost = report.lost.map { Lost(file: $0.fileName, reason: $0.reason, spans: $0.spanCount) }
            }
        }
    }
}
