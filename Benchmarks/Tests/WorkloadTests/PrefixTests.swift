import Testing
import Workload

@Suite struct PrefixTests {
    private func workload(_ profile: WorkloadProfile, spans: Int = 20_000) -> Workload {
        Workload(
            WorkloadConfiguration(profile: profile, seed: 7, spanCount: spans, lastStart: 1_795_241_664_521_384))
    }

    /// The bodies of a stream, and what it says of its traces at the end.
    private func read(_ stream: PostStream) -> (bodies: [[UInt8]], spans: Int, summary: WorkloadSummary) {
        var (bodies, body, spans) = ([[UInt8]](), [UInt8](), 0)
        while let post = stream.next(into: &body) {
            bodies.append(body)
            spans += post.spanCount
        }
        return (bodies, spans, stream.summary)
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `a prefix has the first traces just as the whole has them`(profile: WorkloadProfile) {
        let whole = workload(profile)
        let prefix = whole.prefix(spanCount: 5_000)
        #expect((5_000..<5_060).contains(prefix.spanCount) && prefix.traceCount < whole.traceCount)
        for index in 0..<prefix.traceCount { #expect(prefix.json(ofTrace: index) == whole.json(ofTrace: index)) }
        #expect(whole.prefix(spanCount: 20_000).traceCount == whole.traceCount)
        #expect(whole.prefix(spanCount: 90_000).spanCount == whole.spanCount)
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `posts of two parts hold every trace once, and none across`(profile: WorkloadProfile) {
        let whole = workload(profile)
        let prefix = whole.prefix(spanCount: 5_000)
        let first = read(whole.posts(ofTraces: 0..<prefix.traceCount))
        let second = read(whole.posts(ofTraces: prefix.traceCount..<whole.traceCount))
        #expect(first.spans == prefix.spanCount && first.spans + second.spans == whole.spanCount)
        #expect(first.bodies == read(prefix.posts()).bodies)
        let late = whole.truth(ofTrace: prefix.traceCount).traceID
        let early = whole.truth(ofTrace: prefix.traceCount - 1).traceID
        #expect(!first.bodies.contains { String(decoding: $0, as: UTF8.self).contains(late) })
        #expect(!second.bodies.contains { String(decoding: $0, as: UTF8.self).contains(early) })
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `streams that went to the end know the summary of their traces`(profile: WorkloadProfile) {
        let whole = workload(profile)
        let middle = whole.prefix(spanCount: 5_000).traceCount
        var merged = WorkloadSummary()
        for part in [0..<middle, middle..<whole.traceCount] { merged.merge(read(whole.posts(ofTraces: part)).summary) }
        let expected = whole.summary()
        #expect(merged.operations == expected.operations && merged.errorServices == expected.errorServices)
        #expect(merged.errorTraceCount == expected.errorTraceCount)
        #expect(merged.start == expected.start && merged.end == expected.end)
    }

    @Test func `the count of traces before a time is that of their starts`() {
        let whole = workload(.mesh)
        for index in [0, 1, 17, whole.traceCount - 1] {
            let start = whole.truth(ofTrace: index).start
            #expect(whole.traceCount(startingBefore: start) == index)
            #expect(whole.traceCount(startingBefore: start + 1) == index + 1)
        }
        #expect(
            whole.traceCount(startingBefore: .min) == 0 && whole.traceCount(startingBefore: .max) == whole.traceCount)
    }
}
