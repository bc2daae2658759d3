import TestSupport
import TraceModel

/// Traces of `shop`, which calls `reviews`, which has `ratings` and, in its new version, `audit` do something.
struct MadeMesh {
    /// Of which a store keeps so many, chosen trace by trace.
    var probability = 1.0
    /// All that failed are kept.
    var keepsFailures = false
    var traceCount = 1_500

    static let service = "reviews"

    /// - Parameter isKept: of a trace, by its number and whether it failed.
    func batches(seed: UInt64) -> [SpanBatch] {
        var generator = SeededGenerator(seed: seed)
        // Which traces are kept makes no difference to what they are.
        var sampler = SeededGenerator(seed: seed ^ 0x5eed)
        var batches: [SpanBatch] = []
        var builder = SpanBatchBuilder()
        for number in 0..<traceCount {
            let trace = Self.trace(number, &generator)
            let isFailed = trace.contains { $0.isError }
            let own = keepsFailures && isFailed ? 1 : probability
            guard Double.random(in: 0..<1, using: &sampler) < own else { continue }
            Self.append(trace, number, probability: own, to: &builder)
            if builder.spanCount >= 5_000 {
                batches.append(builder.makeBatch())
                builder.removeAll()
            }
        }
        if builder.spanCount > 0 { batches.append(builder.makeBatch()) }
        return batches
    }

    private static func trace(_ number: Int, _ generator: inout SeededGenerator) -> [MadeSpan] {
        func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < probability }
        let isNew = chance(0.4)
        let start = Double(number) * 50
        let took = Double.random(in: 10...40, using: &generator) * (isNew ? 1.5 : 1)
        let isFailed = chance(isNew ? 0.06 : 0.02)
        let version = [("service.version", isNew ? "v2" : "v1")]
        func span(
            _ id: UInt64, _ parent: UInt64, _ kind: SpanKind, _ service: String, _ duration: Double,
            isError: Bool = false, _ attributes: [(String, String)] = []
        ) -> MadeSpan {
            MadeSpan(
                id: id, parent: parent, kind: kind, service: service, operation: "GET /", start: start,
                duration: duration, isError: isError, attributes: attributes)
        }
        var spans = [
            span(1, 0, .server, "shop", took + 3), span(2, 1, .client, "shop", took + 1, isError: isFailed),
            span(3, 2, .server, service, took, isError: isFailed, version),
        ]
        if chance(0.1) {
            var again = span(4, 2, .server, service, took / 2, version)
            again.start = start + 2
            spans.append(again)
        }
        // Several calls of one request, which go wrong together.
        let isDown = chance(0.05)
        for call in 0..<UInt64(isNew ? 2 : Int.random(in: 0...1, using: &generator)) {
            spans.append(span(10 + call * 2, 3, .client, service, took / 4, isError: isDown, version))
            spans.append(span(11 + call * 2, 10 + call * 2, .server, "ratings", took / 5, isError: isDown))
        }
        if isNew {
            spans.append(span(20, 3, .client, service, 1, version + [("peer.service", "audit")]))
        }
        return spans
    }

    private static func append(
        _ trace: [MadeSpan], _ number: Int, probability: Double, to builder: inout SpanBatchBuilder
    ) {
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for span in trace {
            builder.beginSpan()
            builder.traceID = TraceID(high: 9, low: UInt64(number + 1))
            builder.spanID = span.id
            builder.parentID = span.parent
            builder.start = MadeRequest.start + Int64((span.start ?? 0) * 1e6)
            builder.duration = Int64((span.duration ?? 0) * 1e6)
            builder.serviceName = intern(span.service)
            builder.operationName = intern(span.operation)
            builder.traits.kind = span.kind
            builder.traits.isError = span.isError
            for (key, value) in span.attributes { builder.addAttribute(key: intern(key), string: intern(value)) }
            if probability < 1 { builder.setField(.samplingThreshold, int: Int64((1 - probability) * 0x1p56)) }
            builder.endSpan()
        }
    }
}
