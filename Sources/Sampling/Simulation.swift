public import TraceModel

/// Policies applied to traces that are stored already, with the rules that decide on those that come.
///
/// Not for several threads at a time.
public final class SamplingSimulation {
    private let document: PolicyDocument
    private var rates = RateLimits()
    private let tail: TailSampler?
    private var ageing: [AgeingStage]
    private var versions = VersionTable()
    private var seen = TraceTally()
    private var head: StageTally?
    private var tailTally: StageTally?

    /// Traces that wait for the end of their second, so that many are decided at once.
    private var waiting: [[SpanView]] = []
    private var waitingSpanCount = 0
    private var waitingSecond = Int64.min
    private var arrived = SpanBatchBuilder()
    private var stored = SpanBatchBuilder()

    private static let waitingSpanCountMax = 2000

    private struct AgeingStage {
        /// Without any survey, to be copied.
        let sampler: AgeSampler
        var own: AgeSampler
        var tally: StageTally
        var choice: SimulationChoice?
    }

    /// - Parameter segmentSpanCount: spans of a segment, of which an ageing stage may keep some traces.
    public init(_ document: PolicyDocument, segmentSpanCount: Int = 1_000_000) {
        self.document = document
        tail = document.tail.map { TailSampler($0) }
        if !document.head.keepsEverything { head = StageTally(name: "head", policies: document.head.ruleNames) }
        if let tail = document.tail {
            tailTally = StageTally(name: "tail", policies: tail.policyNames + [TailDecision.noPolicy])
        }
        ageing = document.ageing.indices.map { index in
            let sampler = AgeSampler(document.ageing, stage: index)
            let names = (document.ageing[index].policies ?? []).map(\.name)
            return AgeingStage(
                sampler: sampler, own: sampler,
                tally: StageTally(
                    name: document.ageing.stageName(index), policies: names, hasMinutes: !sampler.needsSurvey),
                choice: sampler.needsSurvey ? SimulationChoice(segmentSpanCount: segmentSpanCount) : nil)
        }
    }

    /// Traces looked at so far.
    public private(set) var traceCount = 0

    /// - Parameter spans: all of a trace, by start, at least one; a trace that starts earlier comes earlier.
    public func add(_ spans: [SpanView]) {
        traceCount += 1
        let second = (spans.lazy.compactMap(\.start).first ?? 0) / 1_000_000_000
        if second != waitingSecond || waitingSpanCount >= Self.waitingSpanCountMax {
            flush()
            waitingSecond = max(second, waitingSecond)
        }
        waiting.append(spans)
        waitingSpanCount += spans.count
    }

    /// Ends it.
    /// - Parameter bytesPerSpan: in the store.
    public func finish(bytesPerSpan: Double?) -> SimulationReport {
        flush()
        for index in ageing.indices {
            if let outcome = ageing[index].choice?.finish() { note(outcome, index) }
        }
        var report = SimulationReport()
        let slow = seen.durations.quantile(0.99)
        report.bytesPerSpan = bytesPerSpan
        report.seen = seen.report(slow: slow)
        let tallies = [head, tailTally].compactMap { $0 } + ageing.map(\.tally)
        report.stages = tallies.map { $0.report(seen, versions, slow: slow) }
        report.notes = notes(report)
        return report
    }

    private func notes(_ report: SimulationReport) -> [String] {
        var notes: [String] = []
        if let estimate = report.seen.estimate {
            notes.append(
                "the stored traces were sampled themselves: \(report.seen.traceCount) stand for about "
                    + "\(estimate.value) (\(estimate.low) to \(estimate.high), 95 %); what was left out on arrival "
                    + "cannot be kept by any policy, and counts are of what is stored")
        }
        if document.head.hasRates {
            notes.append("rates are met as one collector meets them that sees what is stored, and nothing else")
        }
        if ageing.contains(where: { $0.choice != nil }) {
            notes.append(
                "of each operation and version one trace stays in each segment: an estimate, since segments "
                    + "will be other ones")
        }
        if report.stages.isEmpty { notes.append("the policies keep everything") }
        return notes
    }

    // MARK: Arrival

    private func flush() {
        guard !waiting.isEmpty else { return }
        let traces = waiting
        waiting.removeAll(keepingCapacity: true)
        waitingSpanCount = 0
        guard head != nil else {
            for spans in traces { decide(spans, TraceFacts(TailTrace(spans), &versions)) }
            return
        }
        arrived.removeAll()
        for spans in traces { for span in spans { arrived.append(span, samplingThreshold: 0) } }
        let batch = arrived.makeBatch()
        let now = waitingSecond.multipliedReportingOverflow(by: 1_000_000_000).partialValue
        var decisions = HeadDecisions(document.head, outcomes: document.head.outcomes, batch)
        rates.advance(to: now)
        decisions.decide(&rates, now: now)
        stored.removeAll()
        for row in 0..<batch.spanCount {
            guard let threshold = decisions.threshold(ofRow: row) else { continue }
            stored.append(SpanView(batch: batch, row: row), samplingThreshold: threshold)
        }
        let kept = stored.makeBatch()
        var (row, keptRow) = (0, 0)
        for spans in traces {
            let keptBefore = keptRow
            var counts: [(rule: Int, kept: Int, dropped: Int)] = []
            for _ in spans {
                let rule = decisions.rule(ofRow: row, Int(batch.shapeColumn[row]))
                let isKept = decisions.threshold(ofRow: row) != nil
                row += 1
                if isKept { keptRow += 1 }
                let place = counts.firstIndex { $0.rule == rule } ?? counts.count
                if place == counts.count { counts.append((rule, 0, 0)) }
                if isKept { counts[place].kept += 1 } else { counts[place].dropped += 1 }
            }
            let names = document.head.ruleNames
            for count in counts { head?.count(policy: names[count.rule], kept: count.kept, dropped: count.dropped) }
            decideAfterHead(spans, (keptBefore..<keptRow).map { SpanView(batch: kept, row: $0) })
        }
    }

