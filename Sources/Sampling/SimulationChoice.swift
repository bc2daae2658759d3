internal import TraceModel

/// The traces of which an ageing stage keeps one for each operation and version of a segment: decided once the segment
/// is full, of which so many spans are taken to be one.
struct SimulationChoice {
    private var groups: [UInt64: Best] = [:]
    private var candidates: [Int: Candidate] = [:]
    private var nextCandidate = 0
    private var spanCount = 0
    private let segmentSpanCount: Int

    private struct Best {
        var randomness: UInt64
        var traceID: TraceID
        /// The next one's.
        var second: UInt64?
        /// nil if something else keeps the trace.
        var candidate: Int?
    }

    struct Candidate {
        var facts: TraceFacts
        /// What the stages before this one rejected, and the policy that counts where another trace is preferred.
        var base: SamplingThreshold
        var policy: String
        /// Of which it is the best so far.
        fileprivate var groupCount = 0

        init(facts: TraceFacts, base: SamplingThreshold, policy: String) {
            self.facts = facts
            self.base = base
            self.policy = policy
        }
    }

    /// What became of traces that waited.
    struct Outcome {
        var kept: [(candidate: Candidate, threshold: SamplingThreshold)] = []
        var dropped: [Candidate] = []
    }

    init(segmentSpanCount: Int) { self.segmentSpanCount = max(segmentSpanCount, 1) }

    /// - Parameter candidate: nil if the trace is kept in any case.
    mutating func add(_ trace: TailTrace, _ candidate: Candidate?) -> Outcome {
        var outcome = Outcome()
        let traceID = trace.spans[0].traceID
        let own = nextCandidate
        var waiting = candidate
        AgeSampler.forEachGroup(trace) { name in
            guard var best = groups[name] else {
                groups[name] = Best(
                    randomness: trace.randomness, traceID: traceID, candidate: candidate == nil ? nil : own)
                waiting?.groupCount += 1
                return
            }
            if best.traceID == traceID { return }
            if (trace.randomness, traceID) > (best.randomness, best.traceID) {
                if let old = best.candidate, let lost = release(old) { outcome.dropped.append(lost) }
                best = Best(
                    randomness: trace.randomness, traceID: traceID, second: best.randomness,
                    candidate: candidate == nil ? nil : own)
                waiting?.groupCount += 1
            } else {
                best.second = max(best.second ?? 0, trace.randomness)
            }
            groups[name] = best
        }
        if let waiting {
            nextCandidate += 1
            if waiting.groupCount > 0 { candidates[own] = waiting } else { outcome.dropped.append(waiting) }
        }
        spanCount += trace.spans.count
        if spanCount >= segmentSpanCount { outcome.kept += finish().kept }
        return outcome
    }

    /// - Returns: the candidate, if it is the best of no group any more.
    private mutating func release(_ number: Int) -> Candidate? {
        guard var candidate = candidates[number] else { return nil }
        candidate.groupCount -= 1
        candidates[number] = candidate.groupCount > 0 ? candidate : nil
        return candidate.groupCount > 0 ? nil : candidate
    }

    /// Ends a segment: those that wait are the best of some group.
    mutating func finish() -> Outcome {
        var thresholds: [Int: SamplingThreshold] = [:]
        for best in groups.values {
            guard let number = best.candidate else { continue }
            let threshold = SamplingThreshold(rejected: best.second.map { min($0 + 1, best.randomness) } ?? 0)
            thresholds[number] = min(thresholds[number] ?? .none, threshold)
        }
        var outcome = Outcome()
        for (number, candidate) in candidates {
            outcome.kept.append((candidate, max(candidate.base, thresholds[number] ?? candidate.base)))
        }
        groups.removeAll(keepingCapacity: true)
        candidates.removeAll(keepingCapacity: true)
        spanCount = 0
        return outcome
    }
}
