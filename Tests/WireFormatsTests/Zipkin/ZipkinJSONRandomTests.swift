import Bytes
import TestSupport
import Testing
import TraceModel
import WireFormats

/// Random spans written by a simple writer of the test's own, and random damage.
@Suite struct ZipkinJSONRandomTests {
    /// A span as a sender means it.
    private struct Sample {
        var traceID = TraceID(high: 0, low: 1)
        var spanID: UInt64 = 1
        var parentID: UInt64?
        var kind: SpanKind = .unspecified
        var name: String?
        var timestamp: Int64?
        var duration: Int64?
        var serviceName: String?
        var localPort: Int64?
        var remoteServiceName: String?
        var annotations: [(time: Int64, value: String)] = []
        var tags: [String: String] = [:]
        var isDebug = false
        var isShared = false
    }

    private static let alphabet: [String] =
        [
            "a", "b", "Z", "0", ".", "-", " ", "/", "\"", "\\", "\n", "\t", "\u{1}", "é", "ß", "中", "😀", "\u{2028}",
            "~", "_",
        ]

    private static func text(_ random: inout SeededGenerator, upTo length: Int) -> String {
        (0..<Int.random(in: 0...length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
            .joined()
    }

    private static func sample(_ random: inout SeededGenerator) -> Sample {
        var span = Sample()
        span.traceID = TraceID(
            high: Bool.random(using: &random) ? UInt64.random(in: .min ... .max, using: &random) : 0,
            low: UInt64.random(in: 1 ... .max, using: &random))
        span.spanID = UInt64.random(in: 1...(Bool.random(using: &random) ? 99 : .max), using: &random)
        if Bool.random(using: &random) { span.parentID = UInt64.random(in: 100 ... .max, using: &random) }
        if span.parentID == span.spanID { span.parentID = nil }
        span.kind = [.unspecified, .client, .server, .producer, .consumer].randomElement(using: &random) ?? .client
        if Bool.random(using: &random) { span.name = text(&random, upTo: 30) }
        if Bool.random(using: &random) { span.timestamp = Int64.random(in: 1...9_000_000_000_000_000, using: &random) }
        if Bool.random(using: &random) { span.duration = Int64.random(in: 1...9_000_000_000, using: &random) }
        if Bool.random(using: &random) { span.serviceName = text(&random, upTo: 12) }
        if Bool.random(using: &random) { span.localPort = Int64.random(in: 1...65_535, using: &random) }
        if Bool.random(using: &random) { span.remoteServiceName = text(&random, upTo: 12) }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            span.annotations.append((Int64.random(in: 0...5, using: &random), text(&random, upTo: 2)))
        }
        for _ in 0..<Int.random(in: 0...25, using: &random) {
            span.tags[text(&random, upTo: 4)] = text(&random, upTo: 40)
        }
        span.isDebug = Bool.random(using: &random)
        span.isShared = Bool.random(using: &random) && span.kind != .client
        return span
    }

    /// JSON of a string: some characters escaped although they need not be.
    private static func quoted(_ text: String, _ random: inout SeededGenerator) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            guard mustEscape || Int.random(in: 0..<10, using: &random) == 0 else {
                result.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// The members in random order, with space between.
    private static func object(_ members: [(String, String)], _ random: inout SeededGenerator) -> String {
        let space = ["", "", "", " ", "\n\t"]
        let parts = members.shuffled(using: &random).map { key, value in
            let before = space.randomElement(using: &random) ?? ""
            let after = space.randomElement(using: &random) ?? ""
            return "\(quoted(key, &random))\(before):\(after)\(value)"
        }
        return "{" + parts.joined(separator: (space.randomElement(using: &random) ?? "") + ",") + "}"
    }

    private static func json(_ span: Sample, _ random: inout SeededGenerator) -> String {
        var members = [("id", "\"\(String(span.spanID, radix: 16))\"")]
        members.append(("traceId", "\"\(span.traceID.description)\""))
        if let parentID = span.parentID { members.append(("parentId", "\"\(String(parentID, radix: 16))\"")) }
        let kinds: [SpanKind: String] = [
            .client: "CLIENT", .server: "SERVER", .producer: "PRODUCER", .consumer: "CONSUMER",
        ]
        if let kind = kinds[span.kind] { members.append(("kind", "\"\(kind)\"")) }
        if let name = span.name { members.append(("name", quoted(name, &random))) }
        if let timestamp = span.timestamp { members.append(("timestamp", "\(timestamp)")) }
        if let duration = span.duration { members.append(("duration", "\"\(duration)\"")) }
        var local: [(String, String)] = []
        if let serviceName = span.serviceName { local.append(("serviceName", quoted(serviceName, &random))) }
        if let port = span.localPort { local.append(("port", "\(port)")) }
        members.append(("localEndpoint", object(local, &random)))
        if let name = span.remoteServiceName {
            members.append(("remoteEndpoint", object([("serviceName", quoted(name, &random)), ("x", "[1]")], &random)))
        }
        let annotations = span.annotations.map {
            object([("timestamp", "\($0.time)"), ("value", quoted($0.value, &random))], &random)
        }
        members.append(("annotations", "[\(annotations.joined(separator: " , "))]"))
        members.append(("tags", object(span.tags.map { ($0.key, quoted($0.value, &random)) }, &random)))
        members.append(("debug", "\(span.isDebug)"))
        members.append(("shared", "\(span.isShared)"))
        members.append(("unknown", "{\"tags\":[{}]}"))
        return object(members, &random)
    }

    private static func string(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func check(_ found: SpanView, is span: Sample, _ note: Comment) {
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
            let spans = (0..<Int.random(in: 1...8, using: &random)).map { _ in Self.sample(&random) }
            let body = "[" + spans.map { Self.json($0, &random) }.joined(separator: ",") + "]"
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
