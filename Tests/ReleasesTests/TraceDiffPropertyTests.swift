import Releases
import TestSupport
import Testing
import TraceModel

/// Traces and changes of them, at random.
@Suite struct TraceDiffPropertyTests {
    private static let seeds: [UInt64] = Array(1...40)

    /// A random trace of calls and work, each node with all that is below it.
    private struct Node {
        var spans: [MadeSpan]
        var children: [Node] = []

        var hopCount: Int { 1 + children.reduce(0) { $0 + $1.hopCount } }

        /// Calls `body` with each node below this one, until it returns true.
        mutating func change(_ place: inout Int, _ body: (inout Node, Int) -> Void) {
            for index in children.indices {
                if place == 0 {
                    place -= 1
                    body(&self, index)
                    return
                }
                place -= 1
                children[index].change(&place, body)
                if place < 0 { return }
            }
        }

        var all: [MadeSpan] { spans + children.flatMap(\.all) }
    }

    private struct Maker {
        var random: SeededGenerator
        private var lastID: UInt64 = 0

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func node(parent: UInt64, service: String, start: Double, duration: Double, depth: Int) -> Node {
            lastID += 10
            let id = lastID
            let operation = "op\(Int.random(in: 0..<2, using: &random))"
            let callee = "s\(Int.random(in: 0..<4, using: &random))"
            var node: Node
            if Int.random(in: 0..<3, using: &random) > 0 {
                node = Node(
                    spans: MadeTrace.call(
                        id, from: service, parent: parent, to: callee, operation, start: start, duration: duration,
                        version: "v1", path: "/\(Int.random(in: 0..<3, using: &random))"))
            } else {
                node = Node(spans: [
                    MadeSpan(
                        id: id, parent: parent, service: callee, operation: operation, start: start, duration: duration)
                ])
            }
            guard depth > 0 else { return node }
            var next = start + 1
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                let length = duration / 6 - 1
                node.children.append(
                    self.node(
                        parent: node.spans[node.spans.count - 1].id, service: callee, start: next, duration: length,
                        depth: depth - 1))
                next += length * (Int.random(in: 0..<3, using: &random) == 0 ? 0.5 : 1)
            }
            return node
        }

