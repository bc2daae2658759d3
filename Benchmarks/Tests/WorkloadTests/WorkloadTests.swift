import Foundation
import Testing
import Workload

/// A span as a reader of the posts sees it.
struct PostedSpan: Decodable, Equatable {
    struct Endpoint: Decodable, Equatable {
        let serviceName: String
        let ipv4: String
    }

    struct Annotation: Decodable, Equatable {
        let timestamp: Int64
        let value: String
    }

    let traceId: String
    let id: String
    let parentId: String?
    let name: String
    let kind: String?
    let timestamp: Int64
    let duration: Int64
    let localEndpoint: Endpoint
    let annotations: [Annotation]?
    let tags: [String: String]
}

@Suite struct WorkloadTests {
    private static let lastStart: Int64 = 1_795_241_664_521_384

    private func workload(
        _ profile: WorkloadProfile, seed: UInt64 = 7, spans: Int = 6_000, batch: Int = 20, rate: Int = 2_000
    ) -> Workload {
        Workload(
            WorkloadConfiguration(
                profile: profile, seed: seed, spanCount: spans, spansPerPost: batch, tracesPerSecond: rate,
                lastStart: Self.lastStart))
    }

    private func bodies(_ workload: Workload) -> [(post: Post, body: [UInt8])] {
        let stream = workload.posts()
        var body: [UInt8] = []
        var result: [(post: Post, body: [UInt8])] = []
        while let post = stream.next(into: &body) { result.append((post, body)) }
        return result
    }

    private func decode(_ body: [UInt8]) throws -> [PostedSpan] {
        try JSONDecoder().decode([PostedSpan].self, from: Data(body))
    }

