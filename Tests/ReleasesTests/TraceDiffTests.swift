import Releases
import TestSupport
import Testing
import TraceModel

@Suite struct TraceDiffTests {
    private func page(
        reviews version: String = "v1", status: String = "200", duration: Double = 20, hasRatings: Bool = false,
        operation: String = "reviews.default.svc.cluster.local:9080/*"
    ) -> [MadeSpan] {
        var spans = [
            MadeSpan(
                id: 1, kind: .server, service: "page", operation: "GET /page", start: 0, duration: duration + 20,
                attributes: [("http.status_code", "200")])
        ]
        spans += MadeTrace.call(10, from: "page", parent: 1, to: "details", "GET /details", start: 2, duration: 8)
        spans += MadeTrace.call(
            20, from: "page", parent: 1, to: "reviews", operation, start: 12, duration: duration, status: status,
            version: version)
        if hasRatings {
            spans += MadeTrace.call(
                30, from: "reviews", parent: 21, to: "ratings", "GET /ratings", start: 14, duration: duration / 2)
        }
        return spans
    }

    @Test func `client and server of a call are one row`() throws {
        let report = try MadeTrace.report(page(), page())
        #expect(
            report.tree == [
                "= page GET /page", "  = details GET /details",
                "  = reviews reviews.default.svc.cluster.local:9080/*",
            ])
        #expect(report.summary.isEmpty && report.summary.matchedCount == 3)
        let reviews = try #require(report.rows.last)
        #expect(reviews.a?.durationNanos == 20_000_000 && reviews.a?.serverDurationNanos == 19_000_000)
        #expect(reviews.a?.spanID == "0000000000000014" && reviews.a?.serverSpanID == "0000000000000015")
        #expect(reviews.kind == "call" && report.words == ["both took 40 ms"])
    }

    @Test func `a call is matched across the name that a mesh gives its route during a release`() throws {
        let report = try MadeTrace.report(page(), page(reviews: "v2", operation: "reviews:9080/*"))
        #expect(report.summary.matchedCount == 3 && report.summary.versionCount == 1 && report.summary.addedCount == 0)
        #expect(report.rows[2].a?.operation == "reviews.default.svc.cluster.local:9080/*")
        #expect(report.rows[2].b?.operation == "reviews:9080/*")
        #expect(report.words.contains("reviews: v1 in a, v2 in b"))
    }

    @Test func `what only one of the traces does is added or missing, with all below it`() throws {
        let report = try MadeTrace.report(page(), page(reviews: "v2", hasRatings: true))
        #expect(report.tree.last == "    + ratings GET /ratings")
        #expect(report.rows.last?.b?.criticalNanos == 10_000_000 && report.rows.last?.a == nil)
        #expect(report.words.contains("only b has ratings GET /ratings"))
        let other = try MadeTrace.report(page(hasRatings: true), page())
        #expect(other.tree.last == "    - ratings GET /ratings" && other.summary.missingCount == 1)
    }

    @Test func `slower spans and changed outcomes are told, and where the time went`() throws {
        let report = try MadeTrace.report(page(), page(reviews: "v3", status: "503", duration: 80))
        #expect(report.rows.map(\.changes) == [["slower"], [], ["slower", "status", "version"]])
        #expect(report.words[0] == "b took 100 ms, a 40 ms: 60 ms longer")
        #expect(report.words[1].hasPrefix("reviews ") && report.words[1].contains("+60 ms on the critical path"))
        #expect(report.words.contains { $0.hasSuffix(": 200 in a, 503 in b") })
        #expect(report.contributions.reduce(0) { $0 + $1.differenceNanos } == 60_000_000)
    }

    @Test func `of repeated calls those that are alike are matched, whichever are missing`() throws {
        func tries(_ statuses: [String]) -> [MadeSpan] {
            var spans = [MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 100)]
            for (index, status) in statuses.enumerated() {
                spans += MadeTrace.call(
                    UInt64(10 + index * 10), from: "page", parent: 1, to: "reviews", "GET", start: Double(index) * 12,
                    duration: 10, status: status)
            }
            return spans
        }
        let report = try MadeTrace.report(tries(["503", "200"]), tries(["200"]))
        #expect(report.tree == ["= page work", "  - reviews GET", "  = reviews GET"])
        #expect(report.rows[1].a?.status == "503" && report.summary.statusCount == 0)
        // A loop that has lost one of its calls.
        func loop(_ numbers: [Int]) -> [MadeSpan] {
            var spans = [MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 1000)]
            for (index, number) in numbers.enumerated() {
                spans += MadeTrace.call(
                    UInt64(10 + index * 10), from: "page", parent: 1, to: "items", "GET", start: Double(index) * 12,
                    duration: 10, path: "http://items/\(number)")
            }
            return spans
        }
        let lost = try MadeTrace.report(loop([1, 2, 3, 4, 5, 6]), loop([1, 2, 4, 6]))
        #expect(
            lost.rows.dropFirst().map(\.match) == ["matched", "matched", "missing", "matched", "missing", "matched"])
        #expect(lost.summary.attributesCount == 0)
    }

    @Test func `tries of a proxy stand below the call, whose answer is the last one's`() throws {
        func spans(_ statuses: [String]) -> [MadeSpan] {
            var spans = [
                MadeSpan(id: 1, kind: .client, service: "page", operation: "GET", start: 0, duration: 50)
            ]
            for (index, status) in statuses.enumerated() {
                spans.append(
                    MadeSpan(
                        id: UInt64(10 + index), parent: 1, kind: .server, service: "reviews", operation: "GET",
                        start: Double(index * 10 + 1), duration: 8, attributes: [("http.status_code", status)]))
            }
            return spans
        }
        let report = try MadeTrace.report(spans(["200"]), spans(["503", "200"]))
        #expect(report.tree == ["= reviews GET", "  + reviews GET"])
        #expect(report.rows[1].b?.status == "503")
    }

    @Test func `parallel calls that began in another order are the same calls`() throws {
        func spans(_ names: [String]) -> [MadeSpan] {
            [MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 100)]
                + names.enumerated().flatMap { index, name in
                    MadeTrace.call(
                        UInt64(10 + index * 10), from: "page", parent: 1, to: name, "GET", start: Double(index),
                        duration: 10)
                }
        }
        let report = try MadeTrace.report(spans(["x", "y", "z"]), spans(["z", "x", "y"]))
        #expect(report.summary.addedCount == 0 && report.summary.missingCount == 0)
    }

    @Test func `a level that only one trace has is no reason to call all below it new`() throws {
        let plain =
            [
                MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 50)
            ] + MadeTrace.call(10, from: "page", parent: 1, to: "details", "GET", start: 1, duration: 10)
        let wrapped =
            [
                MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 50),
                MadeSpan(id: 5, parent: 1, service: "page", operation: "render", start: 0, duration: 20),
            ] + MadeTrace.call(10, from: "page", parent: 5, to: "details", "GET", start: 1, duration: 10)
        #expect(
            try MadeTrace.report(plain, wrapped).tree == ["= page work", "  + page render", "    = details GET"])
        #expect(
            try MadeTrace.report(wrapped, plain).tree == ["= page work", "  - page render", "    = details GET"])
    }

    @Test func `attributes are told that tell something, and no identities`() throws {
        func span(_ attributes: [(String, String)]) -> [MadeSpan] {
            [MadeSpan(id: 1, kind: .server, service: "s", attributes: attributes)]
        }
        let a = span([
            ("guid:x-request-id", "e3513a42-0dce-985c-95e6-6a1cda318105"), ("node_id", "pod-1"), ("zone", "a"),
            ("http.url", "http://s/items/17?page=2"), ("response_size", "1000"), ("feature", "old"), ("gone", "yes"),
            ("session", "0123456789abcdef0123"), ("db.statement", "select 1"),
        ])
        let b = span([
            ("guid:x-request-id", "00000000-0dce-985c-95e6-6a1cda318105"), ("node_id", "pod-2"), ("zone", "b"),
            ("http.url", "http://s/items/4?page=12"), ("response_size", "1900"), ("feature", "new"),
            ("session", "fedcba9876543210fedc"), ("db.statement", "select 1 from all"), ("k8s.pod.name", "x"),
        ])
        let row = try #require(try MadeTrace.report(a, b).rows.first)
        #expect(
            row.attributes.map { [$0.key, $0.a, $0.b] } == [
                ["db.statement", "select 1", "select 1 from all"], ["feature", "old", "new"], ["gone", "yes", nil],
                ["zone", "a", "b"],
            ])
    }

    @Test func `two spans of one trace are compared with all below them, and nothing else`() throws {
        let trace = MadeTrace.trace(
            page()
                + MadeTrace.call(
                    40, from: "reviews", parent: 21, to: "ratings", "GET", start: 15, duration: 5))
        let report = try MadeTrace.report(trace, trace, aSpan: 11, bSpan: 21)
        #expect(report.rows.map(\.match) == ["matched", "added"])
        #expect(report.a.spanCount == 1 && report.b.spanCount == 3)
        #expect(report.a.criticalPath.durationNanos == 7_000_000)
        #expect(throws: TraceDiff.Failure.noSpan(isFirst: true, SpanID(99))) {
            try MadeTrace.report(trace, trace, aSpan: 99, bSpan: 1)
        }
    }

    @Test func `where there are too many rows those that changed are told, with what they stand below`() throws {
        var spans = [MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 10_000)]
        for index in 0..<100 {
            spans += MadeTrace.call(
                UInt64(10 + index * 10), from: "page", parent: 1, to: "items", "GET", start: Double(index) * 12,
                duration: 10, path: "http://items/\(index)")
        }
        var changed = spans
        changed[99].attributes.append(("feature", "new"))
        let (a, b) = (MadeTrace.trace(spans, id: 1), MadeTrace.trace(changed, id: 2))
        let report = try MadeTrace.report(a, b, rowCountMax: 20)
        #expect(report.rows.map(\.changes) == [[], ["attributes"]] && report.leftOutCount == 99)
        #expect(try MadeTrace.report(a, b, rowCountMax: 101).leftOutCount == 0)
        #expect(try MadeTrace.report(a, b, rowCountMax: 0).rows.isEmpty)
    }
}
