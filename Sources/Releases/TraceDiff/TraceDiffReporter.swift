internal import Topology
public import TraceModel

extension TraceDiffReport {
    /// Rows that are told where nobody asks for more or fewer.
    public static let rowCountDefault = 1000

    /// - Parameters:
    ///   - ids: of the two traces.
    ///   - isCut: whether spans of the traces were not looked at.
    ///   - rowCountMax: rows at most.
    public init(
        _ diff: TraceDiff, ids: (a: TraceID, b: TraceID), isCut: (a: Bool, b: Bool) = (false, false),
        rowCountMax: Int = rowCountDefault
    ) {
        var reporter = TraceDiffReporter(diff)
        a = reporter.trace(diff.a, ids.a, isCut: isCut.a)
        b = reporter.trace(diff.b, ids.b, isCut: isCut.b)
        reporter.examine(rowCountMax: max(0, rowCountMax))
        summary = reporter.summary
        contributions = reporter.contributions()
        rows = reporter.rows
        leftOutCount = diff.rows.count - reporter.rows.count
        words = []
        let sentences = TraceDiffWords(self)
        for place in contributions.indices { contributions[place].words = sentences.contribution(contributions[place]) }
        words = sentences.sentences
    }
}

/// Looks at the rows of a diff one by one.
struct TraceDiffReporter {
    private let diff: TraceDiff
    private var attributes: AttributeChanges
    private(set) var summary = TraceDiffReport.Summary()
    private(set) var rows: [TraceDiffReport.Row] = []
    /// Nanoseconds: a smaller difference of durations is none, whatever part of them it is.
    private let differenceMin: Int64

    /// A duration has changed when the longer one is longer by this part of it, and by this part of the whole.
    private static let changePart: Int64 = 5
    private static let wholePart: Int64 = 100
    /// By depth, the changes told with the row at hand and with those that it stands below; and all of them.
    private var levels: [[AttributeChanges.Change]] = []
    private var known: Set<AttributeChanges.Change> = []

    private static let stepCountMax = 50
    private static let contributionCountMax = 20

    init(_ diff: TraceDiff) {
        self.diff = diff
        attributes = AttributeChanges(diff.a.tree.gathered.batch)
        differenceMin = max(diff.a.path.length, diff.b.path.length) / Self.wholePart
    }

    // MARK: Rows

    /// What of a matched pair changed.
    private mutating func changes(
        _ row: HopMatching.Row, isTold: Bool
    ) -> (names: [String], attributes: [AttributeChanges.Change]) {
        var names: [String] = []
        if let durationA = diff.a.duration(row.a), let durationB = diff.b.duration(row.b) {
            let longer = max(durationA, durationB)
            let difference = longer - min(durationA, durationB)
            if difference > 0, difference >= longer / Self.changePart, difference >= differenceMin {
                names.append(durationA < durationB ? "slower" : "faster")
            }
        }
        if isOtherStatus(row) { names.append("status") }
        if diff.a.versionNumber(row.a) != diff.b.versionNumber(row.b) { names.append("version") }
        let attributes = attributes.changes(spanPairs(row), isFirstEnough: !isTold)
        return (names, attributes)
    }

    /// What the calls above differ in likewise, such as who asked, is told with the first of them.
    private mutating func leaveOutKnown(_ changes: inout [AttributeChanges.Change], depth: Int) {
        while levels.count > depth, let left = levels.popLast() {
            for change in left { known.remove(change) }
        }
        while levels.count < depth { levels.append([]) }
        changes.removeAll { known.contains($0) }
        known.formUnion(changes)
        levels.append(changes)
    }

    private func isOtherStatus(_ row: HopMatching.Row) -> Bool {
        let (a, b) = (diff.a.hops.hops[Int(row.a)], diff.b.hops.hops[Int(row.b)])
        if a.likeness.outcome == b.likeness.outcome { return false }
        if diff.a.status(row.a) != diff.b.status(row.b) || diff.a.isError(row.a) != diff.b.isError(row.b) {
            return true
        }
        guard let serverA = diff.a.serverStatus(row.a), let serverB = diff.b.serverStatus(row.b) else { return false }
        return serverA != serverB
    }

