internal import Bytes
internal import Synchronization
internal import Topology
public import TraceModel

/// Parts arriving spans into those that are stored and those that are only counted.
///
/// A trace is kept if its randomness is not below the threshold of the rule: the same trace has the same outcome in
/// every batch and on every collector, and what a smaller percentage keeps is a part of what a larger one keeps. Its
/// randomness is `rv` of OpenTelemetry's entry in the trace state, or else the low 56 bits of its ID. A threshold that
/// a sampler before this one has set (`th`) counts too: what is stored is the greater of both; one that the randomness
/// contradicts is ignored.
///
/// Rates are turned into probabilities by what this collector sees of the rule's traces: see `TraceRateLimiter`. There
/// the spans of a trace follow its first one, as long as the trace is among the 65,536 or more that were seen last and
/// has had a span within ten seconds; a trace that is met again after it was forgotten is decided anew.
///
/// A span with the debug flag, or with an attribute `sampling.priority` of more than 0, is kept whatever the rules say,
/// and stands for itself alone.
public final class HeadSampler: Sendable {
    private let policy: HeadPolicy
    private let keepsKey: @Sendable (UnsafeRawBufferPointer) -> Bool
    /// By rule, then what counts where none matches; so are the names.
    private let outcomes: [HeadPolicy.Outcome]
    private let names: [String]
    private let hasRates: Bool
    /// No rule leaves anything out: all that `split` does is to note what the samplers before this one say.
    public let keepsEverything: Bool
    private let rates: Mutex<RateLimits>
    private let benches: [Bench]

    /// The builders of one worker, kept between batches.
    private final class Bench: Sendable {
        let tools = Mutex<Tools?>(nil)
    }

    private struct Tools: ~Copyable {
        var kept = SpanBatchBuilder()
        var counted = SpanBatchBuilder()
    }

    private static let benchCount = 64

    /// Of spans that are only counted the attributes that the topology reads are kept.
    public convenience init(_ policy: HeadPolicy) { self.init(policy) { CallAttributes.isRead($0) } }

    /// - Parameter keepsKey: whether an attribute with a key is needed of a span that is only counted.
    public init(_ policy: HeadPolicy, countedKeys keepsKey: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool) {
        self.policy = policy
        self.keepsKey = keepsKey
        outcomes = policy.rules.map(\.outcome) + [policy.other]
        names = policy.ruleNames
        hasRates = policy.hasRates
        keepsEverything = policy.keepsEverything
        rates = Mutex(RateLimits())
        benches = (0..<Self.benchCount).map { _ in Bench() }
    }

    /// May be called by several threads at once; those with different worker numbers do not wait for each other.
    /// - Parameters:
    ///   - worker: any number.
    ///   - now: nanoseconds, of a clock that goes on.
    public func split(_ batch: SpanBatch, worker: Int, now: Int64) -> HeadSplit {
        if batch.isCountOnly { return HeadSplit(kept: nil, counted: batch, droppedCounts: []) }
        if keepsEverything, !batch.hasTraceState { return HeadSplit(kept: batch, counted: nil, droppedCounts: []) }
        var decisions = HeadDecisions(policy, outcomes: outcomes, batch)
        if decisions.keepsAllAsItIs { return HeadSplit(kept: batch, counted: nil, droppedCounts: []) }
        if hasRates {
            rates.withLock { rates in
                rates.advance(to: now)
                decisions.decide(&rates, now: now)
            }
        } else {
            var none = RateLimits()
            decisions.decide(&none, now: now)
        }
        if decisions.keptCount == batch.spanCount, decisions.weightedCount == 0 {
            return HeadSplit(kept: batch, counted: nil, droppedCounts: [])
        }
        return benches[Int(worker.magnitude % UInt(Self.benchCount))].tools.withLock { tools in
            part(batch, decisions, &tools)
        }
    }

    private func part(
        _ batch: SpanBatch, _ decisions: borrowing HeadDecisions, _ tools: inout sending Tools?
    ) -> HeadSplit {
        var counts: [(policy: String, count: Int)] = []
        for (name, count) in zip(names, decisions.droppedCounts) where count > 0 { counts.append((name, count)) }
        var own = tools.take() ?? Tools()
        for row in 0..<batch.spanCount {
            let span = SpanView(batch: batch, row: row)
            if let threshold = decisions.threshold(ofRow: row) {
                own.kept.append(span, samplingThreshold: threshold)
            } else {
                own.counted.appendCounted(span, keepsKey: keepsKey)
            }
        }
        let split = HeadSplit(
            kept: own.kept.spanCount > 0 ? own.kept.makeBatch() : nil,
            counted: own.counted.spanCount > 0 ? own.counted.makeBatch(isCountOnly: true) : nil,
            droppedCounts: counts)
        own.kept.removeAll()
        own.counted.removeAll()
        tools = consume own
        return split
    }
}

/// A batch, parted. The order of the spans is kept.
public struct HeadSplit: Sendable {
    /// To be stored; the batch itself if nothing of it changes.
    public var kept: SpanBatch?
    /// Not to be stored, only counted.
    public var counted: SpanBatch?
    /// How many spans were left out, by the names of `HeadPolicy.ruleNames`; without those that left out none.
    public var droppedCounts: [(policy: String, count: Int)]
}

extension SpanBatch {
    /// Whether a span may have one.
    fileprivate var hasTraceState: Bool {
        for index in 0..<shapeCount where shape(index).hasTraceState { return true }
        return false
    }
}
