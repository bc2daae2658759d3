import Releases
import Testing
import TraceModel

@Suite struct CriticalPathTests {
    private func path(_ spans: [MadeSpan]) throws -> [String: Int64] {
        let report = try MadeTrace.report(spans, spans)
        #expect(report.a.criticalPath.durationNanos == report.a.durationNanos)
        #expect(report.a.criticalPath.services.reduce(0) { $0 + $1.durationNanos } == report.a.durationNanos)
        return Dictionary(
            uniqueKeysWithValues: report.rows.map { ($0.operation, ($0.a?.criticalNanos ?? -1) / 1_000_000) })
    }

    private func span(
        _ id: UInt64, _ name: String, _ start: Double, _ duration: Double, parent: UInt64 = 1,
        kind: SpanKind = .local, service: String = "s"
    ) -> MadeSpan {
        MadeSpan(
            id: id, parent: id == 1 ? 0 : parent, kind: kind, service: service, operation: name, start: start,
            duration: duration)
    }

    @Test func `calls one after the other are all waited for`() throws {
        #expect(
            try path([span(1, "root", 0, 100), span(2, "x", 10, 20), span(3, "y", 40, 50)])
                == ["root": 30, "x": 20, "y": 50])
    }

    @Test func `of calls at the same time the one that ends last is waited for`() throws {
        #expect(
            try path([span(1, "root", 0, 100), span(2, "x", 10, 50), span(3, "y", 10, 80), span(4, "z", 2, 6)])
                == ["root": 14, "x": 0, "y": 80, "z": 6])
    }

    @Test func `a child counts as far as its parent goes`() throws {
        #expect(
            try path([span(1, "root", 0, 100), span(2, "x", 60, 70), span(3, "in x", 70, 50, parent: 2)])
                == ["root": 60, "x": 10, "in x": 30])
    }

    @Test func `a child that reaches a little into the next one came before it`() throws {
        #expect(
            try path([span(1, "root", 0, 200), span(2, "x", 0, 101), span(3, "y", 100, 100)])
                == ["root": 0, "x": 100, "y": 100])
    }

    @Test func `nobody waits for copies of requests, and for those who receive messages`() throws {
        #expect(
            try path([
                span(1, "root", 0, 100, kind: .client), span(2, "mirror", 0, 100, kind: .client),
                span(3, "serve", 10, 40, kind: .server, service: "b"),
                span(4, "copy", 5, 90, parent: 2, kind: .server, service: "b"),
            ]) == ["serve": 100, "copy": 0])
        #expect(
            try path([
                span(1, "send", 0, 10, kind: .producer), span(2, "receive", 5, 50, kind: .consumer, service: "b"),
            ]) == ["send": 10, "receive": 0])
    }

    @Test func `a server whose clock is wrong lies in the middle of its client's time`() throws {
        let report = try MadeTrace.report(
            [
                span(1, "call", 0, 100, kind: .client), span(2, "call", 5000, 60, kind: .server, service: "b"),
                span(3, "within", 5010, 20, parent: 2, service: "b"),
            ],
            [span(1, "call", 0, 100, kind: .client)])
        let times = report.a.criticalPath.services.map { "\($0.service) \($0.durationNanos / 1_000_000)" }
        #expect(times == ["b 60", "s 40"])
        #expect(report.a.criticalPath.services[1].callNanos == 40_000_000)
        #expect(report.rows.last?.a?.startNanos == 30_000_000)
    }

    @Test func `the time of a span itself is what no child of it covers`() throws {
        let spans = [span(1, "root", 0, 100), span(2, "x", 10, 50), span(3, "y", 40, 40), span(4, "late", 95, 50)]
        let report = try MadeTrace.report(spans, spans)
        #expect(report.rows[0].a?.selfNanos == 25_000_000)
    }
}
