import Releases
import TraceModel

/// A span as a test writes it; times in milliseconds.
struct MadeSpan {
    var id: UInt64
    var parent: UInt64 = 0
    var kind = SpanKind.local
    var service: String
    var operation = "work"
    var start: Double? = 0
    var duration: Double? = 1
    var isError = false
    var isShared = false
    var attributes: [(String, String)] = []
}

enum MadeTrace {
    /// Spans of one trace by start, as a store gives them.
    static func trace(_ spans: [MadeSpan], id: UInt64 = 1) -> Trace {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for span in spans.enumerated().sorted(by: {
            ($0.element.start ?? -1, $0.offset) < ($1.element.start ?? -1, $1.offset)
        })
        .map(\.element) {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: id)
            builder.spanID = span.id
            builder.parentID = span.parent
            if let start = span.start { builder.start = 1_800_000_000_000_000_000 + Int64(start * 1e6) }
            if let duration = span.duration { builder.duration = Int64(duration * 1e6) }
            builder.serviceName = intern(span.service)
            builder.operationName = intern(span.operation)
            builder.traits.kind = span.kind
            builder.traits.isError = span.isError
            builder.traits.isShared = span.isShared
            for (key, value) in span.attributes { builder.addAttribute(key: intern(key), string: intern(value)) }
            builder.endSpan()
        }
        return Trace(traceID: TraceID(high: 0, low: id), spans: Array(builder.makeBatch().spans))
    }

    static func gathered(_ a: Trace, _ b: Trace) -> GatheredSpans {
        var builder = GatheredSpans.Builder()
        for span in a.spans { _ = builder.append(span) }
        builder.beginSecond()
        for span in b.spans { _ = builder.append(span) }
        return builder.gathered()
    }

    static func report(
        _ a: Trace, _ b: Trace, aSpan: UInt64? = nil, bSpan: UInt64? = nil, rowCountMax: Int = 1_000_000
    ) throws -> TraceDiffReport {
        let diff = try TraceDiff(gathered(a, b), a: aSpan.map { SpanID($0) }, b: bSpan.map { SpanID($0) })
        return TraceDiffReport(diff, ids: (a.traceID, b.traceID), rowCountMax: rowCountMax)
    }

    static func report(_ a: [MadeSpan], _ b: [MadeSpan]) throws -> TraceDiffReport {
        try report(trace(a, id: 1), trace(b, id: 2))
    }

    /// A call: the client's span and the server's within it.
    static func call(
        _ id: UInt64, from caller: String, parent: UInt64, to service: String, _ operation: String, start: Double,
        duration: Double, status: String = "200", version: String = "", path: String? = nil
    ) -> [MadeSpan] {
        let isError = status.hasPrefix("5")
        var attributes = [("http.status_code", status)]
        if let path { attributes.append(("http.url", path)) }
        let own = version.isEmpty ? [] : [("istio.canonical_revision", version)]
        return [
            MadeSpan(
                id: id, parent: parent, kind: .client, service: caller, operation: operation, start: start,
                duration: duration, isError: isError, attributes: attributes),
            MadeSpan(
                id: id + 1, parent: id, kind: .server, service: service, operation: operation, start: start + 0.5,
                duration: max(0, duration - 1), isError: isError, attributes: attributes + own),
        ]
    }
}

extension TraceDiffReport {
    /// The tree in short: `=` matched, `+` added, `-` missing.
    var tree: [String] {
        rows.map { row in
            let sign = ["matched": "=", "added": "+", "missing": "-"][row.match] ?? "?"
            return String(repeating: "  ", count: row.depth) + "\(sign) \(row.service) \(row.operation)"
        }
    }
}

extension TraceDiffReport.Summary {
    /// Nothing differs but durations that hardly do.
    var isEmpty: Bool {
        addedCount + missingCount + slowerCount + fasterCount + statusCount + versionCount + attributesCount == 0
    }
}
