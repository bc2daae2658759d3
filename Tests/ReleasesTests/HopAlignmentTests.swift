import TestSupport
import Testing
import TraceModel

@testable import Releases

@Suite struct HopAlignmentTests {
    private typealias Likeness = HopTree.Likeness

    /// Calls of one operation under one parent, some with something below them.
    private func parent(_ calls: [(path: Int, status: Int, hasChild: Bool)]) -> Trace {
        var spans = [MadeSpan(id: 1, kind: .server, service: "page", start: 0, duration: 1000)]
        for (index, call) in calls.enumerated() {
            let id = UInt64(10 + index * 10)
            spans += MadeTrace.call(
                id, from: "page", parent: 1, to: "items", "GET", start: Double(index * 10), duration: 8,
                status: "\(call.status)", path: "/\(call.path)")
            guard call.hasChild else { continue }
            spans.append(
                MadeSpan(
                    id: id + 2, parent: id + 1, service: "items", operation: "render", start: Double(index * 10 + 2)))
        }
        return MadeTrace.trace(spans)
    }

    private func bonus(_ a: Likeness, _ b: Likeness) -> Int {
        (a.path == b.path ? 4 : 0) + (a.shape == b.shape ? 2 : 0) + (a.outcome == b.outcome ? 1 : 0)
    }

    /// The best that matching in order can reach: as many as there are, and then as alike as can be.
    private func best(_ a: ArraySlice<Likeness>, _ b: ArraySlice<Likeness>) -> (count: Int, bonus: Int) {
        guard let first = a.first, let second = b.first else { return (0, 0) }
        let rest = best(a.dropFirst(), b.dropFirst())
        let matched = (count: rest.count + 1, bonus: rest.bonus + bonus(first, second))
        return [matched, best(a.dropFirst(), b), best(a, b.dropFirst())].max { $0 < $1 } ?? matched
    }

    @Test(arguments: Array(1...60) as [UInt64]) func `repeated calls are matched as well as can be`(seed: UInt64) throws
    {
        var random = SeededGenerator(seed: seed)
        func calls() -> [(path: Int, status: Int, hasChild: Bool)] {
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (
                    Int.random(in: 0..<3, using: &random), [200, 503].randomElement(using: &random) ?? 200,
                    Bool.random(using: &random)
                )
            }
        }
        let diff = try TraceDiff(MadeTrace.gathered(parent(calls()), parent(calls())))
        func likeness(_ tree: HopTree) -> [Likeness] { tree.children(0).map { tree.hops[Int($0)].likeness } }
        let best = best(likeness(diff.a.hops)[...], likeness(diff.b.hops)[...])
        let pairs = diff.rows.filter { $0.depth == 1 && $0.a >= 0 && $0.b >= 0 }
        #expect(pairs.count == best.count, "seed \(seed)")
        let reached = pairs.reduce(0) {
            $0 + bonus(diff.a.hops.hops[Int($1.a)].likeness, diff.b.hops.hops[Int($1.b)].likeness)
        }
        #expect(reached == best.bonus, "seed \(seed)")
        #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.a < $1.a && $0.b < $1.b }, "seed \(seed)")
    }

    @Test func `lists that are too long for a table are matched one after the other`() throws {
        let count = 520
        let first = parent((0..<count).map { ($0, 200, false) })
        let second = parent((0..<count - 1).map { (count + $0, 200, false) })
        let report = try MadeTrace.report(first, second)
        #expect(report.summary.matchedCount == count && report.summary.missingCount == 1)
        #expect(report.rows.last?.match == "missing")
    }

    @Test func `a level between is opened on one side only where both have one`() throws {
        func span(_ id: UInt64, _ parent: UInt64, _ name: String) -> MadeSpan {
            MadeSpan(id: id, parent: parent, service: "s", operation: name, start: Double(id), duration: 1)
        }
        let root = MadeSpan(id: 1, service: "s", operation: "root", start: 0, duration: 50)
        let turned = try MadeTrace.report(
            [root, span(2, 1, "p"), span(3, 2, "q")], [root, span(2, 1, "q"), span(3, 2, "p")])
        #expect(turned.summary.matchedCount == 1 && turned.rows.count == 5)
        let both = try MadeTrace.report(
            [root, span(2, 1, "x"), span(3, 2, "p"), span(4, 1, "q")],
            [root, span(2, 1, "p"), span(3, 1, "y"), span(4, 3, "q")])
        #expect(both.summary.matchedCount == 3 && both.summary.missingCount == 1 && both.summary.addedCount == 1)
    }

    @Test func `of a trace that is too long the first spans are looked at`() {
        var builder = GatheredSpans.Builder()
        let span = MadeTrace.trace([MadeSpan(id: 1, service: "s")]).spans[0]
        for _ in 0..<GatheredSpans.spanCountMax where !builder.append(span) { Issue.record("left out too early") }
        let isOneMoreTaken = builder.append(span)
        builder.beginSecond()
        let isSecondTaken = builder.append(span)
        #expect(!isOneMoreTaken && isSecondTaken)
    }

    @Test func `of large spans fewer are looked at`() {
        let value = String(repeating: "x", count: 1 << 20)
        let spans = (1...100).map { number in
            MadeSpan(id: number, service: "s", start: Double(number), attributes: [("key", "\(number)" + value)])
        }
        let trace = MadeTrace.trace(spans)
        var builder = GatheredSpans.Builder()
        let takenCount = trace.spans.count { builder.append($0) }
        builder.beginSecond()
        let isSecondTaken = builder.append(trace.spans[99])
        #expect(takenCount == 64 && isSecondTaken)
    }
}
