internal import Catalog
internal import Journal
internal import SegmentStore

/// What is wrong with a store, a line each.
public struct StoreProblems: Sendable {
    /// Of the catalog: what making it anew mends.
    public internal(set) var catalog: [String] = []
    public internal(set) var segments: [String] = []
    public internal(set) var journal: [String] = []

    public var all: [String] { catalog + segments + journal }
}

extension TraceStore {
    /// Reads all segments and holds them against their checksums, and against the catalog.
    /// - Parameter progress: called with the segments done and all there are.
    /// - Returns: what is wrong, a line each; empty if nothing is.
    public func verify(progress: (_ done: Int, _ total: Int) -> Void) throws(StoreError) -> [String] {
        let problems = try problems(progress: progress)
        return problems.catalog + problems.segments
    }

    /// Like `verify`, by the part of the store that has the problem. Of the journal it tells what was found when the
    /// store was opened: a loss of power may leave a part that cannot be read without anything else being wrong.
    public func problems(progress: (_ done: Int, _ total: Int) -> Void) throws(StoreError) -> StoreProblems {
        var problems = StoreProblems()
        let segments = state.snapshot().segments
        problems.catalog += try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.checkIntegrity() }
        let records = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.segments() }
        let recordsByID = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        let readable = Set(segments.map(\.id))
        let files = try StoreError.wrapSegment { () throws(SegmentError) in Set(try folder.segments.names()) }
        for record in records where !readable.contains(record.id) {
            if files.contains(record.fileName) {
                problems.segments.append("\(record.fileName): the catalog names it, but it cannot be read")
            } else {
                problems.catalog.append("\(record.fileName): the catalog names it, but there is no such file")
            }
        }
        for (number, segment) in segments.enumerated() {
            progress(number, segments.count)
            let own = segment.reader.verify()
            problems.segments += own
            if own.isEmpty, let record = recordsByID[segment.id] {
                problems.catalog += try Self.differences(of: record, segment.reader)
            }
            segment.reader.releaseMemory()
        }
        progress(segments.count, segments.count)
        problems.journal = journal.recovery.damages.map {
            "journal part \($0.partNumber): \($0.byteCount) bytes at \($0.offset) are no records; their spans are lost"
        }
        return problems
    }

    /// Where the catalog says something else of a segment than the segment itself.
    private static func differences(
        of record: SegmentRecord, _ reader: SegmentReader
    ) throws(StoreError) -> [String] {
        let actual = try StoreError.wrapSegment { () throws(SegmentError) in try reader.statistics() }
        func text(_ number: Int64?) -> String { number.map { "\($0)" } ?? "none" }
        let pairs = [
            ("spans", "\(record.spanCount)", "\(actual.spanCount)"),
            ("traces", "\(record.traceCount)", "\(actual.traceCount)"),
            ("errors", "\(record.errorCount)", "\(actual.errorCount)"),
            ("bytes", "\(record.byteCount)", "\(actual.byteCount)"),
            ("the earliest start", text(record.earliestStart), text(actual.earliestStart)),
            ("the latest start", text(record.latestStart), text(actual.latestStart)),
            ("the latest end", text(record.latestEnd), text(actual.latestEnd)),
            ("the creation", "\(record.createdAt)", "\(reader.createdAt)"),
        ]
        return pairs.filter { $0.1 != $0.2 }.map { what, told, found in
            "\(record.fileName): of \(what) the catalog says \(told), the segment \(found)"
        }
    }
}
