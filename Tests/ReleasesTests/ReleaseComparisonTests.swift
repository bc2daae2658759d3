import Comparison
import Releases
import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct ReleaseComparisonTests {
    private static let service = "reviews.default"

    private func party(_ service: String, _ version: String = "", _ operation: String = "") -> NamedTotals.Party {
        NamedTotals.Party(serviceName: service, namespace: "default", version: version, operationName: operation)
    }

    private func counted(_ count: Int, errors: Int = 0, milliseconds: ClosedRange<Double> = 20...60) -> CallTotals {
        var totals = CallTotals()
        totals.callCount = count
        totals.errorCount = errors
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<count {
            totals.clientDurations.add(Int64(Double.random(in: milliseconds, using: &generator) * 1e6))
        }
        return totals
    }

    private func served(
        _ version: String, _ totals: CallTotals, operation: String = "GET /reviews", isMirrored: Bool = false
    ) -> NamedTotals {
        NamedTotals(
            kind: .operation, spanKind: .server, isMirrored: isMirrored, caller: party(""),
            callee: party(Self.service, version, operation), totals: totals)
    }

    private func call(
        _ kind: CallSeries.Kind, from caller: NamedTotals.Party, to callee: NamedTotals.Party, _ count: Int
    )
        -> NamedTotals
    {
        NamedTotals(
            kind: kind, spanKind: .unspecified, isMirrored: false, caller: caller, callee: callee,
            totals: counted(count))
    }

    private func compare(_ totals: [NamedTotals], share: Double? = nil) -> ReleaseComparison {
        ReleaseComparison(
            serviceName: Self.service, base: "v1", candidate: "v2", totals: totals, window: 0..<3_600_000_000_000,
            configuredShare: share)
    }

    @Test func `a version three times slower is worse, and says where`() throws {
        let comparison = compare([
            served("v1", counted(1000)), served("v2", counted(200, milliseconds: 60...180)),
            served("v3", counted(500, errors: 500)),
        ])
        #expect(comparison.verdict.outcome == .worse)
        #expect(try #require(comparison.verdict.reasons.first).words.contains("v2 slower on GET /reviews"))
        #expect(comparison.baseCount == 1000)
        #expect(comparison.candidateCount == 200)
    }

    @Test func `routes that a mesh names in two ways are one operation`() {
        let comparison = compare([
            served("v1", counted(300), operation: "reviews.default.svc.cluster.local:9080/*"),
            served("v2", counted(300), operation: "reviews:9080/*"),
        ])
        #expect(comparison.verdict.operations.map(\.operation) == ["all routes"])
        #expect(comparison.notes.isEmpty)
    }

    @Test func `versions without a common operation are compared as a whole`() {
        let comparison = compare([
            served("v1", counted(300), operation: "GET /a"), served("v2", counted(300), operation: "GET /b"),
        ])
        #expect(comparison.verdict.operations.count == 1)
        #expect(comparison.verdict.total.baseRequests == 300)
        #expect(comparison.notes.contains { $0.contains("no name in common") })
    }

    @Test func `a version that serves copies only is compared by these`() {
        let comparison = compare([served("v1", counted(300)), served("v2", counted(290), isMirrored: true)])
        #expect(comparison.isMirrored)
        #expect(comparison.candidateCount == 290)
        #expect(comparison.notes.contains { $0.contains("copies of requests only") })
    }

    @Test func `a share that is not the one set up is told`() {
        let totals = [served("v1", counted(900)), served("v2", counted(100))]
        #expect(compare(totals, share: 0.1).notes.isEmpty)
        #expect(compare(totals, share: 0.25).notes.contains { $0.contains("10 %") && $0.contains("25 %") })
    }

    @Test func `services that only one version calls are told first`() {
        let comparison = compare([
            served("v1", counted(200)), served("v2", counted(100)),
            call(.rpc, from: party(Self.service, "v2"), to: party("ratings.default", "v1"), 99),
            call(.rpc, from: party(Self.service, "v1"), to: party("details.default", "v1"), 200),
            call(.rpc, from: party(Self.service, "v2"), to: party("details.default", "v1"), 101),
            call(.database, from: party(Self.service, "v1"), to: party("mysql"), 3),
        ])
        #expect(comparison.callees.map(\.serviceName) == ["ratings.default", "details.default", "mysql"])
        #expect(comparison.callees.map(\.change) == [.added, .none, .none])
        #expect(comparison.callees[0].candidatePerRequest == 0.99)
    }

    @Test func `callers tell what they saw of each version, and how often they tried again`() throws {
        let caller = party("productpage.default", "v1")
        let comparison = compare([
            served("v1", counted(200)), served("v2", counted(100)),
            call(.rpc, from: caller, to: party(Self.service, "v1"), 200),
            call(.rpc, from: caller, to: party(Self.service, "v2"), 100),
            call(.retried, from: caller, to: party(Self.service, "v2"), 12),
        ])
        let effect = try #require(comparison.callers.first)
        #expect(effect.serviceName == "productpage.default")
        #expect(effect.base.callCount == 200)
        #expect(effect.candidate.retryCount == 12)
    }

    @Test func `a version without requests is told`() {
        let comparison = compare([served("v1", counted(10))])
        #expect(comparison.verdict.outcome == .tooLittleData)
        #expect(comparison.notes.contains { $0.contains("v2 served no request") })
    }

    @Test func `what copies of requests call is held against what requests call`() throws {
        let comparison = compare([
            served("v1", counted(100)), served("v2", counted(50), isMirrored: true),
            call(.rpc, from: party(Self.service, "v1"), to: party("ratings", "v1"), 100),
            call(.mirrored, from: party(Self.service, "v2"), to: party("ratings", "v1"), 50),
            call(.mirrored, from: party(Self.service, "v2"), to: party("orders", "v1"), 50),
            call(.mirrored, from: party(Self.service, "v1"), to: party("details", "v1"), 50),
        ])
        #expect(comparison.isMirrored)
        #expect(comparison.callees.map(\.serviceName) == ["orders", "ratings"])
        #expect(comparison.callees.map(\.change) == [.added, .none])
        #expect(comparison.callees.map(\.kind) == [.mirrored, .rpc])
        #expect(comparison.callees[1].candidatePerRequest == 1)
    }
}
