import Testing

@testable import skein_bench

@Suite struct QuantileTests {
    @Test func `a quantile is the nearest rank`() {
        #expect(Quantile.of([], 0.5) == 0)
        #expect(Quantile.of([4], 0.99) == 4)
        #expect(Quantile.of([1, 2, 3, 4], 0.5) == 2)
        #expect(Quantile.of((1...100).map(Double.init), 0.99) == 99)
    }

    @Test func `a histogram's quantile is at most two percent above the exact one`() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == 0)
        let seconds = (1...10_000).map { Double($0) * 1e-5 }
        for value in seconds.shuffled() { histogram.add(value) }
        for share in [0.01, 0.5, 0.99, 1] {
            let exact = Quantile.of(seconds, share)
            #expect((exact...(exact * 1.0201)).contains(histogram.quantile(share)), "\(share)")
        }
    }

    @Test func `durations beyond the classes are counted in the outermost`() {
        var histogram = LatencyHistogram()
        histogram.add(0)
        histogram.add(-1)
        #expect(histogram.quantile(1) < 2e-6)
        histogram.add(1e6)
        #expect((50...100).contains(histogram.quantile(1)))
    }
}
