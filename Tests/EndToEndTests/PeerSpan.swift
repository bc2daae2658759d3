import Foundation

/// A span as `Tests/Peers/known.py` tells it: what a client was given, or what it must have put on the wire.
struct PeerSpan: Decodable, Equatable {
    struct Value: Decodable, Equatable, CustomStringConvertible {
        let key: String
        let type: String
        let text: String
        let items: [Value]?

        var description: String { "\(key) \(type) \(items?.description ?? text)" }

        static func == (left: Value, right: Value) -> Bool {
            // Python writes 1e-09, others 1e-9.
            let isSameText = left.type == "double" ? Double(left.text) == Double(right.text) : left.text == right.text
            return left.key == right.key && left.type == right.type && isSameText && left.items == right.items
        }
    }

    struct Event: Decodable, Equatable {
        let time: Int64
        var name: String
        var attributes: [Value]
    }

    struct Link: Decodable, Equatable {
        let traceID: String
        let spanID: String
        var attributes: [Value]
    }

    let traceID: String
    let spanID: String
    let parentID: String?
    let name: String
    let kind: String
    let service: String
    /// Nanoseconds, as all times.
    let start: Int64
    let duration: Int64
    var attributes: [Value]
    var resource: [Value]
    var events: [Event]
    var links: [Link]
    let status: String
    let message: String?
    var scope: [String]?

    struct List: Decodable {
        let spans: [PeerSpan]
    }
}

/// Spans as `skein store export` writes them, in the terms of `PeerSpan`.
struct ExportedSpans: Decodable {
    private struct AnyValue: Decodable {
        struct List: Decodable {
            let values: [AnyValue]?
        }

        let stringValue: String?
        let boolValue: Bool?
        let intValue: String?
        let doubleValue: Double?
        let arrayValue: List?

        func named(_ key: String) -> PeerSpan.Value {
            func value(_ type: String, _ text: String) -> PeerSpan.Value {
                PeerSpan.Value(key: key, type: type, text: text, items: nil)
            }
            if let stringValue { return value("string", stringValue) }
            if let boolValue { return value("bool", String(boolValue)) }
            if let intValue { return value("int", intValue) }
            if let doubleValue { return value("double", "\(doubleValue)") }
            if let arrayValue {
                let items = (arrayValue.values ?? []).map { $0.named("") }
                return PeerSpan.Value(key: key, type: "list", text: "", items: items)
            }
            return value("unknown", "")
        }
    }

    private struct KeyValue: Decodable {
        let key: String
        let value: AnyValue
    }

    private struct Event: Decodable {
        let timeUnixNano: String
        let name: String?
        let attributes: [KeyValue]?
    }

    private struct Link: Decodable {
        let traceId: String
        let spanId: String
        let attributes: [KeyValue]?
    }

    private struct Status: Decodable {
        let code: Int?
        let message: String?
    }

    private struct Span: Decodable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String?
        let kind: Int?
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [KeyValue]?
        let events: [Event]?
        let links: [Link]?
        let status: Status?
    }

    private struct Scope: Decodable {
        let name: String?
        let version: String?
    }

    private struct ScopeSpans: Decodable {
        let scope: Scope?
        let spans: [Span]
    }

    private struct Resource: Decodable {
        let attributes: [KeyValue]?
    }

    private struct ResourceSpans: Decodable {
        let resource: Resource?
        let scopeSpans: [ScopeSpans]
    }

    private let resourceSpans: [ResourceSpans]

    /// By span ID.
    static func decode(_ lines: Data) throws -> [String: PeerSpan] {
        let decoder = JSONDecoder()
        let spans = try lines.split(separator: 10).flatMap { try decoder.decode(Self.self, from: Data($0)).spans }
        return Dictionary(spans.map { ($0.spanID, $0) }) { first, _ in first }
    }

    private var spans: [PeerSpan] {
        resourceSpans.flatMap { group in
            let resource = Self.values(group.resource?.attributes)
            return group.scopeSpans.flatMap { scoped in
                scoped.spans.map { Self.span($0, resource, scoped.scope) }
            }
        }
    }

    /// Without what Skein adds, to be able to read its own files again.
    private static func values(_ list: [KeyValue]?) -> [PeerSpan.Value] {
        (list ?? []).filter { !$0.key.hasPrefix("skein.") }.map { $0.value.named($0.key) }
    }

    /// 64 bits where the high half is zero.
    private static func traceID(_ text: String) -> String {
        text.hasPrefix(String(repeating: "0", count: 16)) ? String(text.dropFirst(16)) : text
    }

    private static func span(_ span: Span, _ resource: [PeerSpan.Value], _ scope: Scope?) -> PeerSpan {
        let kinds = ["", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
        let (start, end) = (Int64(span.startTimeUnixNano) ?? 0, Int64(span.endTimeUnixNano) ?? 0)
        return PeerSpan(
            traceID: traceID(span.traceId), spanID: span.spanId,
            parentID: span.parentSpanId.flatMap { $0.isEmpty ? nil : $0 }, name: span.name ?? "",
            kind: kinds[span.kind ?? 0], service: resource.first { $0.key == "service.name" }?.text ?? "",
            start: start, duration: end - start, attributes: values(span.attributes), resource: resource,
            events: (span.events ?? []).map { event in
                PeerSpan.Event(
                    time: Int64(event.timeUnixNano) ?? 0, name: event.name ?? "", attributes: values(event.attributes))
            },
            links: (span.links ?? []).map { link in
                PeerSpan.Link(
                    traceID: traceID(link.traceId), spanID: link.spanId, attributes: values(link.attributes))
            },
            status: ["UNSET", "OK", "ERROR"][span.status?.code ?? 0], message: span.status?.message,
            scope: scope?.name.map { [$0, scope?.version ?? ""] })
    }
}
