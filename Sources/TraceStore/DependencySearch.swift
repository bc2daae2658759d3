internal import Logging
internal import SegmentStore
internal import Topology
internal import TraceModel

/// Counts the calls of all traces that begin within a window.
///
/// First it finds out which traces have parts in several places, from the lists of traces alone; then it reads the
/// blocks once, in the order of time. A trace that lies in one block is counted from there; the parts of the others
/// are kept until the last has come. In memory are the IDs of `TraceTally.traceCountMax` traces at a time, the IDs of
/// traces in several places, the live spans, and the spans of traces whose parts begin before the block at hand and
/// end behind it.
final class DependencySearch {
    private let snapshot: StoreSnapshot
    private let window: ClosedRange<Int64>
    private let work: QueryWork
    private let logger: Logger
    private let linker = SharedLinker()
    private let segments: OpenSegments
    /// Blocks that may have parts of the traces, by segment.
    private var blocks: [(segment: Int, block: CallBlock)] = []
    private var live = LiveCalls()
    /// Traces that have parts in several places, by the low half of their IDs.
    private var parted: [UInt64: PartedTrace] = [:]

    private struct PartedTrace {
        /// Spans that are still to come.
        var missingCount: Int
        var spans: [CallSpan] = []
        var times = TraceTimes()
    }

    /// Nanoseconds within which a trace goes on, or began, without any of its spans telling.
    private static let margin: Int64 = 5_000_000_000

    init(
        _ snapshot: StoreSnapshot, _ window: ClosedRange<Int64>, _ work: QueryWork, _ logger: Logger
    ) throws(StoreError) {
        self.snapshot = snapshot
        self.window = window
        self.work = work
        self.logger = logger
        segments = OpenSegments(snapshot.segments.map(\.reader), linker)
        let begun = window.lowerBound.subtractingReportingOverflow(Self.margin)
        let lateEnd = try LateParts(snapshot, end: window.upperBound).lateEnd()
        let reach = (begun.overflow ? .min : begun.partialValue)...max(window.upperBound, lateEnd)
        for (place, segment) in snapshot.segments.enumerated() where segment.statistics.mayReach(reach) {
            reporting { () throws(SegmentError) in
                let own = try segment.reader.callBlocks()
                blocks += own.filter { $0.mayReach(reach) }.map { (place, $0) }
            }
        }
        for generation in snapshot.generations {
            for batch in generation.batches { live.add(batch, within: reach, &linker.value) }
        }
        live.sort()
    }

    func links() throws(StoreError) -> [DependencyLink] {
        try findParted()
        try countLive()
        blocks.sort { ($0.block.earliestStart ?? .min) < ($1.block.earliestStart ?? .min) }
        for (segment, block) in blocks {
            try work.check()
            reporting { () throws(SegmentError) in try count(block, try segments[segment]) }
        }
        // Only what could not be read is missing.
        for trace in parted.values { count(trace) }
        return linker.value.links
    }

