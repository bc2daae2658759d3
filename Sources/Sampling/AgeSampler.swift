internal import Bytes
public import TraceModel

/// Decides what stays of one segment's traces when the segment comes to an age.
///
/// Whatever a later stage keeps, an earlier one kept, and asking twice changes nothing: the policies of stages look at
/// nothing but the trace. Of each operation of each version of each service, where a stage asks for one, the trace with
/// the greatest randomness stays; what is rejected of traces like it is what the next one's randomness tells, so that
/// it stands for those that it was preferred to, if with a wide margin: one trace says little of a count.
public struct AgeSampler {
    private let stages: ArraySlice<StagePolicy>
    private var evaluation = TailEvaluation([])
    /// By service, operation and version: the two greatest randomnesses.
    ///
    /// The stages that keep one of each follow each other, so that all of them choose the same.
    private var groups: [UInt64: Best] = [:]

    private struct Best {
        var first: UInt64
        /// The trace's ID decides between equal ones.
        var firstTrace: TraceID
        /// What the second one has; nil if there is none.
        var second: UInt64?

        mutating func add(_ randomness: UInt64, _ traceID: TraceID) {
            if traceID == firstTrace { return }
            if (randomness, traceID) > (first, firstTrace) {
                (second, first, firstTrace) = (first, randomness, traceID)
            } else {
                second = max(second ?? 0, randomness)
            }
        }
    }

    /// - Parameter stage: an index into `stages`; what earlier ones leave out, is left out too.
    public init(_ stages: [StagePolicy], stage: Int) {
        precondition(stages.indices.contains(stage), "a stage of the document")
        self.stages = stages[...stage]
    }

    /// The stage that holds for an age in nanoseconds, as an index; nil behind the last: such traces do not stay.
    public static func stage(forAge age: Int64, in stages: [StagePolicy]) -> Int? {
        stages.firstIndex { age < $0.until || $0.until == .max }
    }

    /// Nothing is left out, whatever is asked.
    public var keepsEverything: Bool { stages.allSatisfy { $0.keepsEverything } }

    /// Whether every trace of the segment is to be shown to `survey` before `decide` is asked for the first.
    public var needsSurvey: Bool { firstChoosing != nil }

    private var firstChoosing: Int? { stages.firstIndex { $0.keepsOnePerOperation } }

    /// Takes note of a trace of the segment.
    public mutating func survey(_ spans: [SpanView]) {
        guard let firstChoosing else { return }
        let trace = TailTrace(spans)
        guard trace.isForced || threshold(trace, before: firstChoosing).threshold.keeps(trace.randomness) else {
            return
        }
        let traceID = spans[0].traceID
        Self.forEachGroup(trace) { name in
            groups[name, default: Best(first: trace.randomness, firstTrace: traceID)].add(trace.randomness, traceID)
        }
    }

    /// - Parameter spans: of a trace, by start, at least one.
    public mutating func decide(_ spans: [SpanView]) -> TailDecision {
        let trace = TailTrace(spans)
        if trace.isForced { return TailDecision(isKept: true, threshold: .all, policy: TailDecision.forced) }
        let (threshold, policy) = threshold(trace, before: stages.endIndex)
        return TailDecision(isKept: threshold.keeps(trace.randomness), threshold: threshold, policy: policy)
    }

    /// The name of what keeps one trace of each operation and version.
    public static let onePerOperation = "one-per"

    private mutating func threshold(
        _ trace: TailTrace, before end: Int
    ) -> (threshold: SamplingThreshold, policy: String) {
        var result = trace.base
        var name = "all"
        for index in stages.indices where index < end {
            guard let policies = stages[index].policies else { continue }
            var decision = evaluation.decide(policies, trace, now: 0)
            if stages[index].keepsOnePerOperation {
                let own = max(trace.base, onePer(trace))
                if own < decision.threshold { (decision.threshold, decision.policy) = (own, Self.onePerOperation) }
            }
            // The stage that leaves out the most names the reason.
            if decision.threshold >= result { (result, name) = (decision.threshold, decision.policy) }
        }
        return (result, name)
    }

    /// What is rejected of traces like this one, if it is the best of any of its groups; otherwise everything.
    private func onePer(_ trace: TailTrace) -> SamplingThreshold {
        var least = SamplingThreshold.none
        let traceID = trace.spans[0].traceID
        Self.forEachGroup(trace) { name in
            guard let best = groups[name], best.firstTrace == traceID else { return }
            // Of equal ones, not more than what keeps itself.
            least = min(least, SamplingThreshold(rejected: best.second.map { min($0 + 1, best.first) } ?? 0))
        }
        return least
    }

    static func forEachGroup(_ trace: TailTrace, _ body: (UInt64) -> Void) {
        for span in trace.spans {
            let batch = span.batch
            let words = OriginColumns(span.shape, batch).words(ofRow: span.row, batch)
            let version = OriginColumns.version(words, batch)
            body(ByteHash.hash(version, seed: TailTrace.operationHash(span)))
        }
    }
}
