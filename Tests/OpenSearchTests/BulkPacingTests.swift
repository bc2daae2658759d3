import Testing

@testable import OpenSearch

@Suite struct BulkPacingTests {
    private var options: BulkOptions {
        var options = BulkOptions()
        options.requestCountMax = 8
        options.byteCountMax = 4 << 20
        options.backoffMin = .milliseconds(100)
        options.backoffMax = .seconds(10)
        return options
    }

    @Test func `push-back halves the requests, then their size; success brings both back`() {
        var pacing = BulkPacing(options)
        var seen: [[Int]] = []
        for _ in 0..<10 {
            seen.append([pacing.requestCount, pacing.byteCountLimit >> 10])
            pacing.pushedBack(generation: pacing.generation)
        }
        #expect(
            seen == [
                [8, 4096], [4, 4096], [2, 4096], [1, 4096], [1, 2048], [1, 1024], [1, 512], [1, 256], [1, 128],
                [1, 128],
            ])
        var successCount = 0
        while pacing.requestCount < 8 {
            pacing.succeeded()
            successCount += 1
            if pacing.byteCountLimit < 4 << 20 { #expect(pacing.requestCount == 1) }
        }
        #expect(pacing.byteCountLimit == 4 << 20)
        #expect((40...60).contains(successCount))
    }

    @Test func `requests sent before a reduction do not reduce again`() {
        var pacing = BulkPacing(options)
        let generation = pacing.generation
        for _ in 0..<8 { pacing.pushedBack(generation: generation) }
        #expect(pacing.requestCount == 4)
    }

    @Test func `what was too large once is not reached again`() {
        var pacing = BulkPacing(options)
        pacing.tooLarge(byteCount: 3 << 20)
        #expect(pacing.byteCountLimit == 3 << 19)
        for _ in 0..<1000 { pacing.succeeded() }
        #expect(pacing.byteCountLimit == 3 << 19)
    }

    @Test func `waiting grows with each failure between its bounds, by chance`() {
        let schedule = RetrySchedule(options)
        let milliseconds: UInt64 = 1_000_000
        #expect(
            (1...9).map { schedule.delay(failureCount: $0, chance: 0) / milliseconds }
                == Array(repeating: 100, count: 9))
        let longest = (1...9).map { schedule.delay(failureCount: $0, chance: 1) / milliseconds }
        #expect(longest == [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
        #expect(schedule.delay(failureCount: 1000, chance: 0.5) == 5_050 * milliseconds)
        #expect(schedule.delay(failureCount: 1, chance: 1, retryAfter: .seconds(70)) == 70_000 * milliseconds)
        #expect(schedule.delay(failureCount: 9, chance: 1, retryAfter: .seconds(2)) == 10_000 * milliseconds)
    }
}
