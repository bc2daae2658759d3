import FoundationEssentials
import TestSupport
import Testing
import Topology
import TraceModel

@testable import TraceStore

/// Spans that are read one by one, held against those of whole traces.
@Suite struct SpanSearchTests {
    private static let service = "reviews.default"

    /// Where spans are while they are sought.
    enum Place: CaseIterable {
        case live, oneSegment, segmentForEachPost, half
    }

    private static func bodies(_ folder: String) throws -> [String] {
        let file = URL(filePath: Repository.path + "/Tests/Fixtures/\(folder)/posts.jsonl.gz")
        return try Gzip.unpacked(Array(try Data(contentsOf: file))).split(separator: 10)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func filled(_ folder: String, _ place: Place) throws -> StoreHarness {
        let harness = try StoreHarness()
        let bodies = try bodies(folder)
        for (number, body) in bodies.enumerated() {
            try harness.post(body)
            switch place {
            case .segmentForEachPost where number % 10 == 9: try harness.store.seal()
            case .half where number == bodies.count / 2: try harness.store.seal()
            default: break
            }
        }
        if place == .oneSegment { try harness.store.seal() }
        return harness
    }

    private struct Key: Hashable {
        let traceID: TraceID
        let spanID: SpanID
        let kind: SpanKind
    }

    private static func query(
        _ version: String?, isMirrored: Bool? = nil, window: Range<Int64> = 0..<Int64.max, limit: Int = .max
    ) -> SpanQuery {
        var query = SpanQuery(serviceName: service, window: window, limit: limit)
        query.version = version
        query.isMirrored = isMirrored
        return query
    }

    private static func found(_ query: SpanQuery, _ store: TraceStore) throws -> (spans: [SpanView], isComplete: Bool) {
        var spans: [SpanView] = []
        let outcome = try store.forEachSpan(query, QueryWork()) { spans.append($0) }
        #expect(outcome.gaps.isEmpty)
        return (spans, outcome.isComplete)
    }

    /// The same from whole traces, with their spans as they are in them.
    private static func expected(_ query: SpanQuery, _ store: TraceStore) throws -> [Key: SpanView] {
        var spans: [Key: SpanView] = [:]
        let all = TraceQuery(rules: .anySpans, startMin: 0, startMax: .max, limit: .max)
        for trace in try store.find(all).traces {
            let mirrored = MirroredSpans(trace)
            for span in trace.spans where query.isMet(by: span) {
                if let isMirrored = query.isMirrored, mirrored.contains(span.spanID) != isMirrored { continue }
                spans[Key(traceID: span.traceID, spanID: span.spanID, kind: span.traits.kind)] = span
            }
        }
        return spans
    }

    private static func expectEqual(_ query: SpanQuery, _ store: TraceStore) throws -> Int {
        let (spans, isComplete) = try found(query, store)
        let expected = try expected(query, store)
        #expect(isComplete)
        #expect(spans.count == expected.count)
        for span in spans {
            let own = try #require(
                expected[Key(traceID: span.traceID, spanID: span.spanID, kind: span.traits.kind)])
            #expect(span.hasEqualContent(to: own))
            #expect(span.start == own.start && span.parentID == own.parentID && span.duration == own.duration)
        }
        return spans.count
    }

    @Test(arguments: Place.allCases) func `the spans are those of the whole traces`(place: Place) throws {
        let harness = try Self.filled("bookinfo-mirror", place)
        // As the recording's truth has it.
        #expect(try Self.expectEqual(Self.query("v1"), harness.store) == 68)
        #expect(try Self.expectEqual(Self.query("v2"), harness.store) == 26)
        #expect(try Self.expectEqual(Self.query("v3"), harness.store) == 43)
        #expect(try Self.expectEqual(Self.query(nil), harness.store) == 137)
        var calls = Self.query(nil)
        calls.kinds = [.client]
        #expect(try Self.expectEqual(calls, harness.store) == 55)
    }