    /// The spans of a matched pair that are the same side of the call.
    private func spanPairs(_ row: HopMatching.Row) -> [(a: Int, b: Int)] {
        let (a, b) = (diff.a.hops.hops[Int(row.a)], diff.b.hops.hops[Int(row.b)])
        var pairs: [(a: Int, b: Int)] = []
        func add(_ placeA: Int32, _ placeB: Int32) {
            guard diff.a.tree.kind(placeA) == diff.b.tree.kind(placeB) else { return }
            pairs.append((diff.a.tree.row(placeA), diff.b.tree.row(placeB)))
        }
        add(a.inner, b.inner)
        if a.inner != a.outer, b.inner != b.outer { add(a.outer, b.outer) }
        return pairs
    }

    mutating func examine(rowCountMax: Int) {
        var changed = [Bool](repeating: false, count: diff.rows.count)
        var found: [Int: (names: [String], attributes: [AttributeChanges.Change])] = [:]
        for (index, row) in diff.rows.enumerated() {
            guard row.a >= 0, row.b >= 0 else {
                if row.a < 0 { summary.addedCount += 1 } else { summary.missingCount += 1 }
                changed[index] = true
                continue
            }
            summary.matchedCount += 1
            let isTold = found.count < rowCountMax
            var changes = changes(row, isTold: isTold)
            if isTold { leaveOutKnown(&changes.attributes, depth: Int(row.depth)) }
            if !changes.attributes.isEmpty { changes.names.append("attributes") }
            if changes.names.isEmpty { continue }
            changed[index] = true
            if found.count < rowCountMax { found[index] = changes }
            summary.slowerCount += changes.names.contains("slower") ? 1 : 0
            summary.fasterCount += changes.names.contains("faster") ? 1 : 0
            summary.statusCount += changes.names.contains("status") ? 1 : 0
            summary.versionCount += changes.names.contains("version") ? 1 : 0
            summary.attributesCount += changes.attributes.isEmpty ? 0 : 1
        }
        for index in told(changed, rowCountMax: rowCountMax) {
            rows.append(row(diff.rows[index], found[index] ?? ([], [])))
        }
    }

    /// The rows that are told: all, or else those that changed, and what they stand below; the first ones.
    private func told(_ changed: [Bool], rowCountMax: Int) -> [Int] {
        guard diff.rows.count > rowCountMax else { return Array(diff.rows.indices) }
        var told: [Int] = []
        var isWanted = changed
        // Of each depth, whether something below the row to come is wanted.
        var wanted: [Bool] = []
        for index in diff.rows.indices.reversed() {
            let depth = Int(diff.rows[index].depth)
            if wanted.count > depth + 1, wanted[depth + 1] { isWanted[index] = true }
            if wanted.count > depth + 1 { wanted.removeLast(wanted.count - depth - 1) }
            while wanted.count <= depth { wanted.append(false) }
            if isWanted[index] { wanted[depth] = true }
        }
        for index in diff.rows.indices where isWanted[index] && told.count < rowCountMax { told.append(index) }
        return told
    }

    private func row(
        _ row: HopMatching.Row, _ changes: (names: [String], attributes: [AttributeChanges.Change])
    ) -> TraceDiffReport.Row {
        let (side, hop) = row.a >= 0 ? (diff.a, row.a) : (diff.b, row.b)
        let label = side.hops.hops[Int(hop)].label
        return TraceDiffReport.Row(
            depth: Int(row.depth), match: row.a < 0 ? "added" : row.b < 0 ? "missing" : "matched",
            service: diff.labels.serviceName(label), operation: side.operation(hop),
            kind: diff.labels.kind(label).word, changes: changes.names, a: call(diff.a, row.a), b: call(diff.b, row.b),
            attributes: changes.attributes.map { .init(key: $0.key, a: $0.a, b: $0.b) })
    }

    private func call(_ side: TraceDiff.Side, _ hop: Int32) -> TraceDiffReport.Call? {
        guard hop >= 0 else { return nil }
        let spans = side.hops.hops[Int(hop)]
        let start = side.tree.starts[Int(spans.outer)]
        return TraceDiffReport.Call(
            spanID: side.tree.span(spans.outer).spanID.description,
            serverSpanID: spans.outer == spans.inner ? nil : side.tree.span(spans.inner).spanID.description,
            startNanos: start.subtractingClamped(side.root < 0 ? 0 : side.tree.starts[Int(side.root)]),
            durationNanos: side.duration(hop), serverDurationNanos: side.serverDuration(hop),
            selfNanos: side.selfTime(hop), criticalNanos: side.pathTime(hop), operation: side.operation(hop),
            version: side.version(hop), status: side.status(hop), isError: side.isError(hop))
    }

