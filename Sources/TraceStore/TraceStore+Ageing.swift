internal import Catalog
internal import Logging
internal import Sampling
internal import SegmentStore
internal import Threads
internal import TraceModel

extension TraceStore {
    /// Thins the oldest segment that has come to an age for which less is to stay, if there is one.
    /// - Parameter isStopping: asked after each block.
    func ageIfDue(isStopping: () -> Bool) -> CompactionOutcome {
        let stages = samplingRules.ageing
        guard !stages.isEmpty else { return .nothingDue }
        let now = SystemClock.nanosecondsSince1970()
        let due = state.beginRewriting { candidates in
            // What was begun is handed on as it is: thinned spans say so, and would be other documents.
            candidates.filter { !$0.forwarding.isBegun && !$0.forwarding.isHeld && dueStage($0, stages, now) != nil }
                .min { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
                .map { [$0.id] }
        }
        guard let segment = due?.first else { return .nothingDue }
        let candidate = CompactionPolicy.Candidate(
            id: segment.id, createdAt: segment.reader.createdAt, spanCount: segment.statistics.spanCount,
            thinnedForAge: segment.thinnedForAge)
        guard let due = dueStage(candidate, stages, now) else {
            state.endRewriting([segment.id], replacement: nil)
            return .nothingDue
        }
        do {
            let replacement = try thin(
                segment, AgeSampler(stages, stage: due.stage), age: due.age, isStopping: isStopping)
            state.endRewriting([segment.id], replacement: replacement)
            pendingObservers.call()
            guard replacement != nil else { return .stopped }
            remover.remove([segment.id])
            return .merged
        } catch {
            state.endRewriting([segment.id], replacement: nil)
            logger.error(
                "a segment could not be thinned; it stays as it is",
                metadata: ["segment": "\(segment.id)", "reason": "\(error)"])
            return .failed
        }
    }

    /// The stage that a segment has come to and was not thinned for, and the age at which it begins.
    private func dueStage(
        _ segment: CompactionPolicy.Candidate, _ stages: [StagePolicy], _ now: Int64
    ) -> (stage: Int, age: Int64)? {
        guard let stage = AgeSampler.stage(forAge: now - segment.createdAt, in: stages), stage > 0 else { return nil }
        let age = stages[stage - 1].until
        return age > segment.thinnedForAge && !stages[stage].keepsEverything ? (stage, age) : nil
    }

    /// - Returns: what is left; nil if it was stopped.
    private func thin(
        _ segment: StoredSegment, _ sampler: AgeSampler, age: Int64, isStopping: () -> Bool
    ) throws -> [StoredSegment]? {
        let started = StoreState.now()
        var thinning = SegmentInstaller(folder: folder, catalog: catalog, options: options)
            .beginThinning(segment, forAge: age)
        var report = TailReport()
        do {
            var thinner = SegmentThinner(
                segment, neighbours: state.snapshot(), sampler, logger)
            var pace = ProcessorPace(share: options.compactionShare)
            let isComplete = try thinner.run(
                blockDone: {
                    pace.pause()
                    return !isStopping()
                }, take: { batches in try thinning.add(batches) })
            guard isComplete else {
                thinning.giveUp()
                return nil
            }
            report = thinner.report
        } catch {
            thinning.giveUp()
            throw error
        }
        let left = try thinning.finish()
        options.traceDecided(report)
        logger.info(
            "thinned a segment",
            metadata: [
                "segment": "\(segment.id)", "age_seconds": "\(age / 1_000_000_000)",
                "spans_before": "\(segment.statistics.spanCount)",
                "spans": "\(left.reduce(0) { $0 + $1.statistics.spanCount })",
                "bytes_before": "\(segment.statistics.byteCount)",
                "bytes": "\(left.reduce(0) { $0 + $1.statistics.byteCount })",
                "seconds": "\(((StoreState.now() - started) * 1000).rounded() / 1000)",
            ])
        return left
    }
}

/// Reads a segment trace by trace and copies what stays.
private struct SegmentThinner {
    private let segment: StoredSegment
    private var sampler: AgeSampler
    /// Finds the rest of traces of which other segments have parts.
    private let neighbours: [StoredSegment]
    private let reader: TraceReader
    private var decisions: [TraceID: TailDecision] = [:]
    private(set) var report = TailReport()

