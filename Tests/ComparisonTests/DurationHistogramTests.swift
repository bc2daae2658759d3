import Comparison
import TestSupport
import Testing
import TraceModel

@Suite struct DurationHistogramTests {
    private func figures(_ milliseconds: [Double]) -> RequestFigures {
        var durations = DurationSketch()
        for duration in milliseconds { durations.add(Int64(duration * 1e6)) }
        return RequestFigures(requests: milliseconds.count, errors: 0, durations: durations)
    }

    private func histogram(_ base: [Double], _ candidate: [Double], columns: Int = 48) -> DurationHistogram? {
        let operation = OperationFigures("GET /", base: figures(base), candidate: figures(candidate))
        return Verdict(base: "v1", candidate: "v2", operations: [operation]).total.histogram(columnCountMax: columns)
    }

    @Test func `every duration is in the column between whose bounds it lies`() throws {
        var generator = SeededGenerator(seed: 5)
        let base = (0..<1000).map { _ in Double.random(in: 0.01...3, using: &generator) }
        let candidate = (0..<300).map { _ in Double.random(in: 1...900, using: &generator) }
        let histogram = try #require(self.histogram(base, candidate, columns: 20))
        #expect((10...20).contains(histogram.base.count))
        #expect(histogram.candidate.count == histogram.base.count)
        #expect(histogram.bounds.count == histogram.base.count + 1)
        for (parts, durations) in [(histogram.base, base), (histogram.candidate, candidate)] {
            #expect(abs(parts.reduce(0, +) - 1) < 1e-9)
            for (place, part) in parts.enumerated() {
                let (above, upTo) = (histogram.bounds[place], histogram.bounds[place + 1])
                let count = durations.count { $0 * 1e6 > above * 1.000001 && $0 * 1e6 <= upTo * 1.000001 }
                #expect(abs(part * Double(durations.count) - Double(count)) <= 1)
            }
        }
    }

    @Test func `one duration is one column, and none is no picture`() throws {
        let single = try #require(histogram([5], [5, 5]))
        #expect(single.base == [1] && single.candidate == [1])
        #expect(single.bounds[0] < 5e6 && single.bounds[1] >= 5e6)
        #expect(histogram([], []) == nil)
        #expect(histogram([0, 0], [0]) == nil)
        // Those of nothing stand with the shortest; a version without durations has empty columns.
        #expect(try #require(histogram([0, 0, 8], [])).base.reduce(0, +) == 1)
    }
}
