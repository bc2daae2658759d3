internal import TraceModel

/// Counts traces one by one.
struct TraceCount: Sendable {
    private(set) var sums = SeriesSums()
    private var patterns = TracePatterns()
    private var traceSteps = TraceSteps()
    /// Of the records at hand, the bins of their durations.
    private var bins: [DurationBins.Bin] = []

    /// - Parameter records: of one trace, sorted by start and ID; they may come into another order.
    mutating func add(_ records: UnsafeMutableBufferPointer<CallRecord>, _ order: CallOrder) {
        let mayRecur = patterns.read(UnsafeBufferPointer(records), order.sites)
        if mayRecur, let pattern = patterns.find() { return count(pattern, UnsafeBufferPointer(records)) }
        order.sort(records)
        traceSteps.examine(UnsafeBufferPointer(records), order.sites, order.names)
        if mayRecur, !traceSteps.dependsOnIDs { patterns.enter(traceSteps) }
        guard let trace = TraceFacts(traceSteps.spans) else { return }
        count(trace)
    }

    // MARK: By its steps

    /// Counts the trace at hand.
    private mutating func count(_ trace: TraceFacts) {
        let spans = traceSteps.spans
        for step in traceSteps.steps {
            let start = step.timePlace < 0 ? SpanBatch.absentTime : spans[Int(step.timePlace)].record.start
            let tally = sums.place(at: start == SpanBatch.absentTime ? trace.start : start, step.series)
            sums.tallies[tally].count(isError: step.isError)
            if step.isSign { sums.tallies[tally].signs.addExample(trace.traceID) }
            if step.clientPlace >= 0 {
                sums.tallies[tally].clientDurations.add(DurationBins.Bin(spans[Int(step.clientPlace)].record.duration))
            }
            if step.serverPlace >= 0 {
                sums.tallies[tally].serverDurations.add(DurationBins.Bin(spans[Int(step.serverPlace)].record.duration))
            }
        }
    }

    // MARK: By a pattern

    private mutating func count(_ pattern: Int, _ records: UnsafeBufferPointer<CallRecord>) {
        let minute = SeriesSums.minute(of: records[0].start)
        if patterns.minute(of: pattern) != minute {
            patterns.place(pattern, at: minute) { sums.place(at: minute, $0) }
        }
        bins.removeAll(keepingCapacity: true)
        for record in records { bins.append(DurationBins.Bin(record.duration)) }
        for step in patterns.steps(of: pattern) {
            let tally = Int(step.tally)
            sums.tallies[tally].count(isError: step.isError)
            if step.clientPlace >= 0 { sums.tallies[tally].clientDurations.add(bins[Int(step.clientPlace)]) }
            if step.serverPlace >= 0 { sums.tallies[tally].serverDurations.add(bins[Int(step.serverPlace)]) }
            if step.isSign {
                sums.tallies[tally].signs.addExample(
                    TraceID(high: records.reduce(0) { max($0, $1.traceIDHigh) }, low: records[0].traceIDLow))
            }
        }
    }
}

/// What a trace's spans have in common.
struct TraceFacts {
    var traceID = TraceID(high: 0, low: 0)
    /// Start of the earliest span without a parent, else of the earliest of all.
    var start: Int64 = 0

    /// nil if no span has a start.
    init?(_ spans: [CallSpan]) {
        var (root, earliest) = (Int64.max, Int64.max)
        var hasStart = false
        for span in spans {
            traceID.low = span.record.traceIDLow
            traceID.high = max(traceID.high, span.record.traceIDHigh)
            guard span.record.start != SpanBatch.absentTime else { continue }
            hasStart = true
            earliest = min(earliest, span.record.start)
            if span.parentID == 0 { root = min(root, span.record.start) }
        }
        guard hasStart else { return nil }
        start = root == Int64.max ? earliest : root
    }
}
