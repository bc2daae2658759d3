internal import Bytes
internal import TraceModel

/// What is decided of each span of one batch.
struct HeadDecisions: ~Copyable {
    private let policy: HeadPolicy
    private let batch: SpanBatch
    /// By rule, then what counts where none matches.
    private let outcomes: [HeadPolicy.Outcome]
    private var shapes: [ShapePlan] = []
    /// By row: what is rejected of traces like it, or `isDropped`.
    private var thresholds = ColumnBuffer<UInt64>(capacity: 1)
    private var traceState = TraceStateMemo()
    /// By rule; the last one for spans that no rule matches.
    private(set) var droppedCounts: [Int]
    private(set) var keptCount = 0
    /// Of those kept, the ones that stand for more than themselves.
    private(set) var weightedCount = 0

    private static let isDropped = UInt64.max

    /// What the spans of a shape have in common.
    struct ShapePlan {
        var rule: RuleChoice
        /// Places among a row's words; -1 if there is none.
        var traceState: Int32 = -1
        var priority: Int32 = -1
        var priorityType = ValueType.none
        var isDebug = false
        /// By the rule that was asked for it; -1 if it was not yet.
        var limiter = -1
        var limiterRule = -1
    }

    enum RuleChoice {
        case rule(Int)
        /// It depends on version and namespace; what was found for the last row.
        case byOrigin(OriginColumns, last: OriginColumns.Words?, rule: Int)
    }

