internal import Sampling
internal import Threads
internal import TopologyStore
internal import TraceModel

/// Decides which traces are stored, with all their spans, when a generation is sealed; what comes of a trace later
/// follows the decision, as long as that is remembered. For one thread at a time.
final class TailDecider: @unchecked Sendable {
    // Unchecked: used only by whoever seals, and of those there is one at a time.
    private let sampler: TailSampler
    private let wait: Int64
    private let report: @Sendable (TailReport) -> Void
    let memory: DecisionMemory

    /// Spans of a batch that is made of kept ones, about.
    private static let batchSpanCount = 20_000

    /// - Parameters:
    ///   - memory: decides before the policy does.
    ///   - report: told of each generation, by policy.
    init(_ policy: TailPolicy, _ memory: DecisionMemory, report: @escaping @Sendable (TailReport) -> Void) {
        sampler = TailSampler(policy)
        self.memory = memory
        wait = policy.wait
        self.report = report
    }

    /// - Parameter later: generations that may have more of the same traces.
    /// - Returns: the generation's own batches if all of it is stored as it is.
    func batchesToStore(of sealed: GenerationSnapshot, later: [GenerationSnapshot]) -> [SpanBatch] {
        let now = SystemClock.nanosecondsSince1970()
        let arrivals = sealed.arrived.lazy.filter { !$0.batch.isCountOnly }.map(\.arrival)
        let quietSince = sealed.batches.count == arrivals.count ? Array(arrivals) : []
        return sealed.generation.withIndex(of: sealed.batches) { index in
            var tally = TailReport()
            var kept: [(traceID: TraceID, threshold: SamplingThreshold)] = []
            var isEverythingKept = true
            for traceID in index.traceIDs {
                let places = index.spans(of: traceID)
                let decision: TailDecision
                if let known = memory[traceID] {
                    decision = known
                    tally.lateSpanCount += places.count
                } else {
                    var spans = places.map { SpanView(batch: sealed.batches[Int($0.batch)], row: Int($0.row)) }
                    for other in later { spans += other.spans(of: traceID) }
                    decision = sampler.decide(spans, now: now)
                    memory.enter(decision, on: traceID)
                    let latest = places.last.map { quietSince[Int($0.batch)] } ?? now
                    if now - latest < wait { tally.earlyTraceCount += 1 }
                }
                tally.count(decision, spanCount: places.count)
                if decision.isKept { kept.append((traceID, decision.threshold)) }
                if !decision.isKept || decision.threshold != .all { isEverythingKept = false }
            }
            report(tally)
            return isEverythingKept ? sealed.batches : copy(kept, sealed.batches, index)
        }
    }

    private func copy(
        _ kept: [(traceID: TraceID, threshold: SamplingThreshold)], _ batches: [SpanBatch], _ index: borrowing LiveIndex
    ) -> [SpanBatch] {
        var copies: [SpanBatch] = []
        var builder = SpanBatchBuilder()
        for (traceID, threshold) in kept {
            for place in index.spans(of: traceID) {
                builder.append(
                    SpanView(batch: batches[Int(place.batch)], row: Int(place.row)),
                    samplingThreshold: threshold.rejected)
            }
            if builder.spanCount >= Self.batchSpanCount {
                copies.append(builder.makeBatch())
                builder.removeAll()
            }
        }
        if builder.spanCount > 0 { copies.append(builder.makeBatch()) }
        return copies
    }
}

extension GenerationSnapshot {
    fileprivate func spans(of traceID: TraceID) -> [SpanView] {
        generation.withIndex(of: batches) { index in
            index.spans(of: traceID).map { SpanView(batch: batches[Int($0.batch)], row: Int($0.row)) }
        }
    }
}

/// What the tail sampler made of some spans.
public struct TailReport: Sendable {
    public struct Count: Sendable {
        public var traceCount = 0
        public var spanCount = 0
    }

    /// By the policy that decided.
    public private(set) var kept: [String: Count] = [:]
    public private(set) var dropped: [String: Count] = [:]
    /// Traces of which spans had come shortly before: memory for live spans was short, or the store was closed.
    public var earlyTraceCount = 0
    /// Spans that came after their trace was decided on.
    public var lateSpanCount = 0

    mutating func count(_ decision: TailDecision, spanCount: Int) {
        func add(_ count: inout Count) {
            count.traceCount += 1
            count.spanCount += spanCount
        }
        if decision.isKept {
            add(&kept[decision.policy, default: Count()])
        } else {
            add(&dropped[decision.policy, default: Count()])
        }
    }
}
