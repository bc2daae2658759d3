internal import FoundationEssentials
internal import GRDB
internal import QueryFiles

/// Changes of the catalog within one transaction that somebody else begins and commits.
struct CatalogWriter {
    let database: Database
    let limits: CatalogLimits

    /// - Returns: which destinations lack the segments.
    func add(
        _ summaries: [SegmentSummary], replacing: [Int64], firstJournalPart: UInt64?
    ) throws -> [PendingForward] {
        let lacking = try destinationsLacking(replaced: replacing)
        let removed = try take(replacing)
        var pending: [PendingForward] = []
        for summary in summaries {
            try insert(summary)
            pending += try insertPending(summary.record.id, destinationIDs: lacking)
        }
        try forget(removed)
        if let firstJournalPart { try raise(.firstJournalPart, to: try stored(firstJournalPart)) }
        return pending
    }

    func remove(_ segmentIDs: [Int64]) throws {
        try forget(try take(segmentIDs))
    }

    func rebuild(
        _ summaries: some Sequence<SegmentSummary>, firstJournalPart: UInt64, nextSegmentID: Int64
    ) throws {
        try database.run(.segmentsClear)
        try database.run(.servicesClear)
        try database.run(.attributeKeysClear)
        for summary in summaries { try insert(summary) }
        try makeAllPending()
        try raise(.nextSegmentID, to: nextSegmentID)
        try database.run(
            .stateSet, ["key": StateKey.firstJournalPart.rawValue, "value": try stored(firstJournalPart)])
    }

    func allocateSegmentID() throws -> Int64 {
        let id = try number(.nextSegmentID)
        try raise(.nextSegmentID, to: id + 1)
        return id
    }

    private func number(_ key: StateKey) throws -> Int64 {
        guard let value = try database.integer(.stateGet, ["key": key.rawValue]), value >= 0, value < Int64.max else {
            throw CatalogError(code: .corrupt, message: "catalog: state has no usable \(key.rawValue)")
        }
        return value
    }

    private func raise(_ key: StateKey, to value: Int64) throws {
        try database.run(.stateRaise, ["key": key.rawValue, "value": value])
    }

    /// A part's number as SQLite can hold it.
    private func stored(_ part: UInt64) throws(CatalogError) -> Int64 {
        guard let value = Int64(exactly: part) else {
            throw CatalogError(code: .failed, message: "catalog: journal part \(part) is beyond all numbers given out")
        }
        return value
    }

    private func insert(_ summary: SegmentSummary) throws {
        var registrar = NameRegistrar(database, limits)
        try registrar.enter(summary)
        let record = summary.record
        guard record.id > 0, record.id < Int64.max else {
            throw CatalogError(code: .failed, message: "catalog: no segment can have the ID \(record.id)")
        }
        try database.run(
            .segmentInsert,
            [
                "id": record.id, "file_name": record.fileName, "created_at": record.createdAt,
                "earliest_start": record.earliestStart, "latest_start": record.latestStart,
                "latest_end": record.latestEnd, "span_count": record.spanCount, "trace_count": record.traceCount,
                "error_count": record.errorCount, "byte_count": record.byteCount,
                "format_version": record.formatVersion, "thinned_for_age": record.thinnedForAge,
                "unlisted_service_count": registrar.unlistedServiceCount,
                "unlisted_name_count": registrar.unlistedNameCount,
            ])
        for (id, service) in registrar.services {
            try database.run(
                .segmentServiceInsert,
                [
                    "service_id": id, "segment_id": record.id, "span_count": service.spanCount,
                    "error_count": service.errorCount, "earliest_start": service.earliestStart,
                    "latest_start": service.latestStart,
                ])
        }
        let sets = try registrar.sets()
        try database.run(
            .segmentNamesInsert,
            [
                "segment_id": record.id, "operations": Data(sets[.operations].encoded()),
                "remote_services": Data(sets[.remoteServices].encoded()),
                "attribute_keys": Data(sets[.attributeKeys].encoded()),
            ])
        try raise(.nextSegmentID, to: record.id + 1)
    }

    /// What removed segments held, and perhaps nobody else.
    private struct Removed {
        var names = NameSets()
        var services: Set<Int64> = []
    }

    /// Removes segments but not yet their names, which a segment to come may have too. IDs that are not there are
    /// passed over.
    private func take(_ segmentIDs: [Int64]) throws -> Removed {
        var removed = Removed()
        for id in segmentIDs {
            let rows = try database.rows(.segmentNamesFind, ["segment_id": id])
            while let row = try rows.next() { removed.names.formUnion(try NameSets(row)) }
            removed.services.formUnion(try database.integers(.servicesOfSegment, ["segment_id": id]))
            try database.run(.segmentDelete, ["id": id])
        }
        return removed
    }

    /// Forgets those names and services that no segment has any more.
    private func forget(_ removed: Removed) throws {
        var names = removed.names
        // The latest segments mostly have every name, so that few sets are read.
        let rows = try database.rows(.segmentNamesNewestFirst)
        while !names.isEmpty, let row = try rows.next() { names.subtract(try NameSets(row)) }
        for list in NameList.allCases {
            for range in names[list].ranges {
                try database.run(list.deleteRange, ["first": range.lowerBound, "last": range.upperBound])
            }
        }
        for service in removed.services { try database.run(.serviceDeleteUnused, ["id": service]) }
    }
}

/// A key of the table `state`.
enum StateKey: String {
    case firstJournalPart = "first_journal_part"
    case nextSegmentID = "next_segment_id"
    case storeID = "store_id"
    case forwardHashKey = "forward_hash_key"
}
