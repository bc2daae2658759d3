import Testing
import Workload

@testable import skein_bench

@Suite struct QuerySuiteTests {
    private static let workload = Workload(
        WorkloadConfiguration(profile: .wide, seed: 3, spanCount: 20_000, lastStart: 1_795_241_664_521_384))

    @Test func `the newest of a window are those that start within its inclusive bounds`() throws {
        let workload = Self.workload
        let suite = QuerySuite(
            workload: workload, zipkin: try SocketAddress("127.0.0.1:1"), jaeger: nil, count: 1)
        let truths = (0..<workload.traceCount).map(workload.truth(ofTrace:))
        let service = truths[0].spans[0].service
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<60 {
            let bounds = [generator.below(truths.count), generator.below(truths.count)].sorted()
            let start = truths[bounds[0]].start + Int64(generator.below(3)) - 1
            let end = truths[bounds[1]].start + Int64(generator.below(3)) - 1
            let expected = truths.reversed().filter {
                (start...max(start, end)).contains($0.start) && $0.start <= end && $0.services.contains(service)
            }
            let found = suite.newest(from: start, to: end) { $0.services.contains(service) }
            #expect(found.map(\.index) == expected.prefix(20).map(\.index), "seed 11, \(start) to \(end)")
        }
        #expect(suite.newest { _ in true }.map(\.index) == truths.reversed().prefix(20).map(\.index))
    }
}
