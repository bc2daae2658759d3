import ArgumentParser
import Workload

/// Starts a server, loads it, asks it, stops it, and says what that took.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures a server from its first start to a restart after a crash.")

    @Option(help: "mesh, wide or both.", transform: parseProfiles)
    var profile: [WorkloadProfile] = [.mesh]

    @Option(
        help: "How spans are sent: \(LoadFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: parseFormat)
    var format: LoadFormat = .zipkinJSON

    @OptionGroup var size: SizeOption
    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    @Flag(help: "Only CPU and size of the load: no questions but for some traces, no restarts.")
    var loadOnly = false

    func run() throws {
        let plans = profile.map {
            RunPlan(
                name: $0.rawValue, profile: $0, format: format, batch: batch.batch, sizes: [size.spans],
                isLoadOnly: loadOnly)
        }
        try measuring.measure(plans, workload)
    }
}

/// Measures one server as its store grows.
struct GrowthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth", abstract: "Measures one server at several sizes of its store.")

    @Option(help: "Spans in the store at each stage, growing, with commas between.", transform: parseSizes)
    var sizes = [1_000_000, 10_000_000]

    @Option(help: "mesh or wide.", transform: parseProfile)
    var profile: WorkloadProfile = .mesh

    @OptionGroup var batch: BatchOption
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func run() throws {
        try measuring.measure([.growth(profile, batch: batch.batch, sizes: sizes)], workload)
    }
}

/// The runs whose figures the targets are about.
struct SuiteCommand: ParsableCommand {
    enum Part: String, CaseIterable {
        case mesh, wide, batch, formats, growth
    }

    static let configuration = CommandConfiguration(
        commandName: "suite", abstract: "Measures everything that has a target.")

    @Option(
        help: "Parts with commas between: mesh, wide, batch (mesh, 512 spans a post), formats, growth.",
        transform: parseParts)
    var only = Part.allCases

    @OptionGroup var size: SizeOption

    @Option(help: "Spans in the store at each stage of growth.", transform: parseSizes)
    var sizes = [1_000_000, 10_000_000]

    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var measuring: MeasureOptions

    func run() throws {
        try measuring.measure(only.flatMap(plans), workload)
    }

    private func plans(_ part: Part) -> [RunPlan] {
        switch part {
        case .mesh: [RunPlan(name: "mesh", profile: .mesh, batch: 20, sizes: [size.spans])]
        case .wide: [RunPlan(name: "wide", profile: .wide, batch: 20, sizes: [size.spans])]
        case .batch: [RunPlan(name: "mesh 512", profile: .mesh, batch: 512, sizes: [size.spans], isLoadOnly: true)]
        case .formats: Self.formats(spans: size.spans)
        case .growth: [.growth(.mesh, batch: 20, sizes: sizes)]
        }
    }

    /// Every format with the posts that its usual senders make; of Zipkin's JSON also Envoy's default.
    private static func formats(spans: Int) -> [RunPlan] {
        let all = [(LoadFormat.zipkinJSON, 5)] + LoadFormat.allCases.map { ($0, $0.batch) }
        return all.map { format, batch in
            RunPlan(
                name: "\(format.rawValue) \(batch)", profile: .mesh, format: format, batch: batch, sizes: [spans],
                isLoadOnly: true, waitsForCompaction: false)
        }
    }
}

extension RunPlan {
    static func growth(_ profile: WorkloadProfile, batch: Int, sizes: [Int]) -> RunPlan {
        RunPlan(
            name: "\(profile.rawValue) growth", profile: profile, batch: batch, sizes: sizes, verifiedTraceCount: 2_000)
    }
}

private func parseProfiles(_ text: String) throws -> [WorkloadProfile] {
    text == "both" ? [.mesh, .wide] : [try parseProfile(text)]
}

/// Reads sizes of a store, each larger than the one before.
func parseSizes(_ text: String) throws -> [Int] {
    let sizes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.allSatisfy({ $0 > 0 }), zip(sizes, sizes.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw ValidationError("sizes are growing numbers of spans, such as 1000000,10000000")
    }
    return sizes
}

private func parseParts(_ text: String) throws -> [SuiteCommand.Part] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
        guard let part = SuiteCommand.Part(rawValue: String(name)) else {
            throw ValidationError("the parts are mesh, wide, batch, formats and growth")
        }
        return part
    }
}
