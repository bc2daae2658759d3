import ArgumentParser
import Foundation
import Workload

/// Which workload to make: the options that every sub-command has.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "Spans to make; the last trace is whole, so there may be a few more.")
    var spans = 1_000_000

    @Option(help: "Spans a post.")
    var batch = 20

    @Option(help: "Makes another workload of the same kind.")
    var seed: UInt64 = 1

    @Option(help: "Traces that start each second of simulated time.")
    var tracesPerSecond = 2_000

    @Option(help: "When the last trace starts, in microseconds since 1970; default: 5 s ago.")
    var lastStart: Int64?

    func validate() throws {
        guard spans > 0, batch > 0, (1...1_000_000).contains(tracesPerSecond) else {
            throw ValidationError("--spans, --batch and --traces-per-second must be positive")
        }
    }

    func workload(_ profile: WorkloadProfile) -> Workload {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return Workload(
            WorkloadConfiguration(
                profile: profile, seed: seed, spanCount: spans, spansPerPost: batch, tracesPerSecond: tracesPerSecond,
                lastStart: lastStart ?? now - 5_000_000))
    }
}

/// Reads the name of a profile.
func parseProfile(_ text: String) throws -> WorkloadProfile {
    guard let profile = WorkloadProfile(rawValue: text) else { throw ValidationError("the profiles are mesh and wide") }
    return profile
}

/// Writes a workload to a file.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Writes the posts to a file, one body a line.")

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @OptionGroup var workload: WorkloadOptions

    @Option(help: "The file to write; '-' for standard output, 'none' to only measure the generator.")
    var out: String

    func run() throws {
        let workload = workload.workload(profile)
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
            body.append(UInt8(ascii: "\n"))
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
