internal import FoundationEssentials
internal import GRDB
internal import QueryFiles

extension CatalogWriter {
    func change(_ topology: TopologyChange) throws {
        for series in topology.series { try insert(series) }
        for bucket in topology.buckets {
            try database.run(
                .topologyBucketPut,
                ["level": bucket.level.rawValue, "start": bucket.start, "content": Data(bucket.content)])
        }
        if topology.replacesWaiting {
            // Megabytes every few seconds under load, of IDs and times that other rows have too: not to be overwritten.
            try database.execute(sql: "PRAGMA secure_delete = FAST")
            try database.run(.topologyWaitingClear)
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        if let waiting = topology.waiting {
            // A cached statement would keep its megabytes.
            try database.makeStatement(sql: QueryFile.topologyWaitingInsert.sql)
                .execute(arguments: ["cutoff": waiting.cutoff, "content": Data(waiting.content)])
        }
    }

    func removeTopology(before keptFrom: [TopologyChange.Level: Int64], seriesIDs: [Int64]) throws {
        for (level, start) in keptFrom {
            try database.run(.topologyLevelRaise, ["level": level.rawValue, "kept_from": start])
            try database.run(.topologyBucketsDelete, ["level": level.rawValue, "before": start])
        }
        for id in seriesIDs { try database.run(.topologySeriesDelete, ["id": id]) }
    }

    private func insert(_ series: TopologyChange.Series) throws {
        let names = series.names.map(\.nameBytes)
        try database.run(
            .topologySeriesInsert,
            [
                "id": series.id, "kind": Int64(series.kind), "span_kind": Int64(series.spanKind),
                "is_mirrored": series.isMirrored, "caller_service": names[0], "caller_namespace": names[1],
                "caller_version": names[2], "caller_operation": names[3], "callee_service": names[4],
                "callee_namespace": names[5], "callee_version": names[6], "callee_operation": names[7],
            ])
    }
}
