internal import SegmentStore

/// One segment, in numbers.
public struct SegmentFigures: Sendable {
    public let id: Int64
    /// Nanoseconds since 1970.
    public let createdAt: Int64
    /// Nanoseconds since 1970; nil if no span has a start.
    public let earliestStart: Int64?
    public let latestEnd: Int64?
    public let spanCount: Int
    public let traceCount: Int
    public let errorCount: Int
    public let blockCount: Int
    public let byteCount: Int
}

/// Where the bytes of all segments go.
public struct StoreComposition: Sendable {
    public struct Part: Sendable {
        /// `attribute KEY`, `field NAME`, or what else it is in words.
        public let name: String
        public let byteCount: Double
    }

    /// The costliest first.
    public let parts: [Part]
    public let spanCount: Int
    public let byteCount: Int
}

extension TraceStore {
    /// The segments in the order of their creation.
    public func segmentFigures() throws(StoreError) -> [SegmentFigures] {
        var figures: [SegmentFigures] = []
        for segment in state.snapshot().segments.sorted(by: {
            ($0.reader.createdAt, $0.id) < ($1.reader.createdAt, $1.id)
        }) {
            let blockCount = try StoreError.wrapSegment { () throws(SegmentError) in try segment.reader.blockCount() }
            segment.reader.releaseMemory()
            let known = segment.statistics
            figures.append(
                SegmentFigures(
                    id: segment.id, createdAt: segment.reader.createdAt, earliestStart: known.earliestStart,
                    latestEnd: known.latestEnd, spanCount: known.spanCount, traceCount: known.traceCount,
                    errorCount: known.errorCount, blockCount: blockCount, byteCount: known.byteCount))
        }
        return figures
    }

    /// Reads all segments and says where their bytes go.
    /// - Parameter progress: called with the segments done and all there are.
    public func composition(progress: (_ done: Int, _ total: Int) -> Void) throws(StoreError) -> StoreComposition {
        let segments = state.snapshot().segments
        var sum = SegmentComposition()
        for (number, segment) in segments.enumerated() {
            progress(number, segments.count)
            sum.add(try StoreError.wrapSegment { () throws(SegmentError) in try segment.reader.composition() })
            segment.reader.releaseMemory()
        }
        progress(segments.count, segments.count)
        let parts = sum.byteCounts.map { StoreComposition.Part(name: $0.key.name, byteCount: $0.value) }
        return StoreComposition(
            parts: parts.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }, spanCount: sum.spanCount,
            byteCount: segments.reduce(0) { $0 + $1.reader.byteCount })
    }
}

extension SegmentComposition.Part {
    fileprivate var name: String {
        switch self {
        case .attribute(let key): "attribute \(key)"
        case .field(let field): "field \(field)"
        case .events: "events"
        case .start: "start"
        case .duration: "duration"
        case .traceIDs: "trace IDs"
        case .spanIDs: "span IDs"
        case .shapesAndParents: "shapes and parents"
        case .dictionary: "dictionary"
        case .schema: "schema"
        case .blockDirectory: "block directory"
        case .traceDirectory: "trace directory"
        case .valueDirectory: "value directory"
        case .names: "names"
        case .frame: "header and trailer"
        }
    }
}
