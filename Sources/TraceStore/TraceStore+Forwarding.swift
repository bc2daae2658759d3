internal import Catalog
internal import SegmentStore
internal import Threads
internal import TopologyStore
public import TraceModel

/// A destination that is handed everything that is stored, as the store is told of it.
public struct StoreDestination: Sendable, Equatable {
    public var name: String
    /// Whether retention, and thinning by age, wait for what it lacks.
    public var holdsRetention: Bool
    /// Whether a new one is handed the segments that there are, or only what comes.
    public var takesStored: Bool

    public init(name: String, holdsRetention: Bool = true, takesStored: Bool = true) {
        self.name = name
        self.holdsRetention = holdsRetention
        self.takesStored = takesStored
    }
}

/// How far behind a destination is.
public struct ForwardLag: Sendable, Equatable {
    /// Spans in segments that it lacks.
    public var spanCount = 0
    public var segmentCount = 0
    /// Nanoseconds since 1970 at which the oldest of the segments was made; nil without any.
    public var oldestCreatedAt: Int64?
    /// Spans that retention removed before it had them, since the process began.
    public var unsentSpanCount = 0

    public init() {}
}

/// A segment that a destination lacks. It can be read to its end, whatever becomes of the segment meanwhile.
public struct PendingSegment: Sendable {
    let destinationID: Int64
    let segment: StoredSegment
    /// Of its spans, in its order, those that the destination has.
    public let doneSpanCount: Int

    public var id: Int64 { segment.id }
    public var spanCount: Int { segment.statistics.spanCount }
    /// Nanoseconds since 1970.
    public var createdAt: Int64 { segment.reader.createdAt }
}

/// A piece of a pending segment.
public enum PendingPart: Sendable {
    /// The spans of the batch in these rows. Those of one trace stand one behind the other.
    case spans(SpanBatch, rows: Range<Int>)
    /// Spans that cannot be read; the reason says where they are.
    case damaged(spanCount: Int, reason: String)
}

/// What a destination was, or is to be, told of the calls of an interval.
public struct ToldCalls: Sendable, Equatable {
    /// Nanoseconds since 1970.
    public var start: Int64
    /// Of what it was told last.
    public var hash: Int64
    /// What it is to be told, until it was.
    public var content: [UInt8]?

    public init(start: Int64, hash: Int64, content: [UInt8]?) {
        self.start = start
        self.hash = hash
        self.content = content
    }
}