    /// Goes on without what cannot be read.
    private func reporting(_ body: () throws(SegmentError) -> Void) {
        do throws(SegmentError) {
            try body()
        } catch {
            logger.error("calls cannot be read", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Which blocks, which traces

    private func findParted() throws(StoreError) {
        let traceCount = blocks.reduce(live.traces.count) { $0 + $1.block.traceCount }
        let passCount = (traceCount + TraceTally.traceCountMax - 1) / TraceTally.traceCountMax
        for pass in 0..<passCount {
            var tally = TraceTally(pass: pass, of: passCount)
            for trace in live.traces { tally.add(live.traceIDLow(trace), spanCount: trace.count) }
            for (segment, block) in blocks {
                try work.check()
                reporting { () throws(SegmentError) in
                    try segments[segment].forEachTrace(ofBlock: block.number) { traceIDLow, spanCount in
                        tally.add(traceIDLow, spanCount: spanCount)
                    }
                }
            }
            tally.forEachParted { parted[$0] = PartedTrace(missingCount: $1) }
        }
    }

    // MARK: Counting

    private func countLive() throws(StoreError) {
        for (number, trace) in live.traces.enumerated() {
            if number % 1024 == 0 { try work.check() }
            var spans = live.spans(trace)
            count(&spans, live.traceIDLow(trace), live.times(trace))
        }
        live = LiveCalls()
    }

    private func count(_ block: CallBlock, _ segment: SegmentCalls) throws(SegmentError) {
        let calls = try segment.read(block: block.number)
        let isWithin = block.isWithin(window)
        var spans: [CallSpan] = []
        for trace in 0..<calls.traceCount {
            let traceIDLow = calls.traceIDLow(trace)
            var times = TraceTimes(earliest: calls.start(ofTrace: trace))
            if let start = times.earliest {
                let isWhole = parted[traceIDLow] == nil
                if isWhole && start > window.upperBound { continue }
                // If all of the block begins within the window, the root does too.
                if !isWhole || !isWithin || !window.contains(start) {
                    times.root = try calls.rootStart(ofTrace: trace)
                }
            }
            spans.removeAll(keepingCapacity: true)
            for span in calls.spans(trace) { spans.append(CallSpan(calls, span, traceIDLow, segment.shapes)) }
            count(&spans, traceIDLow, times)
        }
    }

    /// Counts the calls of a trace, or keeps its spans until the others have come.
    private func count(_ spans: inout [CallSpan], _ traceIDLow: UInt64, _ times: TraceTimes) {
        guard parted[traceIDLow] != nil else {
            if times.isWithin(window) { linker.value.add(&spans) }
            return
        }
        parted[traceIDLow]?.spans += spans
        parted[traceIDLow]?.times.include(times)
        parted[traceIDLow]?.missingCount -= spans.count
        if let trace = parted[traceIDLow], trace.missingCount <= 0 {
            parted[traceIDLow] = nil
            count(trace)
        }
    }

    private func count(_ trace: PartedTrace) {
        guard trace.times.isWithin(window) else { return }
        var spans = trace.spans
        linker.value.add(&spans)
    }
}

/// When a trace begins, as far as parts of it tell. Nanoseconds since 1970.
struct TraceTimes {
    /// Start of the earliest span; nil if none has one.
    var earliest: Int64?
    /// Start of the earliest span without a parent.
    var root: Int64?

    mutating func include(_ other: TraceTimes) {
        earliest = [earliest, other.earliest].compactMap(\.self).min()
        root = [root, other.root].compactMap(\.self).min()
    }

    func isWithin(_ window: ClosedRange<Int64>) -> Bool { (root ?? earliest).map(window.contains) ?? false }
}

extension ClosedRange<Int64> {
    /// Whether spans that begin and end so may be within; those without a start may be anywhere.
    fileprivate func mayOverlap(_ earliestStart: Int64?, _ latestStart: Int64?, _ latestEnd: Int64?) -> Bool {
        guard let earliestStart, let latestStart else { return true }
        return earliestStart <= upperBound && Swift.max(latestStart, latestEnd ?? latestStart) >= lowerBound
    }
}

extension CallBlock {
    fileprivate func mayReach(_ reach: ClosedRange<Int64>) -> Bool {
        reach.mayOverlap(earliestStart, latestStart, latestEnd)
    }

    /// Whether all spans that have a start begin within the window.
    fileprivate func isWithin(_ window: ClosedRange<Int64>) -> Bool {
        guard let earliestStart, let latestStart else { return true }
        return window.contains(earliestStart) && window.contains(latestStart)
    }
}

extension SegmentStatistics {
    fileprivate func mayReach(_ reach: ClosedRange<Int64>) -> Bool {
        reach.mayOverlap(earliestStart, latestStart, latestEnd)
    }
}

extension CallSpan {
    fileprivate init(_ calls: BlockCalls, _ span: Int, _ traceIDLow: UInt64, _ shapes: [SegmentCalls.Shape]) {
        let shape = shapes[calls.shape(ofSpan: span)]
        self.init(
            traceIDLow: traceIDLow, spanID: calls.spanIDs[span], parentID: calls.parentIDs[span],
            serviceName: shape.serviceName, remoteServiceName: calls.remoteServiceName(ofSpan: span),
            address: calls.address(ofSpan: span), kind: shape.traits.kind, isShared: shape.traits.isShared,
            isError: shape.traits.isFailure)
    }
}