        mutating func trace() -> Node {
            var root = node(parent: 0, service: "front", start: 0, duration: 100_000, depth: 4)
            while root.children.count < 2 {
                root.children.append(
                    node(
                        parent: root.spans[root.spans.count - 1].id, service: "s", start: 10, duration: 10_000, depth: 2
                    ))
            }
            return root
        }
    }

    @Test(arguments: seeds) func `a trace does not differ from itself`(seed: UInt64) throws {
        var maker = Maker(seed: seed)
        let root = maker.trace()
        let report = try MadeTrace.report(root.all, root.all)
        #expect(report.summary.isEmpty && report.summary.matchedCount == root.hopCount, "seed \(seed)")
        #expect(report.contributions.allSatisfy { $0.differenceNanos == 0 })
        #expect(report.a.criticalPath == report.b.criticalPath)
    }

    @Test(arguments: seeds) func `a change is found, and nothing else`(seed: UInt64) throws {
        var maker = Maker(seed: seed)
        let root = maker.trace()
        let below = root.hopCount - 1
        func changed(_ body: (inout Node, Int) -> Void) throws -> TraceDiffReport.Summary {
            var other = root
            var place = Int.random(in: 0..<below, using: &maker.random)
            other.change(&place, body)
            return try MadeTrace.report(root.all, other.all).summary
        }
        var removed = 0
        let without = try changed { parent, index in
            removed = parent.children[index].hopCount
            parent.children.remove(at: index)
        }
        #expect(without.missingCount == removed && without.matchedCount == root.hopCount - removed, "seed \(seed)")
        #expect(without.addedCount == 0 && without.statusCount == 0 && without.attributesCount == 0, "seed \(seed)")
        let with = try changed { parent, index in
            var copy = parent.children[index]
            copy.spans = copy.spans.map { span in
                var span = span
                span.id += 1_000_000
                if span.parent == copy.spans[0].id { span.parent += 1_000_000 }
                return span
            }
            copy.children = []
            parent.children.insert(copy, at: index)
        }
        #expect(with.addedCount == 1 && with.missingCount == 0 && with.statusCount == 0, "seed \(seed)")
        let failing = try changed { parent, index in
            let last = parent.children[index].spans.count - 1
            parent.children[index].spans[last].isError = true
            parent.children[index].spans[last].attributes =
                parent.children[index].spans[last].attributes
                .filter { $0.0 != "http.status_code" } + [("http.status_code", "503")]
        }
        #expect(failing.statusCount == 1 && failing.matchedCount == root.hopCount, "seed \(seed)")
        let slow = try changed { parent, index in
            parent.children[index].spans[0].duration = (parent.children[index].spans[0].duration ?? 0) * 1.5 + 2_000
        }
        #expect(slow.slowerCount == 1 && slow.fasterCount == 0 && slow.statusCount == 0, "seed \(seed)")
    }

    /// Pairs of span IDs, `-` for none.
    private func pairs(_ report: TraceDiffReport) -> [String] {
        report.rows.map { "\($0.a?.spanID ?? "-") \($0.b?.spanID ?? "-")" }.sorted()
    }

    private func swapped(_ pairs: [String]) -> [String] {
        pairs.map { $0.split(separator: " ").reversed().joined(separator: " ") }.sorted()
    }

    @Test(arguments: seeds) func `it does not matter which trace is the first`(seed: UInt64) throws {
        var maker = Maker(seed: seed)
        let (a, b) = (maker.trace().all, maker.trace().all)
        let (there, back) = (try MadeTrace.report(a, b), try MadeTrace.report(b, a))
        #expect(pairs(there) == swapped(pairs(back)), "seed \(seed)")
        #expect(there.summary.addedCount == back.summary.missingCount, "seed \(seed)")
        #expect(there.summary.slowerCount == back.summary.fasterCount, "seed \(seed)")
        #expect(there.summary.statusCount == back.summary.statusCount, "seed \(seed)")
        #expect(there.a.criticalPath == back.b.criticalPath, "seed \(seed)")
        let total = there.contributions.reduce(0) { $0 + $1.differenceNanos }
        #expect(total == there.b.durationNanos - there.a.durationNanos, "seed \(seed)")
    }

    @Test(arguments: seeds.prefix(8)) func `of whatever spans there are each call is told once, and nothing traps`(
        seed: UInt64
    ) throws {
        var generator = SpanGenerator(seed: seed)
        var random = SeededGenerator(seed: seed)
        let spans = Array(generator.batch(spanCount: 600).spans)
        let traces = [
            Array(spans.prefix(300)), Array(spans.suffix(300).shuffled(using: &random)), [],
            spans.filter { $0.traceID == generator.traceIDs.first },
        ]
        for a in traces {
            for b in traces {
                var builder = GatheredSpans.Builder()
                for span in a { _ = builder.append(span) }
                builder.beginSecond()
                for span in b { _ = builder.append(span) }
                let gathered = builder.gathered()
                let id = TraceID(high: 0, low: 1)
                let report = TraceDiffReport(try TraceDiff(gathered), ids: (id, id), rowCountMax: 10_000)
                func told(_ call: (TraceDiffReport.Row) -> TraceDiffReport.Call?) -> Int {
                    report.rows.reduce(0) { $0 + (call($1).map { $0.serverSpanID == nil ? 1 : 2 } ?? 0) }
                }
                #expect(told(\.a) == a.count && told(\.b) == b.count, "seed \(seed)")
                if let first = a.randomElement(using: &random), let second = b.randomElement(using: &random) {
                    let part = try TraceDiff(gathered, a: first.spanID, b: second.spanID)
                    #expect(TraceDiffReport(part, ids: (id, id)).rows.first?.match == "matched", "seed \(seed)")
                }
            }
        }
    }

    @Test func `chains, circles and crowds are compared as far as they go`() throws {
        let count: UInt64 = 3_000
        let chain = (1...count).map { id in
            MadeSpan(id: id, parent: id - 1, service: "s", start: Double(id), duration: Double(2 * count - 2 * id))
        }
        #expect(try MadeTrace.report(chain, chain).summary.matchedCount == Int(count))
        var circle = chain
        circle[0].parent = count
        #expect(try MadeTrace.report(circle, circle).summary.isEmpty)
        #expect(try MadeTrace.report(circle, chain).summary.matchedCount == Int(count))
        let crowd =
            [MadeSpan(id: 1, service: "s", start: 0, duration: 1e6)]
            + (2...count).map { MadeSpan(id: $0, parent: 1, service: "s", start: Double($0 % 7), duration: 3) }
        let report = try MadeTrace.report(crowd, Array(crowd.dropLast(1000)))
        #expect(report.summary.missingCount == 1000 && report.summary.addedCount == 0)
    }
}
