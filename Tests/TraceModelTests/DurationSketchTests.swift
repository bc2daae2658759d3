import Bytes
import TestSupport
import Testing
import TraceModel

@Suite struct DurationSketchTests {
    private func sketch(_ durations: some Sequence<Int64>) -> DurationSketch {
        var sketch = DurationSketch()
        for duration in durations { sketch.add(duration) }
        return sketch
    }

    @Test(arguments: [0.01, 0.5, 0.9, 0.95, 0.99, 1]) func `a quantile is within 1 % of the exact one`(part: Double) {
        var generator = SeededGenerator(seed: 7)
        let durations = (0..<5000).map { _ in
            Int64.random(in: 1...(1 << Int64.random(in: 3...44, using: &generator)), using: &generator)
        }
        let exact = durations.sorted()[max(0, Int((part * 5000).rounded(.up)) - 1)]
        let estimate = sketch(durations).quantile(part) ?? 0
        #expect(abs(Double(estimate) - Double(exact)) <= max(0.5, Double(exact) * 0.01), "\(estimate) for \(exact)")
    }

    @Test func `sketches of parts merge into the sketch of all`() {
        var generator = SeededGenerator(seed: 11)
        let durations = (0..<1000).map { _ in Int64.random(in: -5...5_000_000_000, using: &generator) }
        var merged = sketch(durations[700...])
        merged.merge(sketch(durations[..<300]))
        merged.merge(DurationSketch())
        merged.merge(sketch(durations[300..<700]))
        #expect(merged == sketch(durations))
        #expect(merged.count == 1000)
        #expect(merged.sum == durations.reduce(0, +))
    }

    @Test func `counts up to powers of two of a millisecond are exact`() {
        let durations: [Int64] = [0, -3, 1, 999_999, 1_000_000, 1_000_001, 2_000_000, 2_000_001, 16_384_000_000]
        let sketch = sketch(durations)
        #expect(sketch.count(upTo: 0) == 2)
        #expect(sketch.count(upTo: 1_000_000) == 5)
        #expect(sketch.count(upTo: 2_000_000) == 7)
        #expect(sketch.count(upTo: 16_384_000_000) == 9)
        #expect(sketch.counts(upTo: [0, 1_000_000, 2_000_000, 16_384_000_000]) == [2, 5, 7, 9])
    }

    @Test func `bytes give the same sketch again, and damaged ones an error or another sketch`() throws {
        let original = sketch([0, 5, 70_000, 3_000_000, 3_000_000, Int64.max])
        var writer = ByteWriter()
        original.encode(into: &writer)
        let again = try writer.bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try DurationSketch(from: &reader)
        }
        #expect(again == original)
        for place in writer.bytes.indices {
            for bit in 0..<8 {
                var damaged = writer.bytes
                damaged[place] ^= 1 << UInt8(bit)
                damaged.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    _ = try? DurationSketch(from: &reader).quantile(0.5)
                }
            }
        }
    }

    @Test func `several quantiles at once are those asked for one by one`() {
        var generator = SeededGenerator(seed: 13)
        let sketch = sketch((0..<1000).map { _ in Int64.random(in: -5...5_000_000_000, using: &generator) })
        let parts = [0, 0.001, 0.5, 0.5, 0.95, 0.99, 1]
        #expect(sketch.quantiles(parts) == parts.compactMap { sketch.quantile($0) })
        #expect(DurationSketch().quantiles(parts) == [])
    }

    @Test func `nothing has no quantile`() {
        #expect(DurationSketch().quantile(0.5) == nil)
        #expect(sketch([0]).quantile(0.5) == 0)
    }
}
