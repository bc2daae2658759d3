internal import QueryLanguage
internal import TraceModel

/// Takes inputs for queries.
struct QueryCheck {
    private let trace: Trace

    init() {
        var builder = SpanBatchBuilder()
        func intern(_ text: StaticString) -> UInt32 {
            builder.intern(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        let traceID = TraceID(high: 0, low: 1)
        for id in 1...6 as ClosedRange<UInt64> {
            builder.beginSpan()
            builder.traceID = traceID
            builder.spanID = id
            builder.parentID = id / 2
            builder.start = Int64(id) * 1000
            if id != 4 { builder.duration = Int64(id) * 1_000_000 }
            builder.serviceName = id == 3 ? 0 : intern("a")
            builder.operationName = intern("name")
            builder.traits.kind = id == 2 ? .server : .client
            builder.addAttribute(key: intern("a"), string: intern("b"))
            builder.addAttribute(key: intern("b"), int: Int64(id))
            builder.addAttribute(key: intern("c"), double: 0.5)
            builder.addAttribute(key: intern("d"), bool: id % 2 == 0)
            builder.addEvent(name: intern("e"), time: 1500)
            builder.endSpan()
        }
        trace = Trace(traceID: traceID, spans: Array(builder.makeBatch().spans))
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        let query: TraceQLQuery
        do throws(TraceQLError) {
            query = try TraceQLQuery(parsing: text)
        } catch {
            check(0...text.utf8.count ~= error.offset && !error.message.isEmpty, "an error without a place")
            return
        }
        let printed = query.description
        // What is printed may have more parentheses, and be longer.
        if let again = try? TraceQLQuery(parsing: printed) {
            check(again == query, "\(printed) is read as \(again)")
        } else {
            check(text.utf8.count > 64, "\(printed) is not read again")
        }
        for spanset in TraceQLMatcher(query).match(trace) {
            check(!spanset.places.isEmpty, "a spanset without spans")
            check(zip(spanset.places, spanset.places.dropFirst()).allSatisfy { $0 < $1 }, "places in no order")
            check(trace.spans.indices.contains(spanset.places.last ?? -1), "a place of no span")
        }
        let reader = TraceFieldReader(trace)
        for field in query.selectedFields { _ = reader.value(of: field, place: 1)?.text }
    }
}
