internal import Logging
internal import SegmentStore
internal import TraceModel

/// Reads a trace of many spans piece by piece.
///
/// First an outline of all spans is read and put in order; then each part is read once more, in its own order, as far
/// as the next piece needs it. In memory are the outline, a few blocks, and some spans of each part that the piece at
/// hand has spans of.
final class LongTraceReader {
    private(set) var outline: TraceOutline
    private(set) var damage: SegmentError?
    private let reader: TraceReader
    private let work: QueryWork
    private var parts: [LongTracePart] = []
    /// The first span of each part among those of all parts, and behind them their number.
    private var firstPlaces = [0]
    /// For each place in the trace the place among the spans of all parts.
    private var order: [UInt32] = []
    private var nextPlace = 0
    private var builder = SpanBatchBuilder()
    private let recentSegments: RecentSegments
    /// Spans that are read of a part at once.
    private var chunkSpanCount = LongTraceReader.pieceSpanCount

    /// Spans given out at once.
    private static let pieceSpanCount = 1024
    /// Spans of parts that are in memory at once, about.
    private static let keptSpanCount = 8192

    init(
        _ traceID: TraceID, _ found: TraceReader.Parts, _ reader: TraceReader, _ work: QueryWork
    ) throws(StoreError) {
        self.reader = reader
        self.work = work
        outline = TraceOutline(traceID)
        recentSegments = RecentSegments(reader.blocks)
        try readOutlines(found)
        sort()
        let repeated = try repeatedPlaces()
        if !repeated.isEmpty { order = order.enumerated().filter { !repeated.contains($0.offset) }.map(\.element) }
        planChunks()
        let isAsRead = order.count == outline.count && order.indices.allSatisfy { order[$0] == UInt32($0) }
        if !isAsRead { outline.select(order) }
    }

    // MARK: Opening

    private func readOutlines(_ found: TraceReader.Parts) throws(StoreError) {
        var found = found
        outline.reserveCapacity(found.spanCount)
        for (segment, part) in found.stored {
            try work.check()
            let stored = reader.snapshot.segments[segment].reader
            let before = outline.count
            do throws(SegmentError) {
                try stored.readOutline(part, into: &outline, recentSegments.blocks(ofSegment: segment))
            } catch {
                outline.truncate(to: before)
                reader.note(error, outline.traceID, &found)
                continue
            }
            add(LongTracePart(.stored(TracePartReader(part, of: stored), segment: segment), before..<outline.count))
        }
        for (batches, spans) in found.live {
            try work.check()
            let before = outline.count
            for span in spans { outline.append(SpanView(batch: batches[Int(span.batch)], row: Int(span.row))) }
            add(LongTracePart(.live(batches, spans), before..<outline.count))
        }
        damage = found.damage
    }

    private func add(_ part: LongTracePart) {
        var part = part
        let starts = outline.starts[part.places]
        part.isOrdered = zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
        parts.append(part)
        firstPlaces.append(outline.count)
    }