extension TraceStore {
    /// The store's own random UUID.
    public func storeID() throws(StoreError) -> String {
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.storeID }
    }

    /// The key of the hash that hides attributes from destinations, 16 bytes; made with the catalog, and kept by a
    /// rebuild.
    public func forwardHashKey() throws(StoreError) -> [UInt8] {
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.forwardHashKey }
    }

    /// Names of all destinations that the folder knows, those that the options no longer name included.
    public func knownDestinations() throws(StoreError) -> [String] {
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.forwardDestinations().map(\.name) }
    }

    /// Forgets a destination that the options do not name, and what it lacks.
    /// - Returns: false if it is not known.
    public func forgetDestination(_ name: String) throws(StoreError) -> Bool {
        precondition(!options.destinations.contains { $0.name == name }, "a destination in use is not forgotten")
        let known = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.forwardDestinations() }
        guard let destination = known.first(where: { $0.name == name }) else { return false }
        try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.removeForwardDestination(named: name) }
        state.forgetDestination(destination.id)
        return true
    }

    /// How far behind a destination is; one that the options do not name is not behind.
    public func lag(destination: String) -> ForwardLag { state.lag(destination) }

    /// How far behind the destinations are that the folder knows, by name; for whoever looks at the folder alone.
    public func lags() throws(StoreError) -> [(name: String, lag: ForwardLag)] {
        let known = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.forwardDestinations() }
        return known.map { ($0.name, state.lag($0.id)) }.sorted { $0.name < $1.name }
    }

    /// The oldest segment that a destination lacks and that nobody rewrites; it is the caller's until `endPending`.
    public func nextPending(destination: String) -> PendingSegment? { state.nextPending(destination) }

    /// Gives a segment back, whether all of it was handed on or not.
    public func endPending(_ pending: PendingSegment) {
        pending.segment.reader.releaseMemory()
        state.endPending(pending)
    }

    /// Calls `body` after each change by which a destination may lack more; from any thread, and it must not block.
    public func whenPending(_ body: @escaping @Sendable () -> Void) { pendingObservers.add(body) }

    /// Reads a segment in its order, block by block; one block is in memory at a time.
    /// - Parameters:
    ///   - place: of the first span wanted.
    ///   - body: gets each piece and the place behind it; false ends the reading.
    /// - Throws: `StoreError`; `corrupt` if nothing of the segment can be read. What `body` throws.
    public func readPending(
        _ pending: PendingSegment, from place: Int, _ body: (PendingPart, _ endPlace: Int) throws -> Bool
    ) throws {
        let reader = pending.segment.reader
        let spanCounts = try StoreError.wrapSegment { () throws(SegmentError) in try reader.blockSpanCounts() }
        var start = 0
        var builder = SpanBatchBuilder()
        for (block, spanCount) in spanCounts.enumerated() {
            let end = start + spanCount
            defer { start = end }
            guard end > place else { continue }
            builder.removeAll()
            var part: PendingPart
            do throws(SegmentError) {
                try reader.readBlock(block, into: &builder)
                let batch = builder.makeBatch()
                part = .spans(batch, rows: min(batch.spanCount, max(0, place - start))..<batch.spanCount)
            } catch {
                guard error.code == .corrupt else { throw StoreError(error) }
                part = .damaged(spanCount: end - max(start, place), reason: error.message)
            }
            guard try body(part, end) else { return }
        }
    }

    /// The span of a trace without a parent, or nil if the segment has none: for traces of which a block has not all.
    public func root(of traceID: TraceID, in pending: PendingSegment) throws(StoreError) -> SpanView? {
        try StoreError.wrapSegment { () throws(SegmentError) in
            let reader = pending.segment.reader
            let memory = BlockMemory()
            for block in try reader.blocks(ofTrace: traceID) {
                for part in try reader.parts(ofTrace: traceID, inBlock: block, memory) {
                    var spans = TracePartReader(part, of: reader)
                    while spans.readCount < part.spanCount {
                        var builder = SpanBatchBuilder()
                        try spans.read(Self.rootReadCount, into: &builder, memory)
                        for span in builder.makeBatch().spans where span.parentID == nil { return span }
                    }
                }
            }
            return nil
        }
    }

    /// Spans read at once in the search for a root, which mostly is the first.
    private static let rootReadCount = 64

    // MARK: Calls

    /// What a destination was, or is to be, told of the calls of intervals, ascending; one that the options do not name
    /// nothing.
    public func toldCalls(destination: String) throws(StoreError) -> [ToldCalls] {
        guard let id = state.destinationID(destination) else { return [] }
        return try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.forwardCalls(destinationID: id).map {
                ToldCalls(start: $0.start, hash: $0.hash, content: $0.content)
            }
        }
    }

    /// Notes what a destination is to be told of intervals, in place of what was noted of them.
    public func noteCalls(_ calls: [ToldCalls], destination: String) throws(StoreError) {
        guard let id = state.destinationID(destination) else { return }
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.putForwardCalls(
                destinationID: id, calls.map { ForwardCalls(start: $0.start, hash: $0.hash, content: $0.content) })
        }
    }

    /// Notes that a destination was told of intervals, and forgets those before a time of which it was.
    /// - Parameter before: nanoseconds since 1970.
    public func markCalls(
        destination: String, told: [(start: Int64, hash: Int64)], forgetting before: Int64
    ) throws(StoreError) {
        guard let id = state.destinationID(destination) else { return }
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.markForwardCalls(destinationID: id, told: told, forgetting: before)
        }
    }

    /// Seconds for which `dependencies` tells minutes apart.
    public var minuteRetention: Double { options.topology.minuteRetention }

    // MARK: Progress

    /// Notes how much of a segment its destination has, so that it is not handed on again; all of it: for good.
    public func markForwarded(_ pending: PendingSegment, doneSpanCount: Int) throws(StoreError) {
        let done = doneSpanCount >= pending.spanCount ? nil : doneSpanCount
        try StoreError.wrapCatalog { () throws(CatalogError) in
            try catalog.markForwarded(
                destinationID: pending.destinationID, segmentID: pending.id, doneSpanCount: done)
        }
        state.markForwarded(pending, doneSpanCount: done)
    }
}

/// Who wants to know that a destination may lack more.
final class PendingObservers: @unchecked Sendable {
    // Unchecked: `bodies` is guarded by `lock`.
    private let lock = PthreadLock()
    private var bodies: [@Sendable () -> Void] = []

    func add(_ body: @escaping @Sendable () -> Void) { lock.withLock { bodies.append(body) } }

    func call() { for body in lock.withLock({ bodies }) { body() } }
}