    // MARK: Traces

    func trace(_ side: TraceDiff.Side, _ traceID: TraceID, isCut: Bool) -> TraceDiffReport.Trace {
        let root = side.root
        let names = side.tree.gathered.names
        let start = side.tree.origin.map { $0.addingClamped(root < 0 ? 0 : side.tree.starts[Int(root)]) }
        return TraceDiffReport.Trace(
            traceID: traceID.description, spanID: root < 0 ? nil : side.tree.span(root).spanID.description,
            service: root < 0 ? "" : names.text(side.tree.site(root).serviceName),
            operation: root < 0 ? "" : names.text(side.tree.site(root).operationName),
            startTimeUnixNano: "\(start ?? 0)", durationNanos: side.path.length, spanCount: side.tree.order.count,
            errorCount: side.tree.order.count { side.tree.span($0).isError }, isCut: isCut, criticalPath: path(side))
    }

    private func path(_ side: TraceDiff.Side) -> TraceDiffReport.Path {
        let names = side.tree.gathered.names
        var byService: [UInt32: (all: Int64, inCalls: Int64)] = [:]
        for place in side.tree.order where side.path.times[Int(place)] > 0 {
            let site = side.tree.site(place)
            let time = side.path.times[Int(place)]
            let known = byService[site.serviceName] ?? (0, 0)
            let isCall = site.traits.kind == .client
            byService[site.serviceName] = (
                known.all.addingClamped(time), isCall ? known.inCalls.addingClamped(time) : known.inCalls
            )
        }
        let services = byService.map { name, times in
            TraceDiffReport.Path.Service(
                service: names.text(name), durationNanos: times.all, callNanos: times.inCalls,
                share: Double(times.all) / Double(max(1, side.path.length)))
        }
        let longest = side.hops.hops.indices.filter { side.pathTime(Int32($0)) > 0 }
            .sorted { (side.pathTime(Int32($1)), $0) < (side.pathTime(Int32($0)), $1) }.prefix(Self.stepCountMax)
        let steps = longest.sorted { first, second in
            let places = (side.hops.hops[first].outer, side.hops.hops[second].outer)
            return (side.tree.starts[Int(places.0)], first) < (side.tree.starts[Int(places.1)], second)
        }
        return TraceDiffReport.Path(
            durationNanos: side.path.length,
            services: services.sorted { ($1.durationNanos, $0.service) < ($0.durationNanos, $1.service) },
            steps: steps.map { index in
                let hop = side.hops.hops[index]
                return TraceDiffReport.Path.Step(
                    service: diff.labels.serviceName(hop.label), operation: side.operation(Int32(index)),
                    spanID: side.tree.span(hop.outer).spanID.description,
                    durationNanos: side.pathTime(Int32(index)))
            })
    }

    func contributions() -> [TraceDiffReport.Contribution] {
        var byLabel: [Int32: (a: Int64, b: Int64, operation: String)] = [:]
        for row in diff.rows {
            let times = (
                a: row.a < 0 ? 0 : diff.a.pathTime(row.a), b: row.b < 0 ? 0 : diff.b.pathTime(row.b)
            )
            guard times.a > 0 || times.b > 0 else { continue }
            let (side, hop) = row.a >= 0 ? (diff.a, row.a) : (diff.b, row.b)
            let label = side.hops.hops[Int(hop)].label
            let known = byLabel[label] ?? (0, 0, side.operation(hop))
            byLabel[label] = (known.a.addingClamped(times.a), known.b.addingClamped(times.b), known.operation)
        }
        let all = byLabel.map { label, times in
            let service = diff.labels.serviceName(label)
            let difference = times.b.subtractingClamped(times.a)
            return TraceDiffReport.Contribution(
                service: service, operation: times.operation, kind: diff.labels.kind(label).word, aNanos: times.a,
                bNanos: times.b, differenceNanos: difference, words: "")
        }
        return Array(
            all.sorted { first, second in
                let sizes = (first.differenceNanos.magnitude, second.differenceNanos.magnitude)
                return sizes.0 != sizes.1
                    ? sizes.0 > sizes.1
                    : (first.service, first.operation, first.kind) < (second.service, second.operation, second.kind)
            }.prefix(Self.contributionCountMax))
    }
}
