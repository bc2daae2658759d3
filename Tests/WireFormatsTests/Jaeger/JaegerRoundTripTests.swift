import TestSupport
import Testing
import TraceModel
import WireFormats

/// What clients of Jaeger sent is what Jaeger's APIs give back.
@Suite struct JaegerRoundTripTests {
    /// As the JSON has it.
    private static func jsonTag(_ tag: SampleTag) -> Tag {
        switch tag.value {
        case .string(let text): return Tag(tag.key, "string", "\"\(text)\"")
        case .bool(let flag): return Tag(tag.key, "bool", "\(flag)")
        case .int(let number):
            let isSafe = abs(Double(number)) <= 9_007_199_254_740_991
            return Tag(tag.key, "int64", isSafe ? "\(number)" : "\"\(number)\"")
        case .double(let number):
            return Tag(tag.key, "float64", number == number.rounded() ? "\(Int(number))" : "\(number)")
        case .bytes(let bytes): return Tag(tag.key, "binary", "\"\(base64(bytes))\"")
        case .none: return Tag(tag.key, "string", "\"\"")
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        return stride(from: 0, to: bytes.count, by: 3).map { start in
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = (0..<3).reduce(0) { $0 << 8 | ($1 < part.count ? Int(part[start + $1]) : 0) }
            return String(
                (0..<4).map { $0 <= part.count ? digits[word >> (18 - 6 * $0) & 63] : "=" as Character })
        }.joined()
    }

    private static func jsonReferences(_ span: SampleJaegerSpan) -> Set<String> {
        var references = span.references.filter { $0.spanID != 0 }
        if span.parentID != 0 {
            references.append(SampleReference(isChild: true, traceID: span.traceID, spanID: span.parentID))
        }
        // Who follows from the parent is not told to be its child too.
        let parent =
            references.last { $0.isChild && $0.traceID == span.traceID && $0.spanID == span.parentID }
            ?? references.first { $0.isChild && $0.traceID == span.traceID }
        if let parent, references.contains(where: { $0.isSame(as: parent) && !$0.isChild }) {
            references.removeAll { $0.isSame(as: parent) && $0.isChild }
        }
        return Set(references.map { "\($0.isChild ? "CHILD_OF" : "FOLLOWS_FROM") \($0.traceID) \($0.spanID)" })
    }

    private static func jsonReferences(_ span: ReadTrace.Span) throws -> Set<String> {
        try Set(
            span.references.map {
                "\($0.refType) \($0.traceID) \(try #require(UInt64($0.spanID, radix: 16)))"
            })
    }

    /// The text `event` comes first; what says nothing is not kept.
    private static func jsonFields(_ log: SampleLog) -> [String] {
        log.fields.map { jsonTag($0).description }.sorted()
    }

    @Test(arguments: 200...220 as ClosedRange<UInt64>)
    func `Jaeger's own JSON gives back what came in`(seed: UInt64) throws {
        let sample = JaegerDecoderRandomTests.batch(seed, spanCount: 10, hasSpecialTags: false)
        let spans = try decodeJaeger(sample.bytes(.batch), .batch).spans
        for (sent, span) in zip(sample.spans, spans) {
            let trace = try ReadTrace(Trace(traceID: span.traceID, spans: [span]))
            let json = trace.spans[0]
            #expect(json.operationName == sent.name && json.startTime == UInt64(sent.start))
            #expect(json.duration == UInt64(max(sent.duration, 0)) && json.flags ?? 0 == UInt32(sent.flags))
            #expect(json.tags == sent.tags.map(Self.jsonTag))
            let references = try Self.jsonReferences(json)
            #expect(references == Self.jsonReferences(sent))
            let logs = sent.logs.filter { !$0.fields.isEmpty || $0.microseconds != 0 }
            #expect(json.logs.map(\.timestamp) == logs.map { UInt64($0.microseconds) })
            #expect(json.logs.map { $0.fields.map(\.description).sorted() } == logs.map(Self.jsonFields))
            let process = try #require(trace.processes["p1"])
            #expect(process.serviceName == sample.process.serviceName)
            #expect(process.tags == sample.process.tags.map(Self.jsonTag))
        }
    }

    @Test(arguments: 300...320 as ClosedRange<UInt64>)
    func `every tag that means something is there again, whatever is derived beside it`(seed: UInt64) throws {
        let sample = JaegerDecoderRandomTests.batch(seed, spanCount: 10)
        let spans = try decodeJaeger(sample.bytes(.protobuf), .protobuf).spans
        for (sent, span) in zip(sample.spans, spans) {
            let shown = try ReadTrace(Trace(traceID: span.traceID, spans: [span])).spans[0].tags
            // Of tags with a meaning and one key the last counts; a library is called a scope now.
            let byKey = Dictionary(grouping: sent.tags.map(Self.jsonTag), by: \.key)
            for (key, tags) in byKey where tags.count == 1 && !key.hasPrefix("otel.library.") {
                let tag = tags[0]
                #expect(shown.contains(tag), "seed \(seed): \(tag) is not in \(shown)")
            }
        }
    }

    @Test(arguments: 400...420 as ClosedRange<UInt64>)
    func `Jaeger's protobuf says what its JSON says, and is read as the same spans`(seed: UInt64) throws {
        let sample = JaegerDecoderRandomTests.batch(seed, spanCount: 10)
        for span in try decodeJaeger(sample.bytes(.batch), .batch).spans where span.duration ?? 0 >= 0 {
            let trace = Trace(traceID: span.traceID, spans: [span])
            let back = try decodeJaeger(encodeJaegerRequest(trace), .protobuf).spans
            #expect(encodeJaeger(trace) == encodeJaeger(Trace(traceID: span.traceID, spans: back)), "seed \(seed)")
        }
    }
}

extension SampleReference {
    fileprivate func isSame(as other: SampleReference) -> Bool {
        traceID == other.traceID && spanID == other.spanID
    }
}
