import TestSupport
import Topology
import TraceModel

/// Spans of one trace in words, for tests of what is counted.
struct CallTrace {
    struct Part: Hashable {
        var id: UInt64
        var parent: UInt64 = 0
        var kind: SpanKind = .unspecified
        var service = ""
        var remote = ""
        var address: UInt32 = 0
        var isShared = false
        var isError = false
        var namespace = ""
        var version = ""
        var operation = ""
        var target = ""
        var targetVersion = ""
        var isMirror = false
        var isMessaging = false
        var isDatabase = false
        /// Seconds; nil: none.
        var start: Int64? = 60
        /// Milliseconds; nil: none.
        var duration: Int64?

        init(
            _ id: UInt64, under parent: UInt64 = 0, _ kind: SpanKind = .unspecified, _ service: String = "",
            to remote: String = "", at address: UInt32 = 0, isShared: Bool = false, isError: Bool = false,
            version: String = "", operation: String = "", start: Int64? = 60, duration: Int64? = nil
        ) {
            (self.id, self.parent, self.kind, self.service, self.remote) = (id, parent, kind, service, remote)
            (self.address, self.isShared, self.isError) = (address, isShared, isError)
            (self.version, self.operation, self.start, self.duration) = (version, operation, start, duration)
        }

        /// The same with other values.
        func with(_ change: (inout Part) -> Void) -> Part {
            var part = self
            change(&part)
            return part
        }

        func record(_ names: inout CallNames, traceID: UInt64, traceIDHigh: UInt64 = 0) -> CallRecord {
            var traits = CallTraits(kind)
            (traits.isShared, traits.isError, traits.isMirror) = (isShared, isError, isMirror)
            (traits.isMessaging, traits.isDatabase) = (isMessaging, isDatabase)
            let site = CallSite(
                serviceName: names.number(of: service), namespace: names.number(of: namespace),
                version: names.number(of: version), operationName: names.number(of: operation),
                remoteServiceName: names.number(of: remote), target: names.number(of: target),
                targetVersion: names.number(of: targetVersion), traits: traits)
            return CallRecord(
                traceIDHigh: traceIDHigh, traceIDLow: traceID, spanID: id, parentID: parent,
                start: start.map { $0 * 1_000_000_000 } ?? SpanBatch.absentTime,
                duration: duration.map { $0 * 1_000_000 } ?? SpanBatch.absentTime, site: names.number(of: site),
                address: address)
        }
    }

    var parts: [Part]

    init(_ parts: Part...) { self.parts = parts }
    init(_ parts: [Part]) { self.parts = parts }

    func records(_ names: inout CallNames, traceID: UInt64 = 7, traceIDHigh: UInt64 = 0) -> [CallRecord] {
        parts.map { $0.record(&names, traceID: traceID, traceIDHigh: traceIDHigh) }
    }

    var count: CallCount {
        var count = CallCount()
        count.add(records(&count.names))
        return count
    }

    /// Each link as `parent>child calls`, and its errors if it has any.
    var links: [String] { count.links }

    /// Few IDs, names and addresses, so that everything meets everything.
    static func random(_ random: inout SeededGenerator, count: Int) -> CallTrace {
        CallTrace(
            (0..<count).map { _ in
                func pick<Value>(_ values: Value...) -> Value { values.randomElement(using: &random) ?? values[0] }
                var part = Part(
                    .random(in: 1...6, using: &random), under: .random(in: 0...6, using: &random),
                    SpanKind.allCases.randomElement(using: &random) ?? .client, pick("", "a", "b", "c", "a.n"),
                    to: pick("", "", "b", "d"), at: .random(in: 0...1, using: &random),
                    isShared: .random(using: &random), isError: .random(using: &random), version: pick("", "v1", "v2"),
                    operation: pick("", "get", "put"), start: pick(nil, 59, 60, 61, 130),
                    duration: pick(nil, 1, 2, 40))
                (part.target, part.targetVersion) = (pick("", "", "t"), pick("", "v1"))
                part.isMirror = part.kind == .client && pick(false, false, true)
                (part.isMessaging, part.isDatabase) = (pick(false, true), pick(false, true))
                part.namespace = pick("", "n")
                return part
            })
    }
}

/// What a counter has counted, in words.
struct CallCount {
    var names = CallNames()
    var counter = CallCounter()

    mutating func add(_ records: [CallRecord]) {
        var records = records
        counter.add(&records, names)
    }

    /// All minutes together.
    var series: [CallSeries: CallTotals] {
        counter.buckets.values.reduce(into: [:]) { $0.merge($1) { $0.merging($1) } }
    }

    var links: [String] { DependencyLink.links(of: series, names).map(\.text) }

    /// Calls of every way, as text: `rpc web>app 1`.
    var calls: [String] { lines(.rpc, .messaging, .database, .mirrored, .retried, .oneSided) }

    func lines(_ kinds: CallSeries.Kind...) -> [String] {
        series.filter { kinds.contains($0.key.kind) }.map { Self.line($0, $1, names) }.sorted()
    }

    /// Everything, with its minute, in seconds.
    var everything: [String] {
        counter.buckets.flatMap { minute, bucket in
            bucket.map { "\(minute / 1_000_000_000) " + Self.line($0, $1, names) + Self.details($1) }
        }.sorted()
    }

    static func line(_ series: CallSeries, _ totals: CallTotals, _ names: CallNames) -> String {
        func text(_ party: CallParty) -> String {
            var text = names.text(party.serviceName)
            if party.namespace != 0 { text += "/" + names.text(party.namespace) }
            if party.version != 0 { text += "@" + names.text(party.version) }
            if party.operationName != 0 { text += ":" + names.text(party.operationName) }
            return text
        }
        var line = "\(series.kind) "
        if series.kind == .operation { line += "\(series.spanKind) " + (series.isMirrored ? "mirrored " : "") }
        if series.caller != CallParty() { line += text(series.caller) + ">" }
        line += text(series.callee) + " \(totals.callCount)"
        return line + (totals.errorCount > 0 ? " (\(totals.errorCount) failed)" : "")
    }

    static func details(_ totals: CallTotals) -> String {
        var text = ""
        for (name, sketch) in [("client", totals.clientDurations), ("server", totals.serverDurations)]
        where !sketch.isEmpty {
            text += " \(name) \(sketch.count)/\(sketch.sum / 1_000_000) ms"
        }
        return text + (totals.examples.isEmpty ? "" : " \(totals.examples)")
    }
}

extension CallTotals {
    func merging(_ other: CallTotals) -> CallTotals {
        var totals = self
        totals.merge(other)
        return totals
    }
}

extension DependencyLink {
    var text: String { "\(parent)>\(child) \(callCount)" + (errorCount > 0 ? " (\(errorCount) failed)" : "") }
}
