import Catalog
import TestSupport
import Topology
import TopologyStore
import TraceModel

/// Buckets in a catalog of their own, and what they should hold.
final class TemporaryCallBuckets {
    private let folder: TemporaryFolder
    let options: TopologyOptions
    private(set) var catalog: Catalog
    private(set) var names = CallNames()
    private(set) var buckets: CallBuckets

    /// By the start of the minute, then by the series' texts, which opening does not change.
    var model: [Int64: [SeriesText: CallTotals]] = [:]

    init(options: TopologyOptions = TopologyOptions()) throws {
        folder = try TemporaryFolder()
        self.options = options
        catalog = try Catalog(path: folder.path + "/catalog.db")
        buckets = try CallBuckets(catalog: catalog, options: options, names: &names)
    }

    deinit { catalog.close() }

    func reopen() throws {
        catalog.close()
        catalog = try Catalog(path: folder.path + "/catalog.db")
        // Other numbers than before.
        names = CallNames()
        for name in ["zz", "service3", "op1"] { _ = names.number(of: name) }
        buckets = try CallBuckets(catalog: catalog, options: options, names: &names)
    }

    func series(_ text: SeriesText) -> CallSeries {
        let parties = [0, 4].map { first in
            CallParty(
                serviceName: names.number(of: text.names[first]), namespace: names.number(of: text.names[first + 1]),
                version: names.number(of: text.names[first + 2]),
                operationName: names.number(of: text.names[first + 3]))
        }
        return CallSeries(
            text.kind, caller: parties[0], callee: parties[1], spanKind: text.spanKind, isMirrored: text.isMirrored)
    }

    func text(_ series: CallSeries) -> SeriesText {
        let texts = [series.caller, series.callee].flatMap {
            [$0.serviceName, $0.namespace, $0.version, $0.operationName].map { names.text($0) }
        }
        return SeriesText(kind: series.kind, spanKind: series.spanKind, isMirrored: series.isMirrored, names: texts)
    }

    func texts(_ series: [CallSeries: CallTotals]) -> [SeriesText: CallTotals] {
        var result: [SeriesText: CallTotals] = [:]
        for (series, totals) in series { result[text(series)] = totals }
        return result
    }

    /// Counts, in the catalog and in the model.
    func add(_ counts: [Int64: [SeriesText: CallTotals]]) throws {
        var change = TopologyChange()
        let prepared = try prepare(counts, into: &change)
        try catalog.change(change)
        buckets.commit(prepared)
        for (minute, totals) in counts {
            for (text, totals) in totals { model[minute, default: [:]][text, default: CallTotals()].merge(totals) }
        }
    }

    func prepare(
        _ counts: [Int64: [SeriesText: CallTotals]], into change: inout TopologyChange
    ) throws -> CallBuckets.Prepared {
        var numbered: [Int64: [CallSeries: CallTotals]] = [:]
        for (minute, totals) in counts {
            for (text, totals) in totals { numbered[minute, default: [:]][series(text)] = totals }
        }
        return try buckets.prepare(numbered, names, into: &change)
    }

    func sum(_ window: Range<Int64>) throws -> (series: [SeriesText: CallTotals], window: Range<Int64>) {
        let sum = try buckets.sum(window: window)
        return (texts(sum.series), sum.window)
    }

    func modelSum(_ window: Range<Int64>) -> [SeriesText: CallTotals] {
        var sum: [SeriesText: CallTotals] = [:]
        for (minute, totals) in model where window.contains(minute) {
            for (text, totals) in totals { sum[text, default: CallTotals()].merge(totals) }
        }
        return sum
    }
}

struct SeriesText: Hashable {
    var kind: CallSeries.Kind
    var spanKind: SpanKind = .unspecified
    var isMirrored = false
    var names: [String]

    static func call(_ caller: String, _ callee: String, operation: String = "") -> SeriesText {
        SeriesText(kind: .rpc, names: [caller, "", "", "", callee, "", "", operation])
    }

    static func random(using generator: inout SeededGenerator) -> SeriesText {
        let kind = CallSeries.Kind.allCases.randomElement(using: &generator) ?? .rpc
        func name(_ prefix: String) -> String { prefix + "\(Int.random(in: 0..<3, using: &generator))" }
        let caller = kind == .operation ? ["", "", "", ""] : [name("service"), "", name("v"), name("op")]
        return SeriesText(
            kind: kind, spanKind: kind == .operation ? .server : .unspecified,
            isMirrored: Bool.random(using: &generator), names: caller + [name("service"), name("n"), "", name("op")])
    }
}

extension CallTotals {
    static func random(using generator: inout SeededGenerator) -> CallTotals {
        var totals = CallTotals()
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            totals.callCount += 1
            if Int.random(in: 0..<5, using: &generator) == 0 { totals.errorCount += 1 }
            let wide = Int64(1) << Int64.random(in: 0...40, using: &generator)
            totals.clientDurations.add(Int64.random(in: 0...wide, using: &generator))
            if Bool.random(using: &generator) {
                totals.serverDurations.add(Int64.random(in: -1...wide, using: &generator))
            }
        }
        if Int.random(in: 0..<50, using: &generator) == 0 {
            totals.clientDurations.add(3_000_000, times: 5_000_000_000)
            totals.callCount += 5_000_000_000
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            totals.addExample(TraceID(high: generator.next() & 1, low: generator.next()))
        }
        return totals
    }

    static func calls(_ count: Int, duration: Int64 = 5_000_000) -> CallTotals {
        var totals = CallTotals()
        totals.callCount = count
        totals.clientDurations.add(duration, times: count)
        return totals
    }
}

enum Time {
    static let second: Int64 = 1_000_000_000
    static let minute = 60 * second
    static let hour = 60 * minute
    static let day = 24 * hour
    /// Midnight, in the year 2026.
    static let start: Int64 = 20_600 * day
}
