internal import GRDB
internal import QueryFiles

/// What a sound catalog never shows: SQLite's own checks, and those that span tables.
struct CatalogCheck {
    /// A finding that repeats is shown this often.
    private static let exampleCountMax = 5

    let database: Database

    func findings() throws -> [String] {
        var findings = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
        let dangling = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").count
        if dangling > 0 { findings.append("\(dangling) rows name a segment or a service that is not there") }
        let rules: [(query: QueryFile, text: String)] = [
            (.checkSegmentsWithoutNames, "segments without sets of names"),
            (.checkServicesWithoutSegments, "services that no segment has"),
            (.checkSegmentsOverCounted, "segments with fewer spans than their services have"),
            (.checkSegmentIDs, "segments with IDs that may be given out again"),
            (.checkForwardPending, "segments that a destination lacks with an impossible number of spans done"),
            (.checkTopologyValues, "series of the topology with impossible values"),
            (.checkTopologySeries, "series of the topology that say the same as another"),
            (.checkTopologyBuckets, "buckets of the topology that cannot be where they are"),
        ]
        for rule in rules { findings += finding(rule.text, try database.integers(rule.query)) }
        return try findings + namesFindings()
    }

    /// Holds the names that there are against those that segments have.
    private func namesFindings() throws -> [String] {
        var used = NameSets()
        let rows = try database.rows(.segmentNamesNewestFirst)
        do {
            while let row = try rows.next() { used.formUnion(try NameSets(row)) }
        } catch let error as CatalogError {
            return [error.message]
        }
        var findings: [String] = []
        for list in NameList.allCases {
            let there = try NameSet(try database.integers(list.ids))
            var unused = there
            unused.subtract(used[list])
            findings += finding("\(list) that no segment has", unused.ranges.map(\.lowerBound))
            var missing = used[list]
            missing.subtract(there)
            findings += finding("\(list) that segments have, but that are not listed", missing.ranges.map(\.lowerBound))
        }
        return findings
    }

    private func finding(_ text: String, _ ids: [Int64]) -> [String] {
        if ids.isEmpty { return [] }
        let examples = ids.prefix(Self.exampleCountMax).map { "\($0)" }.joined(separator: ", ")
        return ["\(ids.count) \(text): \(examples)\(ids.count > Self.exampleCountMax ? ", ..." : "")"]
    }
}