    private func checksum(_ workload: Workload) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (_, body) in bodies(workload) {
            for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return hash
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `the same seed gives the same bytes, another seed others`(profile: WorkloadProfile) {
        let first = checksum(workload(profile))
        #expect(first == checksum(workload(profile)))
        #expect(first != checksum(workload(profile, seed: 8)))
    }

    @Test(arguments: [(WorkloadProfile.mesh, UInt64(12_886_306_024_319_466_611)), (.wide, 11_863_717_850_785_305_028)])
    func `a workload is the same on every machine`(profile: WorkloadProfile, expected: UInt64) {
        #expect(checksum(workload(profile)) == expected)
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `posts hold exactly the spans that the truth tells`(profile: WorkloadProfile) throws {
        let workload = workload(profile)
        var posted: [String: [PostedSpan]] = [:]
        for (post, body) in bodies(workload) {
            #expect(try JSONSerialization.jsonObject(with: Data(body)) is [Any])
            let spans = try decode(body)
            #expect(spans.count == post.spanCount)
            #expect(Set(spans.map(\.localEndpoint)).count == 1, "a post is of one process")
            for span in spans { posted[span.traceId, default: []].append(span) }
        }
        #expect(posted.count == workload.traceCount)
        #expect(posted.values.reduce(0) { $0 + $1.count } == workload.spanCount)
        for index in 0..<workload.traceCount {
            let truth = workload.truth(ofTrace: index)
            let spans = try #require(posted[truth.traceID]).sorted { $0.id < $1.id }
            #expect(spans == (try decode(workload.json(ofTrace: index)).sorted { $0.id < $1.id }))
            #expect(Set(spans.map(\.localEndpoint.serviceName)) == truth.services)
            #expect(spans.contains { $0.tags["error"] != nil } == truth.isError)
            #expect(spans.contains { $0.tags[workload.requestTag] == truth.requestID })
            for (span, sent) in zip(spans, truth.spans.sorted { $0.id < $1.id }) {
                #expect(span.id == TraceTruth.hex(sent.id))
                #expect(span.parentId == (sent.parentID == 0 ? nil : TraceTruth.hex(sent.parentID)))
                #expect(span.name == sent.operation && span.kind == sent.kind)
                #expect(span.timestamp == sent.start && span.duration == sent.duration && span.duration > 0)
            }
        }
    }

    @Test(arguments: [(WorkloadProfile.mesh, 1_100.0), (.wide, 1_266)])
    func `spans are as long as stated, give or take five percent`(profile: WorkloadProfile, stated: Double) {
        let workload = workload(profile, spans: 30_000)
        let bytes = bodies(workload).reduce(0) { $0 + $1.body.count }
        let mean = Double(bytes) / Double(workload.spanCount)
        #expect(abs(mean - stated) < stated * 0.05, "\(mean) bytes a span")
    }

    @Test(arguments: [(WorkloadProfile.mesh, 7...11), (.wide, 20...60)])
    func `traces have the stated number of spans, and IDs are unique`(profile: WorkloadProfile, range: ClosedRange<Int>)
    {
        let workload = workload(profile, spans: 60_000)
        var (spanIDs, traceIDs, requests) = (Set<UInt64>(), Set<String>(), Set<String>())
        var lastStart = Int64.min
        for index in 0..<workload.traceCount {
            let truth = workload.truth(ofTrace: index)
            #expect(range.contains(truth.spans.count))
            spanIDs.formUnion(truth.spans.map(\.id))
            traceIDs.insert(truth.traceID)
            requests.insert(truth.requestID)
            #expect(truth.start > lastStart, "a later trace starts later")
            lastStart = truth.start
        }
        #expect(spanIDs.count == workload.spanCount && !spanIDs.contains(0))
        #expect(traceIDs.count == workload.traceCount && requests.count == workload.traceCount)
        #expect(lastStart <= Self.lastStart)
    }

    @Test func `a proxy reports a child before its parent, and every child lies within its parent`() throws {
        let workload = workload(.mesh, batch: 1)
        var ended: Set<String> = []
        for (_, body) in bodies(workload) {
            for span in try decode(body) {
                if let parent = span.parentId { #expect(!ended.contains(parent)) }
                ended.insert(span.id)
                let event = try #require(span.annotations?.first)
                #expect((0..<1_000).contains(event.timestamp - span.timestamp - span.duration))
            }
        }
        for index in 0..<workload.traceCount {
            let truth = workload.truth(ofTrace: index)
            let byID = Dictionary(uniqueKeysWithValues: truth.spans.map { ($0.id, $0) })
            for span in truth.spans where span.parentID != 0 {
                let parent = try #require(byID[span.parentID])
                #expect(span.start >= parent.start)
                #expect(span.start + span.duration <= parent.start + parent.duration)
            }
            #expect(truth.traceLow == truth.spans[0].id, "the root's ID is the low half of the trace's")
            #expect(truth.duration == truth.spans[0].duration)
        }
    }

    @Test func `a proxy's spans have 20 tags, 21 with an error, and 13 at the gateway's client side`() throws {
        var counts: [Int: Int] = [:]
        var orders: Set<String> = []
        for (_, body) in bodies(workload(.mesh)) {
            for span in try decode(body) { counts[span.tags.count, default: 0] += 1 }
            orders.insert(String(decoding: body.prefix(12), as: UTF8.self))
        }
        #expect(Set(counts.keys).isSubset(of: [13, 14, 20, 21]))
        #expect(counts[20, default: 0] > counts[13, default: 0] && counts[21, default: 0] > 0)
        #expect(orders.count > 6, "the order of fields changes")
    }

    @Test(arguments: WorkloadProfile.allCases, [5, 20, 512])
    func `posts are full while the load is steady`(profile: WorkloadProfile, batch: Int) {
        let workload = workload(profile, spans: 20_000, batch: batch)
        let posts = bodies(workload).map(\.post)
        let senders = Set(posts.map(\.sender)).count
        #expect(posts.filter { $0.spanCount < batch }.count <= senders, "only each sender's last")
        #expect(posts.allSatisfy { (1...batch).contains($0.spanCount) })
        #expect(posts.reduce(0) { $0 + $1.spanCount } == workload.spanCount)
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `spans do not wait for a full post for long`(profile: WorkloadProfile) throws {
        let workload = workload(profile, spans: 500, batch: 512, rate: 1)
        let posts = bodies(workload)
        #expect(posts.count > 100)
        for (_, body) in posts {
            let ends = try decode(body).map { $0.timestamp + $0.duration }
            let (first, last) = (try #require(ends.min()), try #require(ends.max()))
            #expect(last - first < 7_000_000)
        }
    }

    @Test(arguments: WorkloadProfile.allCases)
    func `the summary is that of all traces`(profile: WorkloadProfile) {
        let workload = workload(profile)
        let summary = workload.summary()
        let truths = (0..<workload.traceCount).map(workload.truth(ofTrace:))
        var operations: [String: Set<String>] = [:]
        for span in truths.flatMap(\.spans) { operations[span.service, default: []].insert(span.operation) }
        #expect(summary.operations == operations)
        #expect(summary.errorTraceCount == truths.filter(\.isError).count)
        #expect(summary.errorServices == Set(truths.flatMap(\.spans).filter(\.isError).map(\.service)))
        #expect(summary.start == truths[0].start)
        #expect(operations.count == (profile == .mesh ? 5 : 60))
    }
}

extension PostedSpan.Endpoint: Hashable {}

@Suite struct SeededGeneratorTests {
    @Test func `the sequence is SplitMix64's`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        ]
        #expect((0..<3).map { _ in generator.next() } == expected)
    }
}
