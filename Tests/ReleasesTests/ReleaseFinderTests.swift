import Releases
import Testing
import Topology
import TraceModel

@Suite struct ReleaseFinderTests {
    private func release(_ operations: [OperationTotals]) throws -> Release {
        let found = ReleaseFinder.releases(operations, stepSeconds: 60)
        #expect(found.count == 1)
        return try #require(found.first)
    }

    @Test func `a service with one version, or none, is no release`() {
        let operations = [
            operation("v1", [10, 10]), operation("latest", [5, 5], service: "ratings.default"),
            operation("", [5, 5], service: "details.default"),
        ]
        #expect(ReleaseFinder.releases(operations, stepSeconds: 60).isEmpty)
    }

    @Test func `versions that share the requests are a canary, the larger the base`() throws {
        let release = try release([operation("v2", [0, 10, 9, 11]), operation("v1", [100, 90, 91, 89])])
        #expect(release.kind == .canary)
        #expect(release.base == "v1")
        #expect(release.candidate == "v2")
        #expect(release.versions.map(\.name) == ["v1", "v2"])
        #expect(release.versions[1].share == 30.0 / 400)
        #expect(release.versions[1].latestShare == 0.11)
        #expect(release.versions[1].firstSeen == 60_000_000_000)
        #expect(release.versions[1].lastSeen == 240_000_000_000)
        #expect(release.reason.contains("v2 served 11 %"))
    }

    @Test func `a version that takes all over within two steps is a switch`() throws {
        let release = try release([operation("v1", [50, 50, 20, 0, 0]), operation("v2", [0, 0, 30, 50, 50])])
        #expect(release.kind == .blueGreen)
        #expect(release.base == "v1")
        #expect(release.candidate == "v2")
    }

    @Test func `a share that grows from step to step is a rolling release`() throws {
        let under = try release([operation("v1", [50, 40, 30, 20, 10]), operation("v2", [0, 10, 20, 30, 40])])
        #expect(under.kind == .rolling)
        let done = try release([operation("v1", [50, 40, 30, 20, 0, 0]), operation("v2", [0, 10, 20, 30, 50, 50])])
        #expect(done.kind == .rolling)
        #expect(done.candidate == "v2")
    }

    @Test func `a version that serves copies only is mirrored`() throws {
        let release = try release([operation("v1", [50, 50]), operation("v3", [50, 49], isMirrored: true)])
        #expect(release.kind == .mirrored)
        #expect(release.candidate == "v3")
        #expect(release.versions[1].mirroredCallCount == 99)
        #expect(release.versions[1].callCount == 0)
        #expect(release.versions[0].share == 1)
    }

    @Test func `stragglers are no version`() {
        let operations = [operation("v1", [5000, 5000]), operation("v0", [3, 0])]
        #expect(ReleaseFinder.releases(operations, stepSeconds: 60).isEmpty)
    }

    @Test func `three versions keep their places in the steps`() throws {
        let release = try release([
            operation("v1", [40, 33]), operation("v2", [40, 33]), operation("v3", [1, 34]),
            operation("v0", [0, 0, 0]),
        ])
        #expect(release.steps.last?.callCounts == [33, 33, 34])
        #expect(release.kind == .canary)
    }
}
