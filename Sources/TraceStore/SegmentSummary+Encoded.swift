internal import Catalog
internal import SegmentStore

extension SegmentSummary {
    /// What the catalog is told of a segment.
    init(
        id: Int64, fileName: String, createdAt: Int64, thinnedForAge: Int64, _ statistics: SegmentStatistics,
        _ names: SegmentNames
    ) {
        self.init(
            record: SegmentRecord(
                id: id, fileName: fileName, createdAt: createdAt, earliestStart: statistics.earliestStart,
                latestStart: statistics.latestStart, latestEnd: statistics.latestEnd, spanCount: statistics.spanCount,
                traceCount: statistics.traceCount, errorCount: statistics.errorCount, byteCount: statistics.byteCount,
                formatVersion: Int(SegmentWriter.formatVersion), thinnedForAge: thinnedForAge),
            services: names.services.map { service in
                ServiceSummary(
                    name: service.name, spanCount: service.spanCount, errorCount: service.errorCount,
                    earliestStart: service.earliestStart, latestStart: service.latestStart,
                    operations: service.operations.map { ($0.name, $0.kind) },
                    remoteServiceNames: service.remoteServiceNames)
            },
            attributeKeys: names.attributeKeys)
    }
}