    private struct TraceStateMemo {
        var number: UInt32 = 0
        var sampling = TraceStateSampling(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    init(_ policy: HeadPolicy, outcomes: [HeadPolicy.Outcome], _ batch: SpanBatch) {
        self.policy = policy
        self.batch = batch
        self.outcomes = outcomes
        droppedCounts = Array(repeating: 0, count: outcomes.count)
        shapes.reserveCapacity(batch.shapeCount)
        for index in 0..<batch.shapeCount { shapes.append(plan(batch.shape(index))) }
    }

    /// Whether the outcome is the same, and nothing to be noted, for all spans: everything is kept as it is.
    var keepsAllAsItIs: Bool {
        shapes.allSatisfy { shape in
            guard case .rule(let rule) = shape.rule, shape.traceState < 0 else { return false }
            return outcomes[rule] == .part(.all)
        }
    }

    /// nil if the span is left out.
    func threshold(ofRow row: Int) -> UInt64? {
        thresholds[row] == Self.isDropped ? nil : thresholds[row]
    }

    // MARK: Shapes

    private func plan(_ shape: SpanShape) -> ShapePlan {
        var plan = ShapePlan(rule: rule(shape))
        plan.isDebug = shape.traits.isDebug
        let traceState = ColumnWord.traceState
        shape.forEachColumn { column, place in
            if column.rawValue == traceState { plan.traceState = Int32(place) }
            if column.isAttribute, SamplingPriority.isKey(batch.string(column.key)) {
                plan.priority = Int32(place)
                plan.priorityType = SpanColumn(rawValue: column.rawValue).type
            }
        }
        return plan
    }

    private func rule(_ shape: SpanShape) -> RuleChoice {
        let service = batch.string(shape.serviceName)
        let operation = batch.string(shape.operationName)
        for (number, rule) in policy.rules.enumerated() {
            guard rule.matches(service: service, operation: operation) else { continue }
            if rule.asksForOrigin { return .byOrigin(OriginColumns(shape, batch), last: nil, rule: 0) }
            return .rule(number)
        }
        return .rule(policy.rules.count)
    }

    // MARK: Rows

    mutating func decide(_ rates: inout RateLimits, now: Int64) {
        let room = thresholds.room(for: batch.spanCount)
        for row in 0..<batch.spanCount {
            let found = outcome(ofRow: row, &rates, now: now)
            room[row] = found.isKept ? found.threshold : Self.isDropped
            if found.isKept {
                keptCount += 1
                if found.threshold > 0 { weightedCount += 1 }
            } else {
                droppedCounts[found.rule] += 1
            }
        }
        thresholds.extend(by: batch.spanCount)
    }

    struct RowOutcome {
        var rule: Int
        var threshold: UInt64
        var isKept: Bool
        var isForced: Bool
    }

    @inline(__always)
    mutating func outcome(ofRow row: Int, _ rates: inout RateLimits, now: Int64) -> RowOutcome {
        let shape = Int(batch.shapeColumn[row])
        let low = batch.traceIDLowColumn[row]
        let rule = rule(ofRow: row, shape)
        if shapes[shape].isForced(row, batch) {
            return RowOutcome(rule: rule, threshold: 0, isKept: true, isForced: true)
        }
        var randomness = SamplingThreshold.randomness(ofTraceIDLow: low)
        var base: UInt64 = 0
        if shapes[shape].traceState >= 0 { readTraceState(row, shape, &randomness, &base) }
        let threshold: UInt64
        switch outcomes[rule] {
        case .part(let part): threshold = max(part.rejected, base)
        case .rate(let perSecond, let isPerService):
            if shapes[shape].limiterRule != rule {
                let name = batch.string(batch.shape(shape).serviceName)
                let service = isPerService ? ByteHash.hash(name, seed: Self.seed) | 1 : nil
                shapes[shape].limiter = rates.limiter(rule: rule, service: service, tracesPerSecond: perSecond)
                shapes[shape].limiterRule = rule
            }
            threshold = rates.threshold(
                limiter: shapes[shape].limiter, traceIDLow: low, randomness: randomness, base: base, now: now)
        }
        return RowOutcome(rule: rule, threshold: threshold, isKept: randomness >= threshold, isForced: false)
    }

    /// Nobody outside can know which services have the same hash.
    private static let seed = UInt64.random(in: .min ... .max)

    mutating func rule(ofRow row: Int, _ shape: Int) -> Int {
        switch shapes[shape].rule {
        case .rule(let rule): return rule
        case .byOrigin(let columns, let last, let known):
            let words = columns.words(ofRow: row, batch)
            if words == last { return known }
            let rule = rule(shape, words)
            shapes[shape].rule = .byOrigin(columns, last: words, rule: rule)
            return rule
        }
    }

    private func rule(_ shape: Int, _ words: OriginColumns.Words) -> Int {
        let shape = batch.shape(shape)
        let service = batch.string(shape.serviceName)
        let operation = batch.string(shape.operationName)
        let version = OriginColumns.version(words, batch)
        let namespace = OriginColumns.namespace(words, batch, serviceName: service)
        let found = policy.rules.firstIndex { rule in
            rule.matches(service: service, operation: operation) && rule.version?.matches(version) ?? true
                && rule.namespace?.matches(namespace) ?? true
        }
        return found ?? policy.rules.count
    }

    private mutating func readTraceState(_ row: Int, _ shape: Int, _ randomness: inout UInt64, _ base: inout UInt64) {
        let number = batch.values(ofRow: row)[Int(shapes[shape].traceState)]
        if number != traceState.number {
            traceState.number = number
            traceState.sampling = TraceStateSampling(batch.string(number))
        }
        if let own = traceState.sampling.randomness { randomness = own }
        if let threshold = traceState.sampling.threshold, threshold <= randomness { base = threshold }
    }
}

extension HeadDecisions.ShapePlan {
    /// The sender asks to keep the span.
    fileprivate func isForced(_ row: Int, _ batch: SpanBatch) -> Bool {
        if isDebug { return true }
        if priority < 0 { return false }
        let word = batch.values(ofRow: row) + Int(priority)
        return SamplingPriority.forces(word, priorityType, batch)
    }
}

extension HeadPolicy.Rule {
    func matches(service: UnsafeRawBufferPointer, operation: UnsafeRawBufferPointer) -> Bool {
        self.service?.matches(service) ?? true && self.operation?.matches(operation) ?? true
    }
}
