internal import Bytes
internal import TraceModel

/// What the counts of a simulation ask of a trace, or of the part of it that a stage kept.
struct TraceFacts {
    var spanCount: Int
    var hasError: Bool
    /// Nanoseconds.
    var duration: Int64
    /// Numbers of versions, and spans of each.
    var versions: [(number: Int, spanCount: Int)]

    init(_ trace: TailTrace, _ table: inout VersionTable) {
        spanCount = trace.spans.count
        hasError = trace.hasError
        duration = trace.duration
        versions = table.versions(of: trace.spans)
    }
}

/// Numbers of the versions of services. Those beyond some thousands are one.
struct VersionTable {
    private(set) var names: [(service: String, version: String)] = []
    private var numbers: [UInt64: Int] = [:]
    private var rest: Int?
    /// Nobody outside can know which names have the same hash.
    private let seed = UInt64.random(in: .min ... .max)

    private static let countMax = 5000
    private static let restName = "(others)"

    mutating func versions(of spans: [SpanView]) -> [(number: Int, spanCount: Int)] {
        var found: [(number: Int, spanCount: Int)] = []
        for span in spans {
            let number = number(of: span)
            if let place = found.firstIndex(where: { $0.number == number }) {
                found[place].spanCount += 1
            } else {
                found.append((number, 1))
            }
        }
        return found
    }

    private mutating func number(of span: SpanView) -> Int {
        let batch = span.batch
        let words = OriginColumns(span.shape, batch).words(ofRow: span.row, batch)
        let version = OriginColumns.version(words, batch)
        let key = ByteHash.hash(version, seed: ByteHash.hash(span.serviceName, seed: seed))
        if let known = numbers[key] { return known }
        if names.count >= Self.countMax {
            if let rest { return rest }
            rest = names.count
            names.append((Self.restName, ""))
            return names.count - 1
        }
        numbers[key] = names.count
        names.append((String(decoding: span.serviceName, as: UTF8.self), String(decoding: version, as: UTF8.self)))
        return names.count - 1
    }
}

/// Some traces, counted.
struct TraceTally {
    private(set) var traceCount = 0
    private(set) var spanCount = 0
    private(set) var errorTraceCount = 0
    private(set) var durations = DurationSketch()
    private var weighted = DurationSketch()
    private var estimate = SampleEstimate()
    /// By the version's number.
    private(set) var versions: [Counts] = []

    struct Counts {
        var traceCount = 0
        var spanCount = 0
        var errorTraceCount = 0
    }

    private static let weightMax = 1e9

    /// - Parameter threshold: of traces like it, not everything.
    mutating func add(_ facts: TraceFacts, _ threshold: SamplingThreshold) {
        traceCount += 1
        spanCount += facts.spanCount
        if facts.hasError { errorTraceCount += 1 }
        durations.add(facts.duration)
        weighted.add(facts.duration, times: Int(min(threshold.weight, Self.weightMax).rounded()))
        estimate.add(probability: threshold.probability)
        for version in facts.versions {
            if version.number >= versions.count {
                versions += Array(repeating: Counts(), count: version.number + 1 - versions.count)
            }
            versions[version.number].traceCount += 1
            versions[version.number].spanCount += version.spanCount
            if facts.hasError { versions[version.number].errorTraceCount += 1 }
        }
    }

    func counts(ofVersion number: Int) -> Counts { number < versions.count ? versions[number] : Counts() }

    /// - Parameter slow: nanoseconds beyond which a trace is slow.
    func report(slow: Int64?) -> SimulationReport.Tally {
        var tally = SimulationReport.Tally()
        tally.traceCount = traceCount
        tally.spanCount = spanCount
        tally.errorTraceCount = errorTraceCount
        tally.slowTraceCount = slow.map { durations.count - durations.count(upTo: $0) } ?? 0
        tally.p99DurationNanos = weighted.quantile(0.99)
        tally.estimate = SimulationReport.Estimate(estimate)
        return tally
    }
}

