import Releases
import Testing
import Topology
import TraceModel

@Suite struct ComparisonTimelineTests {
    private func report(_ operations: [OperationTotals], isMirrored: Bool = false) -> ComparisonReport {
        var report = SampleReport.worse
        report.isMirrored = isMirrored
        report.notes = []
        report.addTimeline(operations, stepSeconds: 60)
        return report
    }

    @Test func `versions that share the requests are told by time, without a note`() throws {
        let report = report([
            operation("v1", [90, 90, 0, 91]), operation("v2", [10, 9, 0, 11]), operation("v3", [5, 5]),
            operation("v1", [1000], service: "ratings.default"),
        ])
        let timeline = try #require(report.timeline)
        #expect(timeline.steps.map(\.base) == [90, 90, 91])
        #expect(timeline.steps.map(\.candidate) == [10, 9, 11])
        #expect(timeline.steps.map(\.start).last == "1970-01-01T00:03:00Z")
        #expect(timeline.candidate?.firstSeen == "1970-01-01T00:00:00Z")
        #expect(timeline.candidate?.lastSeen == "1970-01-01T00:04:00Z")
        #expect(report.notes.isEmpty)
    }

    @Test func `a switch is noted with the time at which both served`() throws {
        let note = try #require(
            report([operation("v1", [50, 50, 20]), operation("v2", [0, 0, 30, 50, 50])]).notes.first)
        #expect(
            note.contains("from 1970-01-01T00:02:00Z to 1970-01-01T00:03:00Z: 16.7 % of the requests of v1 and 23.1 %"))
    }

    @Test func `versions that never served at the same time are noted with their times`() throws {
        let note = try #require(report([operation("v1", [50, 50]), operation("v2", [0, 0, 0, 50])]).notes.first)
        #expect(note.contains("v1 served from 1970-01-01T00:00:00Z to 1970-01-01T00:02:00Z"))
        #expect(note.contains("at no time both"))
    }

    @Test func `of a mirrored version the copies count`() throws {
        let report = report(
            [operation("v1", [50, 50]), operation("v2", [49, 50], isMirrored: true)], isMirrored: true)
        #expect(report.timeline?.steps.map(\.candidate) == [49, 50])
        #expect(report.notes.isEmpty)
    }

    @Test func `a version without requests was never there`() {
        let report = report([operation("v1", [50, 50])])
        #expect(report.timeline?.candidate == nil)
        #expect(report.notes.isEmpty)
    }

    @Test func `steps are as long as counts are kept apart, and few`() {
        let hour: Int64 = 3_600_000_000_000
        #expect(ComparisonReport.stepSeconds(of: 0..<hour) == 60)
        #expect(ComparisonReport.stepSeconds(of: 0..<(24 * hour)) == 600)
        #expect(ComparisonReport.stepSeconds(of: 0..<(30 * 24 * hour)) == 3600)
    }
}
