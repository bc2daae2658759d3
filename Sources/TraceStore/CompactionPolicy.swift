/// Which segments are merged: small neighbours in time that the same destinations lack, when there are many of them.
///
/// Every span is written again once or twice in its life: segments of a size that sealing makes become large ones, and
/// those much smaller, of quiet times, become ones of that size before.
struct CompactionPolicy {
    /// Spans that a merged segment has at most.
    var spanCountMax: Int
    /// Segments that are merged at once, and how many of a size there have to be.
    var segmentCount = 16

    /// - Parameter blockSpanCount: spans of a block, of which a segment has a limited number.
    init(spanCountMax: Int, blockSpanCount: Int) {
        // Blocks are half full at least: a trace that does not fit goes to the next.
        self.spanCountMax = min(spanCountMax, blockSpanCount * 30_000)
    }

    struct Candidate {
        var id: Int64
        /// Nanoseconds since 1970.
        var createdAt: Int64
        var spanCount: Int
        /// Nanoseconds; those thinned for different ages are not merged.
        var thinnedForAge: Int64 = 0
        var forwarding = ForwardCondition()
    }

    /// IDs of segments to merge, the oldest first; nil if none are due.
    func next(_ segments: [Candidate]) -> [Int64]? {
        for limit in [spanCountMax / (8 * segmentCount), spanCountMax / 8] {
            if let run = run(segments, sizeLimit: limit, countMin: segmentCount, countMax: segmentCount) { return run }
        }
        return nil
    }

    /// The same without waiting until there are many: every two neighbours that are not too large together.
    func nextOfAll(_ segments: [Candidate]) -> [Int64]? {
        run(segments, sizeLimit: spanCountMax, countMin: 2, countMax: segmentCount)
    }

    /// The first neighbours of at most the given size.
    private func run(_ segments: [Candidate], sizeLimit: Int, countMin: Int, countMax: Int) -> [Int64]? {
        var run: [Candidate] = []
        var spanCount = 0
        for segment in segments.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }) {
            if segment.spanCount > sizeLimit || segment.forwarding.isBegun {
                if run.count >= countMin { return run.map(\.id) }
                run = []
                spanCount = 0
                continue
            }
            if let last = run.last,
                last.thinnedForAge != segment.thinnedForAge || last.forwarding.lackedBy != segment.forwarding.lackedBy
            {
                if run.count >= countMin { return run.map(\.id) }
                run = []
                spanCount = 0
            }
            // As many as fit are enough, if they make it worth while.
            if spanCount + segment.spanCount > spanCountMax {
                if run.count >= max(2, countMin / 4) { return run.map(\.id) }
                run = []
                spanCount = 0
            }
            run.append(segment)
            spanCount += segment.spanCount
            if run.count == countMax { break }
        }
        return run.count >= countMin ? run.map(\.id) : nil
    }
}