    @Test(arguments: Place.allCases) func `copies of requests are told from requests`(place: Place) throws {
        let harness = try Self.filled("bookinfo-mirror", place)
        #expect(try Self.expectEqual(Self.query("v3", isMirrored: true), harness.store) == 43)
        #expect(try Self.expectEqual(Self.query("v3", isMirrored: false), harness.store) == 0)
        #expect(try Self.expectEqual(Self.query("v2", isMirrored: false), harness.store) == 26)
        #expect(try Self.expectEqual(Self.query(nil, isMirrored: true), harness.store) == 43)
        var ratings = Self.query("v1", isMirrored: true)
        ratings.serviceName = "ratings.default"
        #expect(try Self.expectEqual(ratings, harness.store) == 43)
        ratings.isMirrored = false
        #expect(try Self.expectEqual(ratings, harness.store) == 12)
    }

    @Test(arguments: Place.allCases) func `where there are no copies every span is a request`(place: Place) throws {
        let harness = try Self.filled("bookinfo", place)
        let count = try Self.expectEqual(Self.query(nil, isMirrored: false), harness.store)
        #expect(count > 200)
        #expect(try Self.expectEqual(Self.query(nil, isMirrored: true), harness.store) == 0)
    }

    @Test func `odd spans are read as they are`() throws {
        for place in Place.allCases {
            let harness = try Self.filled("bookinfo-odd", place)
            #expect(try Self.expectEqual(Self.query(nil), harness.store) > 0)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `of spans of every kind the same are found`(seed: UInt64) throws {
        struct Place: Hashable {
            let traceID: TraceID
            let spanID: SpanID
            let start: Int64?

            init(_ span: SpanView) { (traceID, spanID, start) = (span.traceID, span.spanID, span.start) }
        }
        var generator = SpanGenerator(seed: seed)
        let harness = try StoreHarness()
        for round in 0..<6 {
            try harness.append(generator.batch(spanCount: 1_500))
            if round % 2 == 1, round < 5 { try harness.store.seal() }
        }
        for kinds: Set<SpanKind> in [[.server, .consumer], [.client], Set(SpanKind.allCases)] {
            var query = Self.query(nil)
            query.serviceName = "a.default"
            query.kinds = kinds
            let (spans, _) = try Self.found(query, harness.store)
            var expected: Set<Place> = []
            for traceID in generator.traceIDs {
                for span in try harness.store.trace(traceID)?.spans ?? [] where query.isMet(by: span) {
                    expected.insert(Place(span))
                }
            }
            #expect(!expected.isEmpty, "seed \(seed)")
            #expect(spans.count == expected.count, "seed \(seed)")
            #expect(Set(spans.map { Place($0) }) == expected, "seed \(seed)")
        }
    }

    @Test func `at the limit it ends, with the latest spans, and says so`() throws {
        let harness = try Self.filled("bookinfo", .segmentForEachPost)
        let all = try Self.expected(Self.query("v2"), harness.store).values.compactMap(\.start).sorted(by: >)
        let (spans, isComplete) = try Self.found(Self.query("v2", limit: 20), harness.store)
        #expect(!isComplete)
        #expect(spans.count == 20)
        // Blocks are taken by their last trace: what is told is among the latest, if not the very latest.
        #expect(try #require(spans.compactMap(\.start).min()) >= all[min(all.count - 1, 60)])
        #expect(try Self.found(Self.query("v2", limit: 0), harness.store).spans.isEmpty)
    }

    @Test(arguments: Place.allCases) func `the window tests each span`(place: Place) throws {
        let harness = try Self.filled("bookinfo", place)
        let starts = try Self.expected(Self.query(nil), harness.store).values.compactMap(\.start).sorted()
        let window = starts[starts.count / 3]..<starts[starts.count / 2]
        let count = try Self.expectEqual(Self.query(nil, window: window), harness.store)
        #expect(count == starts.count { window.contains($0) })
    }

    @Test func `a span that was sent twice is told once`() throws {
        let harness = try StoreHarness()
        let tags = ["version": "v1"]
        let span = StoreHarness.span(id: "1", service: Self.service, tags: tags)
        try harness.post([span])
        try harness.store.seal()
        try harness.post([span])
        #expect(try Self.found(Self.query("v1"), harness.store).spans.count == 1)
    }

    @Test func `when the time is up, what was found so far is the answer`() throws {
        let harness = try Self.filled("bookinfo", .oneSegment)
        let work = QueryWork(deadline: .now - .seconds(1))
        let outcome = try harness.store.forEachSpan(Self.query(nil), work) { _ in }
        #expect(!outcome.isComplete)
    }
}
