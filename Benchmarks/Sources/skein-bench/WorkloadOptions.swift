import ArgumentParser
import Foundation
import Workload

/// How much to send.
struct SizeOption: ParsableArguments {
    @Option(help: "Spans to make; the last trace is whole, so there may be a few more.")
    var spans = 1_000_000

    func validate() throws {
        guard spans > 0 else { throw ValidationError("--spans must be positive") }
    }
}

/// How much to send at a time.
struct BatchOption: ParsableArguments {
    @Option(help: "Spans a post.")
    var batch = 20

    func validate() throws {
        guard batch > 0 else { throw ValidationError("--batch must be positive") }
    }
}

/// Which workload to make: the options that every sub-command has.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "Makes another workload of the same kind.")
    var seed: UInt64 = 1

    @Option(help: "Traces that start each second of simulated time.")
    var tracesPerSecond = 2_000

    @Option(help: "When the last trace starts, in microseconds since 1970; default: 5 s ago.")
    var lastStart: Int64?

    func validate() throws {
        guard (1...1_000_000).contains(tracesPerSecond) else {
            throw ValidationError("--traces-per-second is 1 to 1000000")
        }
    }

    func workload(_ profile: WorkloadProfile, spans: Int, batch: Int) -> Workload {
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
