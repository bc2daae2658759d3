import TestSupport
import TraceModel

/// A span as a sender means it.
struct ZipkinSampleSpan {
    var traceID = TraceID(high: 0, low: 1)
    var spanID: UInt64 = 1
    var parentID: UInt64?
    var kind: SpanKind = .unspecified
    var name: String?
    var timestamp: Int64?
    var duration: Int64?
    var serviceName: String?
    var localIPv4: [UInt8]?
    var localPort: Int64?
    var remoteServiceName: String?
    var remoteIPv6: [UInt16]?
    var annotations: [(time: Int64, value: String)] = []
    var tags: [String: String] = [:]
    var isDebug = false
    var isShared = false

    private static let alphabet: [String] =
        [
            "a", "b", "Z", "0", ".", "-", " ", "/", "\"", "\\", "\n", "\t", "\u{1}", "é", "ß", "中", "😀", "\u{2028}",
            "~", "_",
        ]

    private static func text(_ random: inout SeededGenerator, upTo length: Int) -> String {
        (0..<Int.random(in: 0...length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
            .joined()
    }

    static func random(_ random: inout SeededGenerator) -> ZipkinSampleSpan {
        var span = ZipkinSampleSpan()
        span.traceID = TraceID(
            high: Bool.random(using: &random) ? UInt64.random(in: .min ... .max, using: &random) : 0,
            low: UInt64.random(in: 1 ... .max, using: &random))
        span.spanID = UInt64.random(in: 1...(Bool.random(using: &random) ? 99 : .max), using: &random)
        if Bool.random(using: &random) { span.parentID = UInt64.random(in: 100 ... .max, using: &random) }
        if span.parentID == span.spanID { span.parentID = nil }
        span.kind = [.unspecified, .client, .server, .producer, .consumer].randomElement(using: &random) ?? .client
        if Bool.random(using: &random) { span.name = Self.text(&random, upTo: 30) }
        if Bool.random(using: &random) { span.timestamp = Int64.random(in: 1...9_000_000_000_000_000, using: &random) }
        if Bool.random(using: &random) { span.duration = Int64.random(in: 1...9_000_000_000, using: &random) }
        if Bool.random(using: &random) { span.serviceName = Self.text(&random, upTo: 12) }
        if Bool.random(using: &random) { span.localPort = Int64.random(in: 1...65_535, using: &random) }
        if Bool.random(using: &random) { span.remoteServiceName = Self.text(&random, upTo: 12) }
        if Bool.random(using: &random) { span.localIPv4 = [10, 0, 0, UInt8.random(in: 1...3, using: &random)] }
        if Bool.random(using: &random) {
            span.remoteIPv6 = [0x2001, 0xdb8, 0, 0, 1, 0, 0, UInt16.random(in: 1...3, using: &random)]
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            span.annotations.append((Int64.random(in: 0...5, using: &random), Self.text(&random, upTo: 2)))
        }
        for _ in 0..<Int.random(in: 0...25, using: &random) {
            span.tags[Self.text(&random, upTo: 4)] = Self.text(&random, upTo: 40)
        }
        span.isDebug = Bool.random(using: &random)
        span.isShared = Bool.random(using: &random) && span.kind != .client
        return span
    }

    /// JSON of a string: some characters escaped although they need not be.
    static func quoted(_ text: String, _ random: inout SeededGenerator) -> String {
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
    static func object(_ members: [(String, String)], _ random: inout SeededGenerator) -> String {
        let space = ["", "", "", " ", "\n\t"]
        let parts = members.shuffled(using: &random).map { key, value in
            let before = space.randomElement(using: &random) ?? ""
            let after = space.randomElement(using: &random) ?? ""
            return "\(Self.quoted(key, &random))\(before):\(after)\(value)"
        }
        return "{" + parts.joined(separator: (space.randomElement(using: &random) ?? "") + ",") + "}"
    }

    /// The members in any order, some characters escaped although they need not be.
    func json(_ random: inout SeededGenerator) -> String {
        let span = self
        var members = [("id", "\"\(String(span.spanID, radix: 16))\"")]
        members.append(("traceId", "\"\(span.traceID.description)\""))
        if let parentID = span.parentID { members.append(("parentId", "\"\(String(parentID, radix: 16))\"")) }
        let kinds: [SpanKind: String] = [
            .client: "CLIENT", .server: "SERVER", .producer: "PRODUCER", .consumer: "CONSUMER",
        ]
        if let kind = kinds[span.kind] { members.append(("kind", "\"\(kind)\"")) }
        if let name = span.name { members.append(("name", Self.quoted(name, &random))) }
        if let timestamp = span.timestamp { members.append(("timestamp", "\(timestamp)")) }
        if let duration = span.duration { members.append(("duration", "\"\(duration)\"")) }
        var local: [(String, String)] = []
        if let serviceName = span.serviceName { local.append(("serviceName", Self.quoted(serviceName, &random))) }
        if let address = span.localIPv4 {
            local.append(("ipv4", "\"\(address.map { "\($0)" }.joined(separator: "."))\""))
        }
        if let port = span.localPort { local.append(("port", "\(port)")) }
        members.append(("localEndpoint", Self.object(local, &random)))
        var remote = [("x", "[1]")]
        if let name = span.remoteServiceName { remote.append(("serviceName", Self.quoted(name, &random))) }
        if let address = span.remoteIPv6 {
            let groups = address.map { String($0, radix: 16) }
            remote.append(("ipv6", "\"\(groups.joined(separator: ":"))\""))
        }
        members.append(("remoteEndpoint", Self.object(remote, &random)))
        let annotations = span.annotations.map {
            Self.object([("timestamp", "\($0.time)"), ("value", Self.quoted($0.value, &random))], &random)
        }
        members.append(("annotations", "[\(annotations.joined(separator: " , "))]"))
        members.append(("tags", Self.object(span.tags.map { ($0.key, Self.quoted($0.value, &random)) }, &random)))
        members.append(("debug", "\(span.isDebug)"))
        members.append(("shared", "\(span.isShared)"))
        members.append(("unknown", "{\"tags\":[{}]}"))
        return Self.object(members, &random)
    }

    /// A message Span, its fields in any order.
    func protobuf(_ random: inout SeededGenerator) -> PlainProtobuf {
        func octets(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
        func entry(_ first: PlainProtobuf, _ second: PlainProtobuf) -> PlainProtobuf {
            let parts = [first, second].shuffled(using: &random)
            return PlainProtobuf(bytes: parts[0].bytes + parts[1].bytes)
        }
        let none = PlainProtobuf()
        let isShort = traceID.high == 0 && Bool.random(using: &random)
        var fields = [none.bytes(1, (isShort ? [] : octets(traceID.high)) + octets(traceID.low))]
        if let parentID { fields.append(none.bytes(2, octets(parentID))) }
        fields.append(none.bytes(3, octets(spanID)))
        let kinds: [SpanKind] = [.unspecified, .client, .server, .producer, .consumer]
        if let number = kinds.firstIndex(of: kind) { fields.append(none.varint(4, UInt64(number))) }
        if let name { fields.append(none.text(5, name)) }
        if let timestamp { fields.append(none.fixed64(6, UInt64(timestamp))) }
        if let duration { fields.append(none.varint(7, UInt64(duration))) }
        var local = none
        if let serviceName { local = local.text(1, serviceName) }
        if let localIPv4 { local = local.bytes(2, localIPv4) }
        if let localPort { local = local.varint(4, UInt64(localPort)) }
        fields.append(none.message(8, local))
        var remote = none.varint(9, 1)
        if let remoteServiceName { remote = remote.text(1, remoteServiceName) }
        if let remoteIPv6 { remote = remote.bytes(3, remoteIPv6.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }) }
        fields.append(none.message(9, remote))
        for annotation in annotations {
            let entry = entry(none.fixed64(1, UInt64(annotation.time)), none.text(2, annotation.value))
            fields.append(none.message(10, entry))
        }
        for (key, value) in tags { fields.append(none.message(11, entry(none.text(1, key), none.text(2, value)))) }
        if isDebug { fields.append(none.varint(12, 1)) }
        if isShared { fields.append(none.varint(13, 1)) }
        fields.append(none.message(99, none.text(1, "unknown")))
        return PlainProtobuf(bytes: fields.shuffled(using: &random).flatMap(\.bytes))
    }
}