/// Counts of one thing by minute, of which the worst is remembered.
struct MinuteMinimum {
    private(set) var least: (kept: Int, seen: Int, minute: Int64)?
    private var minute = Int64.min
    private var kept = 0
    private var seen = 0

    /// - Parameter minute: since 1970; one before the last one's is taken as that.
    mutating func add(minute: Int64, isKept: Bool) {
        if minute > self.minute {
            close()
            self.minute = minute
        }
        seen += 1
        if isKept { kept += 1 }
    }

    /// Fewest kept; of equal ones that of most.
    mutating func close() {
        defer { (kept, seen) = (0, 0) }
        guard seen > 0 else { return }
        if let least, (least.kept, -least.seen) <= (kept, -seen) { return }
        least = (kept, seen, minute)
    }
}

/// What one stage makes of the traces that come to it.
struct StageTally {
    let name: String
    private(set) var kept = TraceTally()
    var partialTraceCount = 0
    private var policies: [SimulationReport.Policy]
    private var minutes: [MinuteMinimum] = []
    /// Some traces are decided late: what was kept in a minute is not known then.
    let hasMinutes: Bool

    init(name: String, policies: [String], hasMinutes: Bool = true) {
        self.name = name
        self.policies = policies.map { SimulationReport.Policy(name: $0) }
        self.hasMinutes = hasMinutes
    }

    mutating func keep(_ facts: TraceFacts, _ threshold: SamplingThreshold) { kept.add(facts, threshold) }

    /// Takes note of a trace that was looked at, with its versions, and of whether the stage keeps it.
    mutating func note(_ seen: TraceFacts, minute: Int64, isKept: Bool) {
        guard hasMinutes else { return }
        for version in seen.versions {
            while version.number >= minutes.count { minutes.append(MinuteMinimum()) }
            minutes[version.number].add(minute: minute, isKept: isKept)
        }
    }

    /// - Parameter spans: of the trace, that the policy keeps or not.
    mutating func count(policy name: String, traces: Int = 1, kept: Int, dropped: Int) {
        let place: Int
        if let known = policies.firstIndex(where: { $0.name == name }) {
            place = known
        } else {
            place = policies.count
            policies.append(SimulationReport.Policy(name: name))
        }
        if kept > 0 {
            policies[place].keptTraceCount += traces
        } else {
            policies[place].droppedTraceCount += traces
        }
        policies[place].keptSpanCount += kept
        policies[place].droppedSpanCount += dropped
    }

    func report(_ seen: TraceTally, _ table: VersionTable, slow: Int64?) -> SimulationReport.Stage {
        var stage = SimulationReport.Stage(name: name)
        stage.kept = kept.report(slow: slow)
        stage.partialTraceCount = partialTraceCount
        stage.policies = policies
        for (number, name) in table.names.enumerated() {
            var row = SimulationReport.Version(service: name.service, version: name.version)
            let (all, own) = (seen.counts(ofVersion: number), kept.counts(ofVersion: number))
            (row.seenTraceCount, row.keptTraceCount) = (all.traceCount, own.traceCount)
            (row.seenSpanCount, row.keptSpanCount) = (all.spanCount, own.spanCount)
            (row.seenErrorTraceCount, row.keptErrorTraceCount) = (all.errorTraceCount, own.errorTraceCount)
            if number < minutes.count {
                var minute = minutes[number]
                minute.close()
                if let least = minute.least {
                    (row.leastKeptPerMinute, row.seenInThatMinute) = (least.kept, least.seen)
                    let isWorse = stage.fewest.map {
                        ($0.keptTraceCount, -$0.seenTraceCount) > (least.kept, -least.seen)
                    }
                    if isWorse ?? true {
                        stage.fewest = SimulationReport.Fewest(
                            service: name.service, version: name.version, keptTraceCount: least.kept,
                            seenTraceCount: least.seen, minuteStartSeconds: least.minute * 60)
                    }
                }
            }
            stage.versions.append(row)
        }
        stage.versions.sort { ($0.service, $0.version) < ($1.service, $1.version) }
        return stage
    }
}