    /// By start; spans that start together keep the order of the parts.
    private func sort() {
        order = outline.starts.indices.map { UInt32($0) }
        let starts = outline.starts
        guard !zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }) else { return }
        starts.withUnsafeBufferPointer { starts in
            order.sort { a, b in
                let (startA, startB) = (starts[Int(a)], starts[Int(b)])
                return startA == startB ? a < b : startA < startB
            }
        }
    }

    /// How much of a part is read at once, so that all that are read at a time stay within the limit.
    private func planChunks() {
        var firsts = [Int](repeating: .max, count: parts.count)
        var lasts = [Int](repeating: -1, count: parts.count)
        var part = 0
        for (place, own) in order.enumerated() {
            part = self.part(of: Int(own), near: part)
            firsts[part] = min(firsts[part], place)
            lasts[part] = place
        }
        var changes: [(place: Int, change: Int)] = []
        for part in parts.indices where lasts[part] >= 0 {
            changes.append((firsts[part], 1))
            changes.append((lasts[part] + 1, -1))
            parts[part].lastPlace = lasts[part]
        }
        changes.sort { $0 < $1 }
        var (open, most) = (0, 1)
        for change in changes {
            open += change.change
            most = max(most, open)
        }
        chunkSpanCount = max(32, min(Self.pieceSpanCount, Self.keptSpanCount / most))
    }

    /// The part that has a span.
    /// - Parameter near: the part of the span before, most likely the same.
    private func part(of place: Int, near part: Int) -> Int {
        if place >= firstPlaces[part], place < firstPlaces[part + 1] { return part }
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if firstPlaces[middle + 1] <= place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Equal spans

    /// Places in the trace of spans that are equal to an earlier one in everything.
    private func repeatedPlaces() throws(StoreError) -> Set<Int> {
        let candidates = likePlaces()
        guard !candidates.isEmpty else { return [] }
        let digests = try digests(of: candidates.map { order[$0] })
        var repeated: Set<Int> = []
        var known: Set<SpanView.ContentDigest> = []
        for place in candidates {
            // What cannot be read is left out.
            guard let digest = digests[order[place]], known.insert(digest).inserted else {
                repeated.insert(place)
                continue
            }
        }
        return repeated
    }

    /// Places in the trace of spans that are like another one as far as the outline tells, ascending.
    private func likePlaces() -> [Int] {
        var found: [Int] = []
        var first = 0
        while first < order.count {
            let start = outline.starts[Int(order[first])]
            var end = first + 1
            while end < order.count, outline.starts[Int(order[end])] == start { end += 1 }
            if end - first > 1 { found += likePlaces(first..<end) }
            first = end
        }
        return found
    }

    /// The same among places with one start.
    private func likePlaces(_ places: Range<Int>) -> [Int] {
        let byID = places.sorted { (outline.spanIDs[Int(order[$0])], $0) < (outline.spanIDs[Int(order[$1])], $1) }
        var found: [Int] = []
        var first = 0
        while first < byID.count {
            let spanID = outline.spanIDs[Int(order[byID[first]])]
            var end = first + 1
            while end < byID.count, outline.spanIDs[Int(order[byID[end]])] == spanID { end += 1 }
            if end - first > 1 { found += byID[first..<end] }
            first = end
        }
        return found.sorted()
    }

    /// What the spans at these places of the parts hold.
    private func digests(of places: [UInt32]) throws(StoreError) -> [UInt32: SpanView.ContentDigest] {
        var digests: [UInt32: SpanView.ContentDigest] = [:]
        let sorted = places.sorted()
        var next = 0
        for index in parts.indices where next < sorted.count && sorted[next] < parts[index].places.upperBound {
            // A reader of its own: the part is read from its beginning again later.
            var part = parts[index]
            while next < sorted.count, sorted[next] < part.places.upperBound {
                if let span = try span(Int(sorted[next]), of: &part, isInOrder: true) {
                    digests[sorted[next]] = span.contentDigest
                }
                next += 1
            }
        }
        return digests
    }

    // MARK: Reading

    /// The next spans and the place of the first; nil behind the last.
    func next() throws(StoreError) -> (place: Int, spans: [SpanView])? {
        while nextPlace < order.count {
            try work.check()
            var spans: [SpanView] = []
            let end = min(order.count, nextPlace + Self.pieceSpanCount)
            spans.reserveCapacity(end - nextPlace)
            var index = 0
            while nextPlace < end {
                let place = Int(order[nextPlace])
                index = part(of: place, near: index)
                let span = try span(place, of: &parts[index], isInOrder: parts[index].isOrdered)
                // Places follow each other within a piece.
                if span == nil, !spans.isEmpty { break }
                if let span { spans.append(span) }
                if parts[index].lastPlace == nextPlace { parts[index].release() }
                nextPlace += 1
            }
            if !spans.isEmpty { return (nextPlace - spans.count, spans) }
        }
        return nil
    }

    /// A span by its place among those of all parts; nil if it cannot be read.
    /// - Parameter isInOrder: no span before it will be asked for.
    private func span(
        _ place: Int, of part: inout LongTracePart, isInOrder: Bool
    ) throws(StoreError) -> SpanView? {
        let index = place - part.places.lowerBound
        if case .live(let batches, let spans) = part.source {
            return SpanView(batch: batches[Int(spans[index].batch)], row: Int(spans[index].row))
        }
        while index >= part.chunkEnd, !part.isDamaged {
            try work.check()
            guard case .stored(var own, let segment) = part.source else { break }
            builder.removeAll()
            do throws(SegmentError) {
                let count = isInOrder ? chunkSpanCount : part.places.count
                try own.read(count, into: &builder, recentSegments.blocks(ofSegment: segment))
                part.take(builder.makeBatch(), own, segment: segment)
            } catch {
                part.isDamaged = true
                var parts = TraceReader.Parts()
                reader.note(error, outline.traceID, &parts)
            }
        }
        return part.span(index)
    }
}

/// Spans of a long trace that stand together, and those of them that are in memory.
private struct LongTracePart {
    enum Source {
        case stored(TracePartReader, segment: Int)
        case live([SpanBatch], [LiveSpan])
    }

    private(set) var source: Source
    /// Of its spans among those of all parts.
    let places: Range<Int>
    /// Its spans are in the order of the trace.
    var isOrdered = true
    /// Of its last span in the trace.
    var lastPlace = -1
    var isDamaged = false
    private var chunk: SpanBatch?
    private var chunkStart = 0
    private(set) var chunkEnd = 0

    init(_ source: Source, _ places: Range<Int>) {
        self.source = source
        self.places = places
    }

    mutating func take(_ batch: SpanBatch, _ reader: TracePartReader, segment: Int) {
        precondition(batch.spanCount > 0, "a part has as many spans as its block says")
        source = .stored(reader, segment: segment)
        chunk = batch
        chunkStart = chunkEnd
        chunkEnd += batch.spanCount
    }

    func span(_ index: Int) -> SpanView? {
        guard let chunk, index >= chunkStart, index < chunkEnd else { return nil }
        return SpanView(batch: chunk, row: index - chunkStart)
    }

    mutating func release() { chunk = nil }
}

/// The blocks of the segments that were read last; those of the others are forgotten.
private final class RecentSegments {
    private let blocks: [BlockMemory]
    private var open: [Int] = []

    private static let countMax = 4

    init(_ blocks: [BlockMemory]) { self.blocks = blocks }

    func blocks(ofSegment segment: Int) -> BlockMemory {
        if open.last == segment { return blocks[segment] }
        if let known = open.firstIndex(of: segment) {
            open.remove(at: known)
        } else if open.count == Self.countMax {
            blocks[open.removeFirst()].removeAll()
        }
        open.append(segment)
        return blocks[segment]
    }
}
