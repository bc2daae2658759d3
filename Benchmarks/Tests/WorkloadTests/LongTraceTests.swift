import Foundation
import Testing
import Workload

@Suite struct LongTraceTests {
    private struct Span: Decodable {
        let traceId: String
        let id: String
        let parentId: String?
    }

    @Test func `a long trace is one tree with exactly so many spans`() throws {
        let workload = Workload(
            WorkloadConfiguration(profile: .mesh, seed: 3, spanCount: 4_000, lastStart: 1_700_000_000_000_000))
        let trace = LongTrace(workload, spanCount: 1_500)
        var (spans, posts) = ([Span](), 0)
        try trace.forEachPost { body in
            spans += try JSONDecoder().decode([Span].self, from: Data(body))
            posts += 1
        }
        #expect(spans.count == 1_500 && posts == 3)
        #expect(Set(spans.map(\.traceId)) == [trace.traceID])
        let ids = Set(spans.map(\.id))
        let roots = spans.filter { $0.parentId == nil }
        #expect(roots.count == 1)
        #expect(spans.allSatisfy { $0.parentId.map(ids.contains) ?? true }, "every parent is there")
    }
}
