internal import GRDB
internal import QueryFiles

/// Says which segments there are, and which services and names each holds: where spans are, never what they say.
///
/// An SQLite file in WAL mode, with one writer and two readers. Every call blocks, for a disk sync where it writes:
/// keep it off event loops and off tasks. A change that returned survives the loss of power, because the caller then
/// removes the journal's parts or the segments that it made superfluous; a change that threw was not made at all.
/// Only one process may have the file open; the owner of the folder sees to that. Schema: storage/schema.
public final class Catalog: Sendable {
    private let pool: DatabasePool
    private let path: String
    private let limits: CatalogLimits
    private let reserve: CatalogReserve

    /// Opens the catalog, making an empty one if there is none.
    ///
    /// - Throws: `.unsupportedFormat` for the file of a newer release, `.corrupt` for one that is no catalog; neither
    ///   is touched.
    public init(path: String, limits: CatalogLimits = CatalogLimits()) throws(CatalogError) {
        self.path = path
        self.limits = limits
        reserve = CatalogReserve(path: path + "-reserve")
        do {
            try CatalogSchema.check(path)
            pool = try DatabasePool(path: path, configuration: Self.configuration())
            try pool.writeWithoutTransaction { database in
                // The pool's own choice is NORMAL, which may lose the last commits with the power.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // The WAL's file grows with the largest change; this gives the room back afterwards.
                try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
                // So that the room of calls that waited can be given back; takes effect with the next VACUUM.
                if try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") != Self.incrementalVacuum {
                    try database.execute(sql: "PRAGMA auto_vacuum = \(Self.incrementalVacuum)")
                    try database.execute(sql: "VACUUM")
                }
            }
            try CatalogSchema.migrate(pool)
        } catch {
            throw CatalogError("cannot be opened", path, error)
        }
        reserve.fill()
    }

    private static let incrementalVacuum = 2

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = 2
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -2048")  // KiB
            try database.execute(sql: "PRAGMA secure_delete = ON")
            // Nothing is written outside the store's folder.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// Paths of all files that belong to the catalog at `path`: what to remove before a catalog is made anew.
    public static func files(at path: String) -> [String] {
        [path, path + "-wal", path + "-shm", path + "-reserve"]
    }

    /// Ends the use of the catalog; calls after it throw.
    public func close() {
        // What a close that fails leaves behind, the next opening takes up.
        try? pool.close()
    }

    // MARK: Changes

    /// A number for a segment to come, never given out before.
    public func allocateSegmentID() throws(CatalogError) -> Int64 {
        try write("no segment ID can be given out") { try $0.allocateSegmentID() }
    }

    /// Enters a segment in one transaction: it appears, those that it replaces disappear, the journal's parts before
    /// `firstJournalPart` become superfluous.
    ///
    /// - Parameters:
    ///   - replacing: IDs of segments whose spans are all in the new one; those not in the catalog are passed over.
    ///   - firstJournalPart: number of the first part that holds anything not in segments; nil changes nothing, nor
    ///     does a number lower than the known one.
    /// - Returns: which destinations lack it: all, or those that lacked one of the replaced.
    @discardableResult
    public func add(
        _ summary: SegmentSummary, replacing: [Int64] = [], firstJournalPart: UInt64?
    ) throws(CatalogError) -> [PendingForward] {
        try add([summary], replacing: replacing, firstJournalPart: firstJournalPart)
    }

    /// Enters several segments in one transaction, what their spans change of the topology, and what was decided of
    /// their traces.
    @discardableResult
    public func add(
        _ summaries: [SegmentSummary], replacing: [Int64] = [], firstJournalPart: UInt64?,
        topology: TopologyChange? = nil, decisions: DecisionChange? = nil
    ) throws(CatalogError) -> [PendingForward] {
        let ids = summaries.map { "\($0.record.id)" }.joined(separator: ", ")
        let pending = try write("segment \(ids) cannot be entered") { writer in
            let pending = try writer.add(summaries, replacing: replacing, firstJournalPart: firstJournalPart)
            if let topology { try writer.change(topology) }
            if let decisions { try writer.change(decisions) }
            return pending
        }
        reserve.fill()
        return pending
    }

    /// Removes segments in one transaction, and forgets the names that only they had. IDs not in the catalog are
    /// passed over. Works on a full disk too, so that room can be made there: for it a reserve is kept.
    public func remove(segmentIDs: [Int64]) throws(CatalogError) {
        try writeIntoReserve("segments cannot be removed") { try $0.remove(segmentIDs) }
    }

    /// Makes a change that leads to more room, on a full disk in the room that is kept for it.
    func writeIntoReserve(_ failure: String, _ body: (CatalogWriter) throws -> Void) throws(CatalogError) {
        do throws(CatalogError) {
            try write(failure, body)
            reserve.fill()
        } catch {
            guard error.code == .diskFull, reserve.release() else { throw error }
            // Taken again with the next change: the segments' own room is not free yet.
            try write(failure, body)
        }
    }

    /// Replaces all that the catalog knows of segments in one transaction. IDs given out before are not given again.
    /// The topology, which segments do not tell, stays as it is; destinations lack every segment.
    ///
    /// - Parameters:
    ///   - summaries: taken one by one within the transaction: making them must not call this catalog.
    ///   - nextSegmentID: IDs lower than it are not given out either.
    public func rebuild(
        from summaries: some Sequence<SegmentSummary>, firstJournalPart: UInt64, nextSegmentID: Int64 = 1
    ) throws(CatalogError) {
        try write("cannot be rebuilt") {
            try $0.rebuild(summaries, firstJournalPart: firstJournalPart, nextSegmentID: nextSegmentID)
        }
    }

    /// Overwrites what was removed, so that no file has it any more.
    public func scrub() throws(CatalogError) {
        do {
            // Removed rows are overwritten as they go (`secure_delete`); the WAL still has the pages as they were.
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        } catch {
            throw CatalogError("what was removed cannot be overwritten", path, error)
        }
    }

    // MARK: Segments

    /// All segments, ascending by ID: the order in which they were made.
    public func segments() throws(CatalogError) -> [SegmentRecord] {
        try read("segments cannot be listed") { database in
            var records: [SegmentRecord] = []
            let rows = try database.rows(.segments)
            while let row = try rows.next() { records.append(try SegmentRecord(row)) }
            return records
        }
    }

    /// The segments that may hold spans that start within the window, of the service if one is given; those with the
    /// latest start first.
    ///
    /// - Parameters:
    ///   - window: nanoseconds since 1970. Spans without a start are in no window.
    ///   - serviceName: of the spans' local service; may be empty.
    public func segmentIDs(
        startingWithin window: ClosedRange<Int64>, serviceName: String?
    ) throws(CatalogError) -> [SegmentCandidate] {
        try read("segments cannot be searched") { database in
            let bounds: StatementArguments = ["from": window.lowerBound, "to": window.upperBound]
            guard let serviceName else { return try database.candidates(.segmentsInWindow, bounds) }
            var candidates = try database.candidates(
                .segmentsOfServiceInWindow, bounds &+ ["service": serviceName.nameBytes])
            let known = Set(candidates.map(\.segmentID))
            candidates += try database.candidates(.segmentsWithUnlistedServices, bounds)
                .filter { !known.contains($0.segmentID) }
            candidates.sort {
                ($0.latestStart, $0.earliestStart, $0.segmentID) > ($1.latestStart, $1.earliestStart, $1.segmentID)
            }
            return candidates
        }
    }

    // MARK: Names

    /// Services of all segments, sorted by their bytes, without the empty name.
    public func serviceNames() throws(CatalogError) -> [String] {
        try read("services cannot be listed") { try $0.names(.serviceNames) }
    }

    /// Operations of a service, sorted by the bytes of their names, then by kind.
    public func operations(ofService service: String) throws(CatalogError) -> [(name: String, kind: UInt8)] {
        try read("operations cannot be listed") { database in
            var operations: [(name: String, kind: UInt8)] = []
            let rows = try database.rows(.operationsOfService, ["service": service.nameBytes])
            while let row = try rows.next() {
                let kind = try row.decode(Int64.self, atIndex: 1)
                operations.append((try row.name(at: 0), UInt8(truncatingIfNeeded: kind)))
            }
            return operations
        }
    }

    /// Names of a service's operations, each once, sorted by their bytes.
    public func operationNames(ofService service: String) throws(CatalogError) -> [String] {
        try read("operations cannot be listed") {
            try $0.names(.operationNamesOfService, ["service": service.nameBytes])
        }
    }

    /// Services that the spans of a service name as the other side, sorted by their bytes.
    public func remoteServiceNames(ofService service: String) throws(CatalogError) -> [String] {
        try read("remote services cannot be listed") {
            try $0.names(.remoteServicesOfService, ["service": service.nameBytes])
        }
    }

    /// Keys of attributes in all segments, sorted by their bytes.
    public func attributeKeys() throws(CatalogError) -> [String] {
        try read("attribute keys cannot be listed") { try $0.names(.attributeKeys) }
    }

    /// What the lists lack because of the limits.
    public func unlistedNameCounts() throws(CatalogError) -> UnlistedNameCounts {
        try read("unlisted names cannot be counted") { database in
            let rows = try database.rows(.unlistedCounts)
            guard let row = try rows.next() else { return UnlistedNameCounts(services: 0, others: 0) }
            return UnlistedNameCounts(services: try row.decode(atIndex: 0), others: try row.decode(atIndex: 1))
        }
    }

    // MARK: State

    /// What the journal's parts with a lower number hold is in segments; 0 in a new catalog.
    public var firstJournalPart: UInt64 {
        get throws(CatalogError) {
            try read("the journal's first part cannot be read") { database in
                let part = try database.integer(.stateGet, ["key": StateKey.firstJournalPart.rawValue])
                guard let part, let number = UInt64(exactly: part) else {
                    throw CatalogError(code: .corrupt, message: "catalog: state has no usable first_journal_part")
                }
                return number
            }
        }
    }

    /// The number that the next segment gets: files with this one or a higher are not of this catalog.
    public var nextSegmentID: Int64 {
        get throws(CatalogError) {
            try read("the next segment ID cannot be read") { database in
                guard let id = try database.integer(.stateGet, ["key": StateKey.nextSegmentID.rawValue]) else {
                    throw CatalogError(code: .corrupt, message: "catalog: state has no usable next_segment_id")
                }
                return id
            }
        }
    }

    /// The store's own random UUID, made with the catalog.
    public var storeID: String {
        get throws(CatalogError) {
            try read("the store's ID cannot be read") { database in
                let rows = try database.rows(.stateGet, ["key": StateKey.storeID.rawValue])
                guard let id = try rows.next()?.decode(String.self, atIndex: 0) else {
                    throw CatalogError(code: .corrupt, message: "catalog: state has no store_id")
                }
                return id
            }
        }
    }

    /// Reads the whole file. Each finding is a sentence; none means that all is well.
    public func checkIntegrity() throws(CatalogError) -> [String] {
        try read("cannot be checked") { try CatalogCheck(database: $0).findings() }
    }

    // MARK: Access

    /// The value of a PRAGMA of the connection that writes.
    package func writerSetting(_ name: String) throws(CatalogError) -> String? {
        try write("a setting cannot be read") { try String.fetchOne($0.database, sql: "PRAGMA " + name) }
    }

    func read<Value>(_ failure: String, _ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        do {
            return try pool.read(body)
        } catch {
            throw CatalogError(failure, path, error)
        }
    }

    func write<Value>(
        _ failure: String, _ body: (CatalogWriter) throws -> Value
    ) throws(CatalogError) -> Value {
        do {
            return try pool.write { try body(CatalogWriter(database: $0, limits: limits)) }
        } catch {
            throw CatalogError(failure, path, error)
        }
    }
}

extension Database {
    fileprivate func candidates(_ query: QueryFile, _ arguments: StatementArguments) throws -> [SegmentCandidate] {
        var candidates: [SegmentCandidate] = []
        let rows = try rows(query, arguments)
        while let row = try rows.next() {
            candidates.append(
                SegmentCandidate(
                    segmentID: try row.decode(atIndex: 0), earliestStart: try row.decode(atIndex: 1),
                    latestStart: try row.decode(atIndex: 2)))
        }
        return candidates
    }
}

extension SegmentRecord {
    /// - Parameter row: the columns of segments.sql.
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row.decode(atIndex: 0), fileName: try row.decode(atIndex: 1), createdAt: try row.decode(atIndex: 2),
            earliestStart: try row.decode(atIndex: 3), latestStart: try row.decode(atIndex: 4),
            latestEnd: try row.decode(atIndex: 5), spanCount: try row.decode(atIndex: 6),
            traceCount: try row.decode(atIndex: 7), errorCount: try row.decode(atIndex: 8),
            byteCount: try row.decode(atIndex: 9), formatVersion: try row.decode(atIndex: 10),
            thinnedForAge: try row.decode(atIndex: 11))
    }
}