    private func decideAfterHead(_ spans: [SpanView], _ kept: [SpanView]) {
        let whole = TailTrace(spans)
        let facts = TraceFacts(whole, &versions)
        let minute = Self.minute(whole)
        head?.note(facts, minute: minute, isKept: !kept.isEmpty)
        guard !kept.isEmpty else {
            seen.add(facts, whole.base)
            noteDropped(facts, minute)
            return
        }
        if kept.count < spans.count { head?.partialTraceCount += 1 }
        let trace = TailTrace(kept)
        head?.keep(kept.count < spans.count ? TraceFacts(trace, &versions) : facts, trace.base)
        decide(kept, facts, whole: whole)
    }

    /// Of a trace that never comes to the stages behind.
    private func noteDropped(_ facts: TraceFacts, _ minute: Int64) {
        tailTally?.note(facts, minute: minute, isKept: false)
        for index in ageing.indices { ageing[index].tally.note(facts, minute: minute, isKept: false) }
    }

    // MARK: Whole traces

    /// - Parameters:
    ///   - spans: those that were kept on arrival.
    ///   - facts: of the trace as it was looked at.
    private func decide(_ spans: [SpanView], _ facts: TraceFacts, whole: TailTrace? = nil) {
        let trace = TailTrace(spans)
        seen.add(facts, (whole ?? trace).base)
        let minute = Self.minute(whole ?? trace)
        let own = whole == nil || whole?.spans.count == spans.count ? facts : TraceFacts(trace, &versions)
        var threshold = trace.base
        if let tail {
            let decision = tail.decide(spans, now: minute * 60_000_000_000)
            threshold = decision.threshold
            tailTally?.note(facts, minute: minute, isKept: decision.isKept)
            tailTally?.count(
                policy: decision.policy, kept: decision.isKept ? spans.count : 0,
                dropped: decision.isKept ? 0 : spans.count)
            guard decision.isKept else {
                for index in ageing.indices { ageing[index].tally.note(facts, minute: minute, isKept: false) }
                return
            }
            tailTally?.keep(own, threshold)
        }
        for index in ageing.indices { age(spans, trace, own, facts, minute, threshold, index) }
    }

    private static func minute(_ trace: TailTrace) -> Int64 { (trace.start ?? 0) / 60_000_000_000 }

    // MARK: Ages

    private func age(
        _ spans: [SpanView], _ trace: TailTrace, _ own: TraceFacts, _ seen: TraceFacts, _ minute: Int64,
        _ before: SamplingThreshold, _ index: Int
    ) {
        let decision = ageing[index].own.decide(spans)
        ageing[index].tally.note(seen, minute: minute, isKept: decision.isKept)
        if decision.isKept {
            ageing[index].tally.count(policy: decision.policy, kept: spans.count, dropped: 0)
            ageing[index].tally.keep(own, max(before, decision.threshold))
        }
        guard ageing[index].choice != nil else {
            if !decision.isKept { ageing[index].tally.count(policy: decision.policy, kept: 0, dropped: spans.count) }
            return
        }
        if decision.isKept {
            if let outcome = ageing[index].choice?.add(trace, nil) { note(outcome, index) }
            return
        }
        // Alone in its segment it is the best of all its groups.
        var alone = ageing[index].sampler
        alone.survey(spans)
        guard alone.decide(spans).isKept else {
            ageing[index].tally.count(policy: decision.policy, kept: 0, dropped: spans.count)
            return
        }
        let candidate = SimulationChoice.Candidate(facts: own, base: before, policy: decision.policy)
        if let outcome = ageing[index].choice?.add(trace, candidate) { note(outcome, index) }
    }

    private func note(_ outcome: SimulationChoice.Outcome, _ index: Int) {
        for (candidate, threshold) in outcome.kept {
            ageing[index].tally.count(policy: AgeSampler.onePerOperation, kept: candidate.facts.spanCount, dropped: 0)
            ageing[index].tally.keep(candidate.facts, threshold)
        }
        for candidate in outcome.dropped {
            ageing[index].tally.count(policy: candidate.policy, kept: 0, dropped: candidate.facts.spanCount)
        }
    }
}

extension [StagePolicy] {
    /// The ages for which a stage holds, in words.
    func stageName(_ index: Int) -> String {
        let until = self[index].until == .max ? nil : LengthOfTime.text(self[index].until)
        let from = index > 0 && self[index - 1].until != .max ? LengthOfTime.text(self[index - 1].until) : nil
        switch (from, until) {
        case (nil, let until?): return "age up to \(until)"
        case (let from?, let until?): return "age \(from) to \(until)"
        case (let from?, nil): return "age over \(from)"
        case (nil, nil): return "any age"
        }
    }
}
