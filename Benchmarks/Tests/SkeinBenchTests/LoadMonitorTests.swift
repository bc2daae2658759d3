import Testing

@testable import skein_bench

@Suite struct LoadMonitorTests {
    /// A server whose CPU and memory are functions of the spans it has.
    private final class Server {
        var spans = 0
        var sampleCount = 0
        var progress: [Int] = []

        func monitor(spanCount: Int) -> LoadMonitor {
            LoadMonitor(
                spanCount: spanCount,
                sample: { [self] in
                    sampleCount += 1
                    return (cpuSeconds: Double(spans) * 4e-6, memory: 50 + Double(spans) * 1e-6)
                },
                progress: { [self] spans, _, _ in progress.append(spans) })
        }
    }

    @Test(arguments: [1_000, 7_919, 50_000]) func `a load has ten tenths that add up`(step: Int) throws {
        let server = Server()
        let monitor = server.monitor(spanCount: 10_000_000)
        var now = 100.0
        while server.spans < 10_000_000 {
            try monitor.observe(now: now, spansAccepted: server.spans)
            server.spans = min(server.spans + step, 10_000_000)
            now += Double(step) * 5e-6
        }
        try monitor.observe(now: now, spansAccepted: server.spans)
        try monitor.finish(now: now, spansAccepted: server.spans)
        #expect(monitor.tenths.count == 10)
        #expect(monitor.tenths.reduce(0) { $0 + $1.spanCount } == 10_000_000)
        #expect(abs(monitor.tenths.reduce(0) { $0 + $1.seconds } - (now - 100)) < 1e-6)
        for (index, tenth) in monitor.tenths.enumerated() {
            #expect(abs(tenth.cpuSecondsPerMillionSpans - 4) < 1e-6)
            #expect(abs(tenth.spansPerSecond - 200_000) < 200_000 * 0.01)
            #expect(tenth.memoryP50 <= tenth.memoryMax && tenth.memoryMax >= 50 + Double(index) * 0.9)
        }
        // Every second and at the end of each tenth: neither once a post, nor only at the ends.
        #expect((20...90).contains(server.sampleCount), "\(server.sampleCount) samples")
        #expect(!server.progress.isEmpty && server.progress.count <= 11)
    }

    @Test func `a load of which spans were lost still has its last tenth`() throws {
        let server = Server()
        let monitor = server.monitor(spanCount: 1_000)
        try monitor.observe(now: 0, spansAccepted: 0)
        server.spans = 150
        try monitor.observe(now: 1, spansAccepted: 150)
        try monitor.finish(now: 2, spansAccepted: 150)
        #expect(monitor.tenths.map(\.spanCount) == [150, 0])
    }

    @Test func `without a load there are no tenths`() throws {
        let monitor = Server().monitor(spanCount: 1_000)
        try monitor.finish(now: 2, spansAccepted: 0)
        #expect(monitor.tenths.isEmpty)
    }
}
