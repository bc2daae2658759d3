internal import SegmentStore
internal import Threads
internal import TopologyStore
internal import TraceModel

/// Spans that came between two turns of the store: in memory and in the journal, not yet in a segment.
///
/// The batches are guarded by the store's lock; the index over them has a lock of its own and is made, as far as it
/// is missing, when somebody asks: ingest never pays for it.
final class Generation: @unchecked Sendable {
    /// Grows from one generation to the next.
    let number: UInt64
    /// Those to be stored. Guarded by the store's lock.
    var batches: [SpanBatch] = []
    /// All that came, also what is only counted.
    var arrived: [ArrivedBatch] = []
    var byteCount = 0
    /// Spans of `batches`, and of those that are only counted.
    var spanCount = 0
    var countedSpanCount = 0
    /// Batches handed to the journal and not yet answered by it.
    var pendingCount = 0
    /// Seconds of the monotonic clock; nil before the first batch.
    var firstAppend: Double?
    var lastAppend: Double = 0

    private let indexLock = PthreadLock()
    private var index = LiveIndex()

    init(number: UInt64) { self.number = number }

    /// Takes a batch in whose bytes are not counted yet.
    func add(_ batch: SpanBatch) {
        byteCount += batch.byteCount
        keep(batch)
    }

    /// Takes in a batch that the journal has.
    func keep(_ batch: SpanBatch) {
        arrived.append(ArrivedBatch(batch, arrival: SystemClock.nanosecondsSince1970()))
        if batch.isCountOnly {
            countedSpanCount += batch.spanCount
        } else {
            batches.append(batch)
            spanCount += batch.spanCount
        }
        let now = StoreState.now()
        if firstAppend == nil { firstAppend = now }
        lastAppend = now
    }

    /// Calls `body` with an index over `batches`, which are those of this generation as the store's lock showed them.
    func withIndex<Result>(of batches: [SpanBatch], _ body: (borrowing LiveIndex) -> Result) -> Result {
        indexLock.withLock {
            index.extend(to: batches)
            return body(index)
        }
    }
}

/// A generation as it was at one moment.
struct GenerationSnapshot: Sendable {
    let generation: Generation
    let batches: [SpanBatch]
    let arrived: [ArrivedBatch]
}

/// Where a span lies in the batches of a generation.
struct LiveSpan: BitwiseCopyable {
    var batch: UInt32
    var row: UInt32
}

/// Where the spans of each trace lie in the batches of a generation, and which names they have.
struct LiveIndex: ~Copyable {
    struct Place {
        var batch: UInt32
        var row: UInt32
        /// The place of the span before it in the same trace; -1: none.
        var previous: Int32
    }

    private var indexedBatchCount = 0
    private var places: [Place] = []
    private var lastPlaces: [TraceID: Int32] = [:]
    private(set) var names: [String: ServiceNames] = [:]

    struct ServiceNames {
        var operations: Set<SegmentNames.Operation> = []
        var remoteServiceNames: Set<String> = []
    }

    mutating func extend(to batches: [SpanBatch]) {
        for number in indexedBatchCount..<max(indexedBatchCount, batches.count) {
            let batch = batches[number]
            for row in 0..<batch.spanCount {
                let traceID = TraceID(high: batch.traceIDHighColumn[row], low: batch.traceIDLowColumn[row])
                let previous = lastPlaces.updateValue(Int32(places.count), forKey: traceID)
                places.append(Place(batch: UInt32(number), row: UInt32(row), previous: previous ?? -1))
            }
            addNames(of: batch)
        }
        indexedBatchCount = max(indexedBatchCount, batches.count)
    }

    private mutating func addNames(of batch: SpanBatch) {
        func text(_ number: UInt32) -> String { String(decoding: batch.string(number), as: UTF8.self) }
        var hasRemotes = [Bool](repeating: false, count: batch.shapeCount)
        for number in 0..<batch.shapeCount {
            let shape = batch.shape(number)
            names[text(shape.serviceName), default: ServiceNames()].operations.insert(
                .init(name: text(shape.operationName), kind: shape.traits.kind.rawValue))
            hasRemotes[number] = (0..<shape.columnCount).contains { shape.column($0).field == .remoteServiceName }
        }
        guard hasRemotes.contains(true) else { return }
        for span in batch.spans where hasRemotes[Int(batch.shapeColumn[span.row])] {
            guard let remote = span.remoteServiceName else { continue }
            names[text(span.shape.serviceName)]?.remoteServiceNames.insert(String(decoding: remote, as: UTF8.self))
        }
    }

    var traceIDs: some Sequence<TraceID> { lastPlaces.keys }

    /// Batch and row of each span of the trace, in the order of arrival.
    func spans(of traceID: TraceID) -> [LiveSpan] {
        var found: [LiveSpan] = []
        var next = lastPlaces[traceID] ?? -1
        while next >= 0 {
            let place = places[Int(next)]
            found.append(LiveSpan(batch: place.batch, row: place.row))
            next = place.previous
        }
        found.reverse()
        return found
    }
}
