internal import Bytes
internal import TraceModel

/// What traces add to series, worked out once for all that differ only in their IDs, times and durations.
///
/// Traces are of one pattern if their spans, by start, are of the same sites and stand below each other in the same
/// way. That says all that counts where each span has its own ID and a start, and all of them are in one minute; other
/// traces have no pattern.
struct TracePatterns: Sendable {
    struct Step: Sendable, BitwiseCopyable {
        /// In the minute that the pattern was placed at.
        var tally: UInt32
        /// By start; -1: none.
        let clientPlace: Int8
        let serverPlace: Int8
        let isError: Bool
        let isSign: Bool
    }

    private struct Pattern: Sendable {
        let hash: UInt64
        let words: Range<Int>
        let steps: Range<Int>
        /// Nanoseconds since 1970; nil before the first.
        var minute: Int64?
    }

    private var patterns: [Pattern] = []
    private var words: [UInt64] = []
    private var steps: [Step] = []
    /// Of each step.
    private var series: [CallSeries] = []
    /// Open addressing: a number of a pattern plus one, or 0.
    private var slots = [UInt32](repeating: 0, count: 64)
    /// Nobody outside can know which traces fall into the same slot.
    private let seed = UInt64.random(in: .min ... .max)
    private var readCount = 0
    private var foundCount = 0

    // Of the trace at hand.
    private var spanIDs: [UInt64] = []
    private var key: [UInt64] = []
    private var hash: UInt64 = 0

    private static let spanCountMax = 64
    private static let stepCountMax = 1 << 16
    /// After so many traces, it is told whether patterns recur.
    private static let trialCount = 512

    /// Reads what tells the pattern of a trace.
    /// - Parameter records: of one trace, sorted by start and ID.
    /// - Returns: whether it has one that is worth looking for.
    mutating func read(_ records: UnsafeBufferPointer<CallRecord>, _ sites: UnsafeBufferPointer<CallSite>) -> Bool {
        guard let first = records.first, let last = records.last, records.count <= Self.spanCountMax,
            readCount < Self.trialCount || foundCount * 4 > readCount,
            first.start != SpanBatch.absentTime,
            SeriesSums.minute(of: first.start) == SeriesSums.minute(of: last.start)
        else { return false }
        readCount += 1
        key.removeAll(keepingCapacity: true)
        spanIDs.removeAll(keepingCapacity: true)
        var hash = ByteHash.fold(UInt64(records.count) ^ seed, ByteHash.seed)
        // Of the spans without a parent that with the least ID is the top of the tree.
        var top = -1
        for (place, record) in records.enumerated() {
            if sites[Int(record.site)].traits.isShared { return false }
            for earlier in spanIDs where earlier == record.spanID { return false }
            spanIDs.append(record.spanID)
            var parent: UInt64 = 0
            if record.parentID != 0 {
                parent = 1
                for other in records.indices where records[other].spanID == record.parentID {
                    parent = UInt64(other) + 2
                }
            } else if top < 0 || record.spanID < spanIDs[top] {
                top = place
            }
            let word = UInt64(record.site) << 32 | parent
            key.append(word)
            hash = ByteHash.fold(hash ^ word, ByteHash.seed)
        }
        key.append(UInt64(top + 1))
        self.hash = ByteHash.fold(hash ^ UInt64(top + 1), ByteHash.seed)
        return true
    }

    /// The number of the pattern of the trace that was read last; nil if it is new.
    mutating func find() -> Int? {
        var slot = slot(of: hash)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if patterns[number].hash == hash, words[patterns[number].words].elementsEqual(key) {
                foundCount += 1
                return number
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Enters the pattern of the trace that was read last.
    mutating func enter(_ trace: TraceSteps) {
        guard steps.count + trace.steps.count <= Self.stepCountMax else { return }
        let (firstWord, firstStep) = (words.count, steps.count)
        words.append(contentsOf: key)
        // The trace's spans are by ID.
        let places = trace.spans.map { span in Int8(spanIDs.firstIndex(of: span.spanID) ?? 0) }
        for step in trace.steps {
            func place(_ own: Int32) -> Int8 { own < 0 ? -1 : places[Int(own)] }
            steps.append(
                Step(
                    tally: 0, clientPlace: place(step.clientPlace), serverPlace: place(step.serverPlace),
                    isError: step.isError, isSign: step.isSign))
            series.append(step.series)
        }
        patterns.append(Pattern(hash: hash, words: firstWord..<words.count, steps: firstStep..<steps.count))
        if patterns.count * 2 > slots.count {
            slots = [UInt32](repeating: 0, count: slots.count * 4)
            for number in patterns.indices { enterSlot(number) }
        } else {
            enterSlot(patterns.count - 1)
        }
    }

    private mutating func enterSlot(_ number: Int) {
        var slot = slot(of: patterns[number].hash)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt32(number + 1)
    }

    @inline(__always)
    private func slot(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

    // MARK: Steps

    func minute(of pattern: Int) -> Int64? { patterns[pattern].minute }

    /// Finds the tallies of a pattern's steps in a minute.
    mutating func place(_ pattern: Int, at minute: Int64, _ tally: (CallSeries) -> Int) {
        patterns[pattern].minute = minute
        for step in patterns[pattern].steps { steps[step].tally = UInt32(tally(series[step])) }
    }

    func steps(of pattern: Int) -> ArraySlice<Step> { steps[patterns[pattern].steps] }
}
