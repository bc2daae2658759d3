import Foundation
import QueryLanguage
import TestSupport
import Testing
import TraceModel

@testable import TraceStore

/// What a search in the query language finds is what the language says of every trace, wherever its spans are.
@Suite struct TraceQLSearchTests {
    private static let everything = Int64.min...Int64.max

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Conditions that some spans meet: of one of the spans, chosen by chance.
    private func condition(_ span: SpanView, _ random: inout SeededGenerator, depth: Int = 0) -> String {
        var strings: [(String, String)] = []
        var numbers: [(String, Int64)] = []
        span.forEachAttribute { key, value in
            let key = String(decoding: key, as: UTF8.self)
            if case .string(let text) = value, text.count < 100 {
                strings.append((key, String(decoding: text, as: UTF8.self)))
            }
            if case .int(let number) = value, number.magnitude < 1 << 62 { numbers.append((key, number)) }
        }
        let scope = ["span.", ".", "resource."].randomElement(using: &random) ?? "."
        if depth < 2, Int.random(in: 0..<3, using: &random) == 0 {
            let joint = ["&&", "||"].randomElement(using: &random) ?? "||"
            let left = condition(span, &random, depth: depth + 1)
            let right = condition(span, &random, depth: depth + 1)
            return Bool.random(using: &random) ? "(\(left) \(joint) \(right))" : "!(\(left) \(joint) \(right))"
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return "name = \(quoted(String(decoding: span.operationName, as: UTF8.self)))"
        case 1: return ".service.name = \(quoted(String(decoding: span.serviceName, as: UTF8.self)))"
        case 2: return "resource.service.name =~ \"[ab].*\""
        case 3:
            return ["status = error", "status != ok", "kind = client", "kind != server"].randomElement(using: &random)
                ?? ""
        case 4: return "duration \([">", "<=", "="].randomElement(using: &random) ?? ">") \(span.duration ?? 7)ns"
        case 5: return "\(scope)\(["few", "array", "none", "guid", "k1"].randomElement(using: &random) ?? "few") != nil"
        case 6: return "event:name != nil || statusMessage != nil"
        default: break
        }
        if let (key, number) = numbers.randomElement(using: &random), Bool.random(using: &random) {
            let comparison = ["=", "!=", ">", "<="].randomElement(using: &random) ?? "="
            return "\(scope)\(quoted(key)) \(comparison) \(number)"
        }
        guard let (key, value) = strings.randomElement(using: &random) else { return "name != \"op0\"" }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "\(scope)\(quoted(key)) != \(quoted(value))"
        case 1 where value.allSatisfy { $0.isLetter || $0.isNumber }:
            return "\(scope)\(quoted(key)) =~ \"\(value.prefix(2)).*\""
        default: return "\(scope)\(quoted(key)) = \(quoted(value))"
        }
    }

    private func query(_ spans: [SpanView], _ random: inout SeededGenerator) -> String {
        func spanset() -> String {
            guard let span = spans.randomElement(using: &random) else { return "{ }" }
            return "{ \(condition(span, &random)) }"
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "\(spanset()) && \(spanset())"
        case 1: return "\(spanset()) || \(spanset())"
        case 2: return "\(spanset()) >> \(spanset())"
        case 3: return "\(spanset()) !> \(spanset())"
        case 4: return "\(spanset()) | count() > 1"
        case 5: return "{ } | \(spanset()) | avg(duration) > 1ms"
        default: return spanset()
        }
    }

    private func expected(
        _ language: TraceQLQuery, _ traces: [Trace], _ window: ClosedRange<Int64>
    ) -> [TraceQuery.Place] {
        let matcher = TraceQLMatcher(language)
        let places = traces.compactMap { trace -> TraceQuery.Place? in
            guard let start = trace.spans.compactMap(\.start).min(), window.contains(start) else { return nil }
            if matcher.match(trace).isEmpty { return nil }
            return TraceQuery.Place(start: start, traceID: trace.traceID)
        }
        return places.sorted { ($0.start, $0.traceID) > ($1.start, $1.traceID) }
    }

    private func search(_ store: TraceStore, _ query: TraceQuery) throws -> ([TraceQuery.Place], TraceSearchOutcome) {
        var places: [TraceQuery.Place] = []
        let outcome = try store.find(query, QueryWork()) { places.append($0.place) }
        return (places, outcome)
    }

    @Test(arguments: [UInt64](1...4))
    func `a search finds exactly what matches, newest first, counted and page by page`(seed: UInt64) throws {
        let harness = try StoreHarness { $0.blockSpanCount = 64 }
        var generator = SpanGenerator(seed: seed, everySpanHasStart: true)
        var random = SeededGenerator(seed: seed ^ 0x7ac3)
        for round in 0..<3 {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                try harness.append(generator.batch(spanCount: Int.random(in: 20...150, using: &random)))
            }
            if Bool.random(using: &random) { harness.store.sealAll() }
            if Int.random(in: 0..<3, using: &random) == 0 { _ = try harness.store.compact() }
            let traces = try generator.traceIDs.compactMap { try harness.store.trace($0) }
            let spans = traces.flatMap(\.spans)
            for _ in 0..<12 {
                let text = query(spans, &random)
                let comment: Comment = "seed \(seed), round \(round): \(text)"
                let language = try TraceQLQuery(parsing: text)
                let wanted = expected(language, traces, Self.everything)
                var query = TraceQuery(
                    rules: .traceQL(language), startMin: .min, startMax: .max, limit: traces.count + 1)
                let (all, outcome) = try search(harness.store, query)
                let missing = wanted.filter { !all.contains($0) }.map(\.traceID)
                let extra = all.filter { !wanted.contains($0) }.map(\.traceID)
                #expect(missing.isEmpty && extra.isEmpty, comment)
                #expect(all.map(\.traceID) == wanted.map(\.traceID), comment)
                #expect(outcome.count == .exactly(wanted.count) && !outcome.hasMore, comment)
                query.limit = max(3, wanted.count / 4)
                query.countMax = .max
                var pages: [TraceQuery.Place] = []
                for _ in 0...wanted.count {
                    let (page, outcome) = try search(harness.store, query)
                    #expect(outcome.count == .exactly(wanted.count - pages.count), comment)
                    pages += page
                    guard outcome.hasMore, let last = page.last else { break }
                    query.after = last
                }
                #expect(pages.map(\.traceID) == wanted.map(\.traceID), comment)
            }
        }
    }

    @Test func `a search without a limit of its count stops when it has enough`() throws {
        let harness = try StoreHarness()
        for trace in 1...30 {
            try harness.post([StoreHarness.span(trace: "\(trace)", id: "1", at: 1_790_000_000_000_000 + trace)])
        }
        let language = try TraceQLQuery(parsing: "{ }")
        var query = TraceQuery(rules: .traceQL(language), startMin: 0, startMax: .max, limit: 5)
        #expect(try search(harness.store, query).1.count == .atLeast(6))
        query.countMax = 20
        #expect(try search(harness.store, query).1.count == .atLeast(21))
        query.countMax = 30
        #expect(try search(harness.store, query).1.count == .exactly(30))
        query.limit = 0
        let (none, outcome) = try search(harness.store, query)
        #expect(none.isEmpty)
        #expect(outcome.count == .exactly(30) && outcome.hasMore)
    }

    @Test func `what damage keeps from being found is not counted as if it were not there`() throws {
        let harness = try StoreHarness { $0.blockSpanCount = 16 }
        try harness.post(
            (1...200).map { number in
                StoreHarness.span(trace: "\(number)", id: "1", at: 1_790_000_000_000_000 + number * 1000)
            })
        harness.store.sealAll()
        harness.store.close()
        let path = harness.folder.path + "/segments/0000000001.segment"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var foundCounts: Set<Int> = []
        for place in stride(from: 40, to: bytes.count, by: 131) {
            var damaged = bytes
            damaged[place] ^= 0x10
            try Data(damaged).write(to: URL(filePath: path))
            // A segment whose head or end is damaged is set aside when the store is opened.
            guard (try? harness.open()) != nil else { continue }
            defer { harness.store.close() }
            guard harness.store.statistics().segmentCount == 1 else { continue }
            let language = try TraceQLQuery(parsing: "{ kind = server }")
            var query = TraceQuery(rules: .traceQL(language), startMin: 0, startMax: .max, limit: 10)
            query.countMax = .max
            if let (_, outcome) = try? search(harness.store, query) {
                switch outcome.count {
                case .exactly(let count):
                    #expect(count == 200 && outcome.gaps.isEmpty, "\(count) after the flip of byte \(place)")
                case .atLeast(let count):
                    #expect(count < 200 && outcome.gaps.count == 1, "the flip of byte \(place)")
                    foundCounts.insert(count)
                }
            }
        }
        #expect(foundCounts.contains(184), "all but a block: \(foundCounts)")
    }

    @Test func `a service is found by a name with or without its namespace, where only one is meant`() throws {
        let harness = try StoreHarness()
        try harness.post([
            StoreHarness.span(trace: "a", id: "1", service: "reviews.bookinfo"),
            StoreHarness.span(trace: "b", id: "1", service: "cart", tags: ["istio.namespace": "shop"]),
            StoreHarness.span(trace: "c", id: "1", service: "cart", tags: ["istio.namespace": "other"]),
            StoreHarness.span(trace: "d", id: "1", service: "pay.one"),
            StoreHarness.span(trace: "e", id: "1", service: "pay.two"),
            StoreHarness.span(trace: "f", id: "1", service: "plain"),
        ])
        func found(_ service: String) throws -> (traces: [String], notes: Int) {
            var query = TraceQuery(rules: .oneSpan, startMin: 0, startMax: .max, limit: 10)
            query.serviceName = service
            var traces: [String] = []
            let outcome = try harness.store.find(query, QueryWork()) {
                traces.append(String($0.trace.traceID.low, radix: 16))
            }
            let language = try TraceQLQuery(parsing: "{ .service.name = \"\(service)\" && kind = server }")
            var inLanguage: [String] = []
            let same = try harness.store.find(
                TraceQuery(rules: .traceQL(language), startMin: 0, startMax: .max, limit: 10), QueryWork()
            ) { inLanguage.append(String($0.trace.traceID.low, radix: 16)) }
            #expect(inLanguage == traces && same.notes == outcome.notes)
            return (traces, outcome.notes.count)
        }
        #expect(try found("reviews.bookinfo") == (["a"], 0))
        #expect(try found("reviews") == (["a"], 1))
        #expect(try found("cart.shop") == (["b"], 1))
        #expect(try found("cart.shop.svc.cluster.local") == (["b"], 1))
        #expect(try found("cart.nowhere") == ([], 1))
        #expect(try found("pay") == ([], 0))
        #expect(try found("plain.any") == (["f"], 1))
        #expect(try harness.store.operations(ofService: "reviews").map(\.name) == ["get"])
    }
}
