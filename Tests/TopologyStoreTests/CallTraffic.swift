import TestSupport
import Topology
import TraceModel

@testable import TopologyStore

/// Spans as a mesh sends them: traces that overlap, each over some seconds, in no order.
struct CallTraffic {
    struct Span {
        var traceID: TraceID
        var spanID: UInt64
        var parentID: UInt64
        var kind: SpanKind
        var serviceName: String
        var version: String
        var operationName: String
        var start: Int64
        var duration: Int64
        var isError: Bool
        var arrival: Int64
    }

    /// By arrival.
    private(set) var spans: [Span] = []
    private var random: SeededGenerator

    static let second: Int64 = 1_000_000_000
    static let begin: Int64 = 1_790_000_000 * second
    /// Spans of a trace come within this time.
    static let spread = 5 * second

    init(seed: UInt64, traceCount: Int, seconds: Int64) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<traceCount {
            addTrace(at: Self.begin + Int64.random(in: 0..<seconds * Self.second, using: &random))
        }
        spans.sort { $0.arrival < $1.arrival }
    }

    mutating func keepLongestTrace() {
        let counts = Dictionary(grouping: spans, by: \.traceID).mapValues(\.count)
        let longest = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        spans.removeAll { $0.traceID != longest }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func addTrace(at start: Int64) {
        let traceID = TraceID(high: chance(80) ? random.next() : 0, low: random.next() | 1)
        addCall(traceID, parentID: chance(10) ? random.next() : 0, caller: 0, depth: 0, start)
    }

    private mutating func addCall(_ traceID: TraceID, parentID: UInt64, caller: Int, depth: Int, _ start: Int64) {
        let callee = Int.random(in: caller + 1...caller + 3, using: &random)
        let client = random.next() | 1
        let server = random.next() | 1
        let isError = chance(10)
        let operation = "\(callee):9080/\(chance(50) ? "*" : "get")"
        add(traceID, client, parentID, .client, caller, operation, start, isError)
        if chance(5) { return }
        add(traceID, server, client, .server, callee, operation, start + 1_000_000, isError)
        guard depth < 3 else { return }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            addCall(traceID, parentID: server, caller: callee, depth: depth + 1, start + 2_000_000)
        }
    }

    private mutating func add(
        _ traceID: TraceID, _ spanID: UInt64, _ parentID: UInt64, _ kind: SpanKind, _ service: Int,
        _ operation: String, _ start: Int64, _ isError: Bool
    ) {
        spans.append(
            Span(
                traceID: traceID, spanID: spanID, parentID: parentID, kind: kind,
                serviceName: "s\(service).default", version: chance(20) ? "v2" : "v1", operationName: operation,
                start: start, duration: Int64.random(in: 100_000...90_000_000, using: &random), isError: isError,
                arrival: start + Int64.random(in: 0...Self.spread, using: &random)))
    }

    // MARK: Batches

    /// The spans in batches, in the order of arrival.
    mutating func batches(sizes: ClosedRange<Int>) -> [ArrivedBatch] {
        var batches: [ArrivedBatch] = []
        var builder = SpanBatchBuilder()
        var first = 0
        while first < spans.count {
            let end = min(spans.count, first + Int.random(in: sizes, using: &random))
            batches.append(
                ArrivedBatch(
                    Self.batch(spans[first..<end].shuffled(using: &random), &builder),
                    arrival: spans[end - 1].arrival))
            first = end
        }
        return batches
    }

    static func batch(_ spans: [Span], _ builder: inout SpanBatchBuilder) -> SpanBatch {
        builder.removeAll()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for span in spans {
            builder.beginSpan()
            builder.traceID = span.traceID
            builder.spanID = span.spanID
            builder.parentID = span.parentID
            builder.start = span.start
            builder.duration = span.duration
            builder.serviceName = intern(span.serviceName)
            builder.operationName = intern(span.operationName)
            builder.traits.kind = span.kind
            builder.traits.isError = span.isError
            builder.addAttribute(key: intern("istio.canonical_revision"), string: intern(span.version))
            builder.addAttribute(key: intern("istio.namespace"), string: intern("default"))
            builder.endSpan()
        }
        return builder.makeBatch()
    }
}

/// Counts by minute, with names as text.
struct NamedCounts {
    struct Series: Hashable {
        var kind: CallSeries.Kind
        var spanKind: SpanKind
        var isMirrored: Bool
        var caller: NamedTotals.Party
        var callee: NamedTotals.Party
    }

    private(set) var minutes: [Int64: [Series: CallTotals]] = [:]

    /// Spans, as far as they have a start.
    var operationCount: Int {
        minutes.values.reduce(0) { sum, series in
            sum + series.filter { $0.key.kind == .operation }.values.reduce(0) { $0 + $1.callCount }
        }
    }

    mutating func merge(_ other: NamedCounts) {
        for (minute, series) in other.minutes {
            for (series, totals) in series {
                minutes[minute, default: [:]][series, default: CallTotals()].merge(totals)
            }
        }
    }

    var callCount: Int { minutes.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.callCount } } }

    /// What the batches tell when counted in one go.
    init(of batches: some Sequence<ArrivedBatch>) {
        var names = CallNames()
        var extractor = CallExtractor()
        var records: [CallRecord] = []
        for batch in batches { extractor.append(batch.batch, to: &records, &names) }
        var counter = CallCounter()
        counter.add(&records, names)
        for (minute, series) in counter.buckets { add(minute, series, names) }
    }

    /// What a store answers, minute by minute.
    init(
        of store: TopologyStore, within window: Range<Int64>, unsealed: [UnsealedBatches] = []
    ) throws {
        let minute = 60 * CallTraffic.second
        for start in stride(from: window.lowerBound / minute * minute, to: window.upperBound, by: Int(minute)) {
            let counted = try store.counted(within: start..<start + minute, unsealed: unsealed) { _ in true }
            add(start, counted.series, counted.names)
        }
    }

    /// What others have that these have not, and the reverse, in words; empty if they are the same.
    func difference(from others: NamedCounts) -> String {
        var lines: [String] = []
        for minute in Set(minutes.keys).union(others.minutes.keys).sorted() {
            let (own, their) = (minutes[minute] ?? [:], others.minutes[minute] ?? [:])
            for series in Set(own.keys).union(their.keys) where own[series] != their[series] {
                lines.append(
                    "\(minute) \(series.kind) \(series.caller.serviceName) -> \(series.callee.serviceName): "
                        + "\(own[series]?.callCount ?? 0) calls for \(their[series]?.callCount ?? 0)")
            }
        }
        return lines.prefix(5).joined(separator: "; ")
    }

    private mutating func add(_ minute: Int64, _ series: [CallSeries: CallTotals], _ names: CallNames) {
        for (series, totals) in series {
            let named = NamedTotals(series, totals, names)
            let key = Series(
                kind: named.kind, spanKind: named.spanKind, isMirrored: named.isMirrored, caller: named.caller,
                callee: named.callee)
            minutes[minute, default: [:]][key, default: CallTotals()].merge(totals)
        }
    }
}
