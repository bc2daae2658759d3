import Sampling
import Testing

@Suite struct SamplingThresholdTests {
    @Test func `all keeps everything and none keeps nothing`() {
        #expect(SamplingThreshold.all.keeps(0))
        #expect(!SamplingThreshold.none.keeps((1 << 56) - 1))
        #expect(SamplingThreshold(probability: 1) == .all)
        #expect(SamplingThreshold(probability: 0) == .none)
    }

    @Test(arguments: [0.5, 0.25, 0.1, 0.01, 0.0001]) func `a probability comes back`(probability: Double) {
        let threshold = SamplingThreshold(probability: probability)
        #expect(abs(threshold.probability - probability) < 1e-15)
        #expect(abs(threshold.weight * probability - 1) < 1e-10)
    }

    @Test func `what a smaller probability keeps is kept by a larger one`() {
        for randomness: UInt64 in stride(from: 0, to: 1 << 56, by: 1 << 49) {
            let few = SamplingThreshold(probability: 0.1).keeps(randomness)
            #expect(!few || SamplingThreshold(probability: 0.3).keeps(randomness))
        }
    }
}
