import FoundationEssentials
import TestSupport

/// A span as Zipkin's v2 JSON has it.
struct ZipkinSpan: Codable, Hashable {
    struct Endpoint: Codable, Hashable {
        var serviceName: String?
        var ipv4: String?
        var ipv6: String?
        var port: Int?
    }

    struct Annotation: Codable, Hashable {
        var timestamp: Int64
        var value: String
    }

    var traceId: String
    var id: String
    var parentId: String?
    var kind: String?
    var name: String?
    var timestamp: Int64?
    var duration: Int64?
    var localEndpoint: Endpoint?
    var remoteEndpoint: Endpoint?
    var annotations: [Annotation]?
    var tags: [String: String]?
    var shared: Bool?
    var debug: Bool?

    /// The same span as a Zipkin server gives it back: without empty values, names in lower case, annotations in order.
    var asStored: ZipkinSpan {
        var span = self
        span.name = name?.lowercased()
        span.localEndpoint = localEndpoint?.asStored
        span.remoteEndpoint = remoteEndpoint?.asStored
        let sorted = (annotations ?? []).sorted { ($0.timestamp, $0.value) < ($1.timestamp, $1.value) }
        span.annotations = sorted.isEmpty ? nil : sorted
        let own = tags?.filter { tag in !Self.toldByOTLP.contains { tag.key.hasPrefix($0) } }
        span.tags = own?.isEmpty == true ? nil : own
        return span
    }

    /// What Envoy says above its spans, or in fields, where it speaks OTLP, begins with one of these as a tag.
    private static let toldByOTLP = ["otel.scope.", "telemetry.sdk.", "w3c.tracestate"]

    static func decodeList(_ body: [UInt8]) throws -> [ZipkinSpan] {
        try JSONDecoder().decode([ZipkinSpan].self, from: Data(body))
    }

    static func encodeList(_ spans: [ZipkinSpan]) throws -> [UInt8] {
        Array(try JSONEncoder().encode(spans))
    }
}

extension ZipkinSpan.Endpoint {
    var asStored: ZipkinSpan.Endpoint? {
        var endpoint = self
        endpoint.serviceName = serviceName?.lowercased()
        endpoint.port = port == 0 ? nil : port
        return endpoint == ZipkinSpan.Endpoint() ? nil : endpoint
    }
}

extension Collection<ZipkinSpan> {
    /// As stored, in the order of their IDs: two collections of the same spans are equal then.
    var comparable: [ZipkinSpan] {
        map(\.asStored).sorted { ($0.id, $0.kind ?? "") < ($1.id, $1.kind ?? "") }
    }
}

extension ZipkinSpan {
    /// A span of about a kilobyte whose every field follows from its arguments, so that what is read back can be
    /// compared without having kept it.
    static func made(traceID: UInt64, spanID: UInt64, service: String, epochMicroseconds: Int64) -> ZipkinSpan {
        var generator = SeededGenerator(seed: spanID)
        let words = (0..<12).map { _ in hexadecimal(generator.next()) }
        var tags = ["http.status_code": String(200 + spanID % 3), "node_id": "sidecar~\(service)~\(traceID % 7)"]
        for (index, word) in words.enumerated() {
            tags["made.tag.\(index)"] = "\(word)-\(words[(index + 5) % words.count])"
        }
        let timestamp = epochMicroseconds + Int64(spanID % 10_000_000)
        return ZipkinSpan(
            traceId: hexadecimal(traceID) + hexadecimal(~traceID), id: hexadecimal(spanID), kind: "SERVER",
            name: "operation-\(spanID % 5)", timestamp: timestamp, duration: 1 + Int64(spanID % 90_000),
            localEndpoint: Endpoint(serviceName: service, ipv4: "10.0.0.7", port: 9080),
            annotations: [Annotation(timestamp: timestamp + 5, value: "made")], tags: tags)
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
