import FoundationEssentials

/// A trace as Jaeger's HTTP query API has it.
struct JaegerTrace: Decodable {
    struct Span: Decodable {
        let traceID: String
        let spanID: String
        let operationName: String
        let references: [Reference]
        let startTime: Int64
        let duration: Int64
        let tags: [KeyValue]
        let logs: [Log]
        let processID: String
    }

    struct Reference: Decodable {
        let refType: String
        let traceID: String
        let spanID: String
    }

    struct Log: Decodable {
        let timestamp: Int64
        let fields: [KeyValue]
    }

    struct Process: Decodable {
        let serviceName: String
    }

    let traceID: String
    let spans: [Span]
    let processes: [String: Process]
}

/// A tag or a log's field; the value as text, whatever its type.
struct KeyValue: Decodable {
    let key: String
    /// Jaeger's name of the value's type.
    let type: String?
    let text: String

    init(from decoder: any Decoder) throws {
        enum Field: String, CodingKey {
            case key, type, value
        }
        let fields = try decoder.container(keyedBy: Field.self)
        key = try fields.decode(String.self, forKey: .key)
        type = try fields.decodeIfPresent(String.self, forKey: .type)
        if let text = try? fields.decode(String.self, forKey: .value) {
            self.text = text
        } else if let flag = try? fields.decode(Bool.self, forKey: .value) {
            text = String(flag)
        } else if let number = try? fields.decode(Int64.self, forKey: .value) {
            text = String(number)
        } else {
            text = String(try fields.decode(Double.self, forKey: .value))
        }
    }
}

/// What a Zipkin span and the same span read through Jaeger's API have in common.
struct CommonSpan: Hashable {
    let id: String
    let parentID: String?
    let operation: String?
    let service: String?
    let startMicroseconds: Int64?
    /// 0 where there is none.
    let durationMicroseconds: Int64
    let tags: [String: String]
    let events: [String]

    init(_ span: ZipkinSpan) {
        let stored = span.asStored
        id = stored.id
        parentID = stored.parentId
        operation = stored.name
        service = stored.localEndpoint?.serviceName ?? ""
        startMicroseconds = stored.timestamp
        durationMicroseconds = stored.duration ?? 0
        tags = (stored.tags ?? [:]).merging(stored.kind.map { ["span.kind": $0.lowercased()] } ?? [:]) { tag, _ in tag }
        events = (stored.annotations ?? []).map { "\($0.timestamp) \($0.value)" }
    }

    /// Only the tags named in `keys`: Jaeger adds some of its own.
    init(_ span: JaegerTrace.Span, of trace: JaegerTrace, keys: some Collection<String>) {
        id = span.spanID
        parentID = span.references.first { $0.refType == "CHILD_OF" }?.spanID
        operation = span.operationName
        service = trace.processes[span.processID]?.serviceName
        startMicroseconds = span.startTime
        durationMicroseconds = span.duration
        let texts = Dictionary(span.tags.map { ($0.key, $0.text) }) { first, _ in first }
        tags = texts.filter { keys.contains($0.key) }
        events = span.logs.map { log in
            "\(log.timestamp) \(log.fields.first { $0.key == "event" }?.text ?? "")"
        }.sorted()
    }
}