    /// Spans of a segment that is written, about: so many are in memory.
    private static let spanCountMax = 200_000
    /// Nanoseconds between parts of a trace.
    private static let margin: Int64 = 60_000_000_000

    init(_ segment: StoredSegment, neighbours: StoreSnapshot, _ sampler: AgeSampler, _ logger: Logger) {
        self.segment = segment
        self.sampler = sampler
        let own = segment.statistics
        self.neighbours = neighbours.segments.filter { other in
            guard other.id != segment.id, let start = other.statistics.earliestStart,
                let end = other.statistics.latestEnd, let ownStart = own.earliestStart, let ownEnd = own.latestEnd
            else { return false }
            return start <= ownEnd.addingReportingOverflow(Self.margin).partialValue
                && end >= ownStart.subtractingReportingOverflow(Self.margin).partialValue
        }
        reader = TraceReader(StoreSnapshot(generations: [], segments: [segment] + self.neighbours), logger)
    }

    /// - Parameters:
    ///   - blockDone: called after each block; false ends the work.
    ///   - take: gets what is to be a segment.
    /// - Returns: false if it was ended.
    mutating func run(blockDone: () -> Bool, take: ([SpanBatch]) throws -> Void) throws -> Bool {
        let blockCount = try StoreError.wrapSegment { () throws(SegmentError) in try segment.reader.blockCount() }
        defer { segment.reader.releaseMemory() }
        if sampler.needsSurvey {
            for block in 0..<blockCount {
                for spans in try traces(ofBlock: block) { sampler.survey(spans) }
                guard blockDone() else { return false }
            }
        }
        var kept = SpanBatchBuilder()
        for block in 0..<blockCount {
            for spans in try traces(ofBlock: block) {
                let decision = try decide(spans)
                report.count(decision, spanCount: spans.count)
                guard decision.isKept else { continue }
                for span in spans { kept.append(span, samplingThreshold: decision.threshold.rejected) }
            }
            if kept.spanCount >= Self.spanCountMax {
                try take([kept.makeBatch()])
                kept.removeAll()
            }
            guard blockDone() else { return false }
        }
        if kept.spanCount > 0 { try take([kept.makeBatch()]) }
        return true
    }

    /// Once for each trace, on all of it.
    private mutating func decide(_ spans: [SpanView]) throws -> TailDecision {
        guard let first = spans.first else { preconditionFailure("a trace has spans") }
        if let known = decisions[first.traceID] { return known }
        var whole = spans
        var isParted = try blockCount(of: first.traceID, segment) > 1
        for other in neighbours where !isParted { isParted = try blockCount(of: first.traceID, other) > 0 }
        if isParted, let trace = try reader.trace(first.traceID) { whole = trace.spans }
        let decision = sampler.decide(whole)
        // Others do not come again.
        if isParted { decisions[first.traceID] = decision }
        return decision
    }

    private func blockCount(of traceID: TraceID, _ segment: StoredSegment) throws(StoreError) -> Int {
        try StoreError.wrapSegment { () throws(SegmentError) in try segment.reader.blocks(ofTrace: traceID).count }
    }

    private func traces(ofBlock block: Int) throws(StoreError) -> [[SpanView]] {
        var builder = SpanBatchBuilder()
        try StoreError.wrapSegment { () throws(SegmentError) in try segment.reader.readBlock(block, into: &builder) }
        let batch = builder.makeBatch()
        var traces: [[SpanView]] = []
        for span in batch.spans {
            if traces.last?.last?.traceID == span.traceID {
                traces[traces.count - 1].append(span)
            } else {
                traces.append([span])
            }
        }
        return traces
    }
}
