import Bytes
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Random spans written by a simple writer of the test's own, and random damage.
@Suite struct ZipkinJSONRandomTests {
    private static func string(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func check(_ found: SpanView, is span: ZipkinSampleSpan, _ note: Comment) {
        func lower(_ text: String?) -> String { text?.lowercased() ?? "" }
        #expect(found.traceID == span.traceID, note)
        #expect(found.spanID.value == span.spanID, note)
        #expect(found.parentID?.value == span.parentID, note)
        #expect(found.traits.kind == span.kind, note)
        #expect(string(found.operationName) == lower(span.name), note)
        #expect(found.start == span.timestamp.map { $0 * 1_000 }, note)
        #expect(found.duration == span.duration.map { $0 * 1_000 }, note)
        #expect(string(found.serviceName) == lower(span.serviceName), note)
        #expect(found.remoteServiceName.map(string) ?? "" == lower(span.remoteServiceName), note)
        #expect(found.traits.isDebug == span.isDebug && found.traits.isShared == span.isShared, note)
        #expect(found.traits.isError == (span.tags["error"] != nil), note)
        var port: Int64?
        if case .int(let value) = found.value(of: .localPort) { port = value }
        #expect(port == span.localPort, note)
        var tags: [String: String] = [:]
        found.forEachAttribute { key, value in
            if case .string(let text) = value { tags[string(key)] = string(text) }
        }
        #expect(tags == span.tags, note)
        var events: [String] = []
        found.forEachEvent { name, time, _ in events.append("\(time / 1_000) \(string(name))") }
        let ordered = span.annotations.sorted { a, b in
            a.time != b.time ? a.time < b.time : a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
        }
        var expected: [String] = []
        for annotation in ordered where expected.last != "\(annotation.time) \(annotation.value)" {
            expected.append("\(annotation.time) \(annotation.value)")
        }
        #expect(events == expected, note)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `what an independent writer wrote is read, and read again after writing it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let spans = (0..<Int.random(in: 1...8, using: &random)).map { _ in ZipkinSampleSpan.random(&random) }
            let body = "[" + spans.map { $0.json(&random) }.joined(separator: ",") + "]"
            let batch = try decodeZipkin(body)
            try #require(batch.spanCount == spans.count)
            for (row, span) in spans.enumerated() {
                Self.check(SpanView(batch: batch, row: row), is: span, "seed \(seed), round \(round), span \(row)")
            }
            let rewritten = encodeZipkin(batch)
            #expect(encodeZipkin(try decodeZipkin(rewritten)) == rewritten, "seed \(seed), round \(round)")
            _ = try canonicalJSON(rewritten)
        }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `a damaged body is refused or read, never a crash`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sample = Array(ZipkinSample.proxyBody.utf8)
        let limits = SpanLimits(spanCountMax: 10, attributeCountMax: 20, valueByteCountMax: 40)
        var acceptedCount = 0
        for round in 0..<5_000 {
            var body = sample
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&body, &random) }
            guard refusal(of: body, limits: limits) == nil else { continue }
            acceptedCount += 1
            let text = encodeZipkin(try decodeZipkin(body, limits: limits))
            // What was accepted is written as JSON that is accepted.
            #expect(refusal(of: text) == nil, "seed \(seed), round \(round)")
        }
        #expect(acceptedCount > 0 && acceptedCount < 5_000)
    }

    private static func damage(_ body: inout [UInt8], _ random: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let place = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: body[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: body.remove(at: place)
        case 3: body.insert(Array("{}[]\",:\\0-eEu\u{0}\u{7f}".utf8).randomElement(using: &random) ?? 0, at: place)
        case 4:
            let end = min(body.count, place + Int.random(in: 1...30, using: &random))
            body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &random))
        default: body.removeSubrange(place..<min(body.count, place + Int.random(in: 1...30, using: &random)))
        }
    }
}
