import Catalog
import TestSupport

/// A catalog in a folder of its own, closed and removed with the last reference.
final class TemporaryCatalog {
    private let folder: TemporaryFolder
    private let limits: CatalogLimits
    private(set) var catalog: Catalog

    var path: String { folder.path + "/catalog.db" }

    init(limits: CatalogLimits = CatalogLimits()) throws {
        folder = try TemporaryFolder()
        self.limits = limits
        catalog = try Catalog(path: folder.path + "/catalog.db", limits: limits)
    }

    deinit { catalog.close() }

    func reopen() throws {
        catalog.close()
        catalog = try Catalog(path: path, limits: limits)
    }
}

extension SegmentSummary {
    /// A segment whose spans start within the range; each service has all of them.
    static func sample(
        _ id: Int64, starts: ClosedRange<Int64>? = 1000...2000, services: [ServiceSummary] = [], keys: [String] = []
    ) -> SegmentSummary {
        SegmentSummary(
            record: SegmentRecord(
                id: id, fileName: "segment-\(id)", createdAt: 5000 + id, earliestStart: starts?.lowerBound,
                latestStart: starts?.upperBound, latestEnd: starts.map { $0.upperBound + 500 },
                spanCount: services.reduce(0) { $0 + $1.spanCount }, traceCount: 3,
                errorCount: services.reduce(0) { $0 + $1.errorCount }, byteCount: 4096, formatVersion: 1),
            services: services, attributeKeys: keys)
    }
}

extension ServiceSummary {
    static func sample(
        _ name: String, starts: ClosedRange<Int64>? = 1000...2000, operations: [String] = [], kind: UInt8 = 2,
        remote: [String] = []
    ) -> ServiceSummary {
        ServiceSummary(
            name: name, spanCount: 10, errorCount: 1, earliestStart: starts?.lowerBound,
            latestStart: starts?.upperBound,
            operations: operations.map { ($0, kind) }, remoteServiceNames: remote)
    }
}

/// What the lists of a catalog should say, kept as plain summaries.
struct CatalogModel {
    var summaries: [Int64: SegmentSummary] = [:]
    var firstJournalPart: UInt64 = 0

    var serviceNames: [[UInt8]] {
        sorted(summaries.values.flatMap { $0.services.map(\.name) }.filter { !$0.isEmpty })
    }

    var attributeKeys: [[UInt8]] { sorted(summaries.values.flatMap(\.attributeKeys)) }

    func operationNames(_ service: String) -> [[UInt8]] {
        sorted(services(service).flatMap { $0.operations.map(\.name) })
    }

    func remoteServiceNames(_ service: String) -> [[UInt8]] {
        sorted(services(service).flatMap(\.remoteServiceNames))
    }

    func segmentIDs(_ window: ClosedRange<Int64>, _ service: String) -> Set<Int64> {
        Set(
            summaries.filter { _, summary in
                summary.services.contains { candidate in
                    guard let earliest = candidate.earliestStart, let latest = candidate.latestStart else {
                        return false
                    }
                    return Array(candidate.name.utf8) == Array(service.utf8) && window.overlaps(earliest...latest)
                }
            }.keys)
    }

    private func services(_ name: String) -> [ServiceSummary] {
        summaries.values.flatMap(\.services).filter { Array($0.name.utf8) == Array(name.utf8) }
    }

    /// As bytes, because strings that only look alike are equal in Swift.
    private func sorted(_ names: [String]) -> [[UInt8]] {
        Set(names.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
    }
}

extension [String] {
    var bytes: [[UInt8]] { map { [UInt8]($0.utf8) } }
}
