import ArgumentParser
import Foundation
import Workload

/// Writes a workload to a file.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Writes the posts to a file: JSON one body a line, others each after its length in four bytes.")

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @Option(
        help: "How spans are written: \(SpanFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseSpanFormat)
    var format: SpanFormat = .zipkinJSON

    @OptionGroup var size: SizeOption
    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions

    @Option(help: "The file to write; '-' for standard output, 'none' to only measure the generator.")
    var out: String

    func run() throws {
        let workload = workload.workload(profile, spans: size.spans, batch: batch.batch).formatted(as: format)
        let stream = workload.posts()
        var file: UnsafeMutablePointer<FILE>?
        if out != "none" {
            file = out == "-" ? fdopen(dup(STDOUT_FILENO), "w") : fopen(out, "w")
            guard file != nil else { throw ValidationError("cannot write \(out): \(String(cString: strerror(errno)))") }
        }
        defer { if let file { fclose(file) } }
        var body: [UInt8] = []
        var (posts, bytes) = (0, 0)
        let before = CPUClock.thread()
        while stream.next(into: &body) != nil {
            posts += 1
            bytes += body.count
            guard let file else { continue }
            if format == .zipkinJSON || format == .otlpJSON {
                body.append(UInt8(ascii: "\n"))
            } else {
                body.insert(contentsOf: withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) }, at: 0)
            }
            guard fwrite(body, 1, body.count, file) == body.count else {
                throw ValidationError("cannot write \(out): \(String(cString: strerror(errno)))")
            }
        }
        let seconds = CPUClock.thread() - before
        let rate = Int(Double(workload.spanCount) / seconds)
        let note =
            "\(workload.spanCount) spans of \(workload.traceCount) traces in \(posts) posts, "
            + "\(bytes / workload.spanCount) bytes a span, \(rate) spans per CPU-second\n"
        FileHandle.standardError.write(Data(note.utf8))
    }
}

private func parseSpanFormat(_ text: String) throws -> SpanFormat {
    guard let format = SpanFormat(rawValue: text) else {
        throw ValidationError("the formats are \(SpanFormat.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return format
}
