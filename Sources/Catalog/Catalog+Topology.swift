internal import GRDB
internal import QueryFiles

/// The topology: its series, buckets and waiting calls. What their contents mean is not known here.
extension Catalog {
    /// Changes the topology in one transaction, without any segment. Once nothing waits any more, the room that waiting
    /// calls took is given back to the disk.
    public func change(_ topology: TopologyChange) throws(CatalogError) {
        try write("the topology cannot be changed") { try $0.change(topology) }
        guard topology.replacesWaiting, topology.waiting == nil else { return }
        try write("unused room cannot be given back") { writer in
            let isWorthIt =
                try Int.fetchOne(writer.database, sql: "PRAGMA freelist_count") ?? 0 >= Self.freePageCountMin
            if isWorthIt { try writer.database.execute(sql: "PRAGMA incremental_vacuum") }
        }
        // With the log emptied as well; if somebody reads at the moment, the next one does it.
        try? scrub()
    }

    /// Pages of 4 KiB.
    private static let freePageCountMin = 256

    /// Removes the buckets of each level that start before a time, and series, in one transaction.
    ///
    /// - Parameters:
    ///   - keptFrom: nanoseconds since 1970, a multiple of the level; a time before the known one changes nothing.
    ///   - seriesIDs: of series that no bucket has any more.
    public func removeTopology(
        before keptFrom: [TopologyChange.Level: Int64], seriesIDs: [Int64] = []
    ) throws(CatalogError) {
        try write("the topology's past cannot be removed") {
            try $0.removeTopology(before: keptFrom, seriesIDs: seriesIDs)
        }
    }

    /// All series, ascending by ID.
    public func topologySeries() throws(CatalogError) -> [TopologyChange.Series] {
        try read("the topology's series cannot be listed") { database in
            var series: [TopologyChange.Series] = []
            let rows = try database.rows(.topologySeries)
            while let row = try rows.next() { series.append(try TopologyChange.Series(row)) }
            return series
        }
    }

    /// What a bucket holds; nil if nothing was counted in it, or it was removed.
    ///
    /// - Parameter start: nanoseconds since 1970.
    public func topologyBucket(_ level: TopologyChange.Level, start: Int64) throws(CatalogError) -> [UInt8]? {
        try read("a bucket of the topology cannot be read") { database in
            let rows = try database.rows(.topologyBucketFind, ["level": level.rawValue, "start": start])
            return try rows.next()?.bytes(at: 0)
        }
    }

    /// The buckets of a level that start within the window, ascending.
    ///
    /// - Parameter window: nanoseconds since 1970.
    public func topologyBuckets(
        _ level: TopologyChange.Level, startingWithin window: Range<Int64>
    ) throws(CatalogError) -> [TopologyChange.Bucket] {
        try read("buckets of the topology cannot be read") { database in
            var buckets: [TopologyChange.Bucket] = []
            let rows = try database.rows(
                .topologyBucketsInWindow,
                ["level": level.rawValue, "from": window.lowerBound, "to": window.upperBound])
            while let row = try rows.next() {
                buckets.append(
                    TopologyChange.Bucket(
                        level: level, start: try row.decode(atIndex: 0), content: try row.bytes(at: 1)))
            }
            return buckets
        }
    }

    /// When the buckets of a level start: nanoseconds since 1970, ascending.
    public func topologyBucketStarts(_ level: TopologyChange.Level) throws(CatalogError) -> [Int64] {
        try read("buckets of the topology cannot be listed") {
            try $0.integers(.topologyBucketStarts, ["level": level.rawValue])
        }
    }

    /// From when on the buckets of a level are kept, nanoseconds since 1970; no entry: none was removed.
    public func topologyKeptFrom() throws(CatalogError) -> [TopologyChange.Level: Int64] {
        try read("the topology's levels cannot be read") { database in
            var keptFrom: [TopologyChange.Level: Int64] = [:]
            let rows = try database.rows(.topologyLevels)
            while let row = try rows.next() {
                guard let level = TopologyChange.Level(rawValue: try row.decode(atIndex: 0)) else { continue }
                keptFrom[level] = try row.decode(Int64.self, atIndex: 1)
            }
            return keptFrom
        }
    }

    /// The calls that wait for the rest of their traces, in the order in which they were entered.
    public func topologyWaiting() throws(CatalogError) -> [TopologyChange.Waiting] {
        try read("the topology's waiting calls cannot be read") { database in
            var waiting: [TopologyChange.Waiting] = []
            let rows = try database.rows(.topologyWaiting)
            while let row = try rows.next() {
                waiting.append(
                    TopologyChange.Waiting(cutoff: try row.decode(atIndex: 0), content: try row.bytes(at: 1)))
            }
            return waiting
        }
    }
}

extension TopologyChange.Series {
    /// - Parameter row: the columns of topology_series.sql.
    fileprivate init(_ row: Row) throws {
        func byte(_ index: Int) throws -> UInt8 {
            let value = try row.decode(Int64.self, atIndex: index)
            guard let byte = UInt8(exactly: value) else {
                throw CatalogError(
                    code: .corrupt, message: "catalog: a series of the topology has the impossible value \(value)")
            }
            return byte
        }
        self.init(
            id: try row.decode(atIndex: 0), kind: try byte(1), spanKind: try byte(2), isMirrored: try byte(3) != 0,
            names: try (4..<12).map { try row.name(at: $0) })
    }
}
