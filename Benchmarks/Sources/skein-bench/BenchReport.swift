/// One measured value.
struct Figure: Codable {
    let name: String
    let value: Double
    let unit: String
    /// The most and the least allowed; nil without such a target.
    var max: Double?
    var min: Double?
    /// nil without a target.
    var isMet: Bool?
}

/// A figure at the last size, in units of the same figure at the first.
struct GrowthFigure: Codable {
    let name: String
    let ratio: Double
    var max: Double?
    var isMet: Bool?
}

/// What was found with a certain number of spans in the store.
struct StageReport: Codable {
    /// In the store, when all of this stage's load was there.
    let spanCount: Int
    let traceCount: Int
    var figures: [Figure] = []
    var load = LoadReport()
    var queries: [QueryReport] = []
    var folders: [String: FolderSize] = [:]
    /// Why the data folder was taken as settled.
    var settled = ""

    init(spanCount: Int, traceCount: Int) {
        self.spanCount = spanCount
        self.traceCount = traceCount
    }

    mutating func add(_ name: String, _ value: Double, _ unit: String) {
        figures.append(Figure(name: name, value: value, unit: unit))
    }

    func figure(_ name: String) -> Figure? {
        figures.first { $0.name == name }
    }
}

/// Everything that one run has found: one stage, or several with a growing number of spans.
struct BenchReport: Codable {
    let name: String
    let profile: String
    let format: String
    /// Spans a post.
    let batch: Int
    let seed: UInt64
    var stages: [StageReport] = []
    /// Empty with one stage.
    var growth: [GrowthFigure] = []
    var calibration: Calibration?
    var walk: BodyWalk?
    /// What makes the run a failure: spans missing, wrong answers.
    var failures: [String] = []
    var notes: [String] = []

    init(name: String, profile: String, format: String = LoadFormat.zipkinJSON.rawValue, batch: Int, seed: UInt64) {
        self.name = name
        self.profile = profile
        self.format = format
        self.batch = batch
        self.seed = seed
    }

    var isEveryTargetMet: Bool {
        stages.allSatisfy { $0.figures.allSatisfy { $0.isMet != false } } && growth.allSatisfy { $0.isMet != false }
    }

    /// Depend on the machine and on the server's HTTP alone, and the ratios that are nothing to speak of.
    private static let machineFigures = [("zipkin health, p50", 0.8...1.25), ("zipkin health, p99", 0.3...3)]

    /// Compares the last stage with the first.
    mutating func compareStages() {
        guard stages.count > 1, let first = stages.first, let last = stages.last else { return }
        growth = last.figures.compactMap { figure in
            guard let before = first.figure(figure.name)?.value, before > 0 else { return nil }
            return GrowthFigure(name: figure.name, ratio: figure.value / before)
        }
        for (name, bounds) in Self.machineFigures {
            guard let ratio = growth.first(where: { $0.name == name })?.ratio, !bounds.contains(ratio) else { continue }
            let percent = Int((ratio * 100).rounded())
            notes.append(
                "'\(name)' at the last size is \(percent) % of that at the first, and the store has no part in it: the "
                    + "machine was not the same for both, so take other ratios with that in mind")
        }
    }

    mutating func apply(_ thresholds: Thresholds) {
        for stage in stages.indices {
            for index in stages[stage].figures.indices {
                let figure = stages[stage].figures[index]
                guard let limit = thresholds.limit(of: figure.name, profile: profile, format: format, batch: batch)
                else { continue }
                stages[stage].figures[index].max = limit.max
                stages[stage].figures[index].min = limit.min
                stages[stage].figures[index].isMet = limit.isMet(by: figure.value)
            }
        }
        guard let limit = thresholds.growth else { return }
        for index in growth.indices where limit.figures.contains(growth[index].name) {
            growth[index].max = limit.max
            growth[index].isMet = growth[index].ratio <= limit.max
        }
    }
}
