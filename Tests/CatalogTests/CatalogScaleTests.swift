import Catalog
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The size of a large catalog is bounded; its times are printed for a reader, and never asserted.
@Suite struct CatalogScaleTests {
    struct Scale: CustomTestStringConvertible {
        let segmentCount: Int64
        let operationCountPerService: Int

        var testDescription: String { "\(segmentCount) segments, \(operationCountPerService) operations a service" }
    }

    private static let serviceCount = 60
    /// In the long version 24,000 operations in each of 1,000 segments.
    static let scales =
        getenv("SKEIN_TORTURE") == nil
        ? [Scale(segmentCount: 60, operationCountPerService: 7)]
        : [
            Scale(segmentCount: 1000, operationCountPerService: 7),
            Scale(segmentCount: 1000, operationCountPerService: 400),
        ]

    @Test(arguments: scales)
    func `a catalog grows with segments and services, hardly with operations that repeat`(scale: Scale) throws {
        let store = try TemporaryCatalog()
        let services = (0..<Self.serviceCount).map { service in
            ServiceSummary.sample(
                "service-\(service).namespace",
                operations: (0..<scale.operationCountPerService).map { "GET /api/v1/resource-\($0)/{id}" },
                remote: (0..<6).map { "service-\(($0 * 7 + service) % Self.serviceCount).namespace" })
        }
        let keys = (0..<120).map { "attribute.key.\($0)" }
        let clock = ContinuousClock()
        var longest = Duration.zero
        let adding = try clock.measure {
            for id in 1...scale.segmentCount {
                let start = id * 60_000_000_000
                var own = services
                for index in own.indices {
                    own[index].earliestStart = start
                    own[index].latestStart = start + 59_000_000_000
                }
                let summary = SegmentSummary.sample(
                    id, starts: start...start + 59_000_000_000, services: own, keys: keys)
                longest = max(
                    longest, try clock.measure { try store.catalog.add(summary, firstJournalPart: UInt64(id)) })
            }
        }
        try store.reopen()
        let middle = scale.segmentCount * 30_000_000_000
        let window = middle...middle + 600_000_000_000
        print("\(scale.testDescription): added in \(adding), at most \(longest) a segment")
        try report("all segments") { try store.catalog.segments().count }
        try report("segments of a service, 10 minutes") {
            try store.catalog.segmentIDs(startingWithin: window, serviceName: "service-7.namespace").count
        }
        try report("segments of a service, any time") {
            try store.catalog.segmentIDs(startingWithin: .min ... .max, serviceName: "service-7.namespace").count
        }
        try report("segments, 10 minutes") {
            try store.catalog.segmentIDs(startingWithin: window, serviceName: nil).count
        }
        try report("services") { try store.catalog.serviceNames().count }
        try report("operations of a service") {
            try store.catalog.operationNames(ofService: "service-7.namespace").count
        }
        try report("attribute keys") { try store.catalog.attributeKeys().count }
        let removing = try clock.measure { try store.catalog.remove(segmentIDs: [1]) }
        print("  the oldest segment removed in \(removing)")
        #expect(try store.catalog.checkIntegrity() == [])

        let names = Self.serviceCount * (scale.operationCountPerService + 6) + keys.count
        store.catalog.close()
        let byteCount = try #require(
            FileManager.default.attributesOfItem(atPath: store.path)[.size] as? UInt64)
        print("  \(byteCount) bytes")
        let allowed = 64 * 1024 + UInt64(scale.segmentCount) * UInt64(Self.serviceCount) * 80 + UInt64(names) * 200
        #expect(byteCount < allowed)
    }

    /// The best of some runs, and what was found.
    private func report(_ what: String, _ body: () throws -> Int) throws {
        let clock = ContinuousClock()
        var best = Duration.seconds(1000)
        var count = 0
        for _ in 0..<20 { best = min(best, try clock.measure { count = try body() }) }
        print("  \(what): \(count) in \(best)")
    }
}
