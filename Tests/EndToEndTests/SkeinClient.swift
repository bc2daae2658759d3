import FoundationEssentials
import TestSupport

/// Posts spans to a running program, and asks it the questions of Zipkin's and Jaeger's APIs, on kept connections.
final class SkeinClient {
    private let zipkin: HTTPConnection
    private let query: HTTPConnection

    init(_ process: SkeinProcess) throws {
        zipkin = try HTTPConnection(port: try process.port("zipkin"))
        query = try HTTPConnection(port: try process.port("query"))
    }

    /// Posts a JSON list of spans the way Envoy does: in chunks, without a length.
    func post(_ body: [UInt8]) throws -> HTTPResponse {
        try zipkin.request(
            "POST", "/api/v2/spans", headers: [("content-type", "application/json")],
            body: .chunked(body, chunkByteCount: 16_384))
    }

    /// The spans of a trace; nil when there is no such trace.
    func zipkinTrace(_ id: String) throws -> [ZipkinSpan]? {
        let response = try zipkin.request("GET", "/api/v2/trace/\(id)")
        if response.status == 404 { return nil }
        return try decode([ZipkinSpan].self, response)
    }

    func zipkinSearch(service: String, over window: TimeWindow = .lastHour, limit: Int = 100_000) throws
        -> [[ZipkinSpan]]
    {
        let target =
            "/api/v2/traces?serviceName=\(service)&endTs=\(window.end / 1_000)"
            + "&lookback=\((window.end - window.start) / 1_000)&limit=\(limit)"
        return try decode([[ZipkinSpan]].self, try zipkin.request("GET", target))
    }

    func zipkinServices() throws -> [String] {
        try decode([String].self, try zipkin.request("GET", "/api/v2/services"))
    }

    func zipkinSpanNames(service: String) throws -> [String] {
        try decode([String].self, try zipkin.request("GET", "/api/v2/spans?serviceName=\(service)"))
    }

    /// nil when there is no such trace.
    func jaegerTrace(_ id: String) throws -> JaegerTrace? {
        let response = try query.request("GET", "/api/traces/\(id)")
        if response.status == 404 { return nil }
        return try decode(Envelope<JaegerTrace>.self, response).data.first
    }

    func jaegerSearch(service: String, over window: TimeWindow = .lastHour, limit: Int = 100_000) throws
        -> [JaegerTrace]
    {
        let target = "/api/traces?service=\(service)&start=\(window.start)&end=\(window.end)&limit=\(limit)"
        return try decode(Envelope<JaegerTrace>.self, try query.request("GET", target)).data
    }

    func jaegerServices() throws -> [String] {
        try decode(Envelope<String>.self, try query.request("GET", "/api/services")).data
    }

    func jaegerOperations(service: String) throws -> [String] {
        try decode(Envelope<String>.self, try query.request("GET", "/api/services/\(service)/operations")).data
    }

    private struct Envelope<Item: Decodable>: Decodable {
        let data: [Item]
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ response: HTTPResponse) throws -> Value {
        guard response.status == 200 else {
            throw TestSupportError("answer \(response.status): \(response.text.prefix(500))")
        }
        return try JSONDecoder().decode(type, from: Data(response.body))
    }
}

/// Microseconds since 1970, both ends included.
struct TimeWindow {
    let start: Int64
    let end: Int64

    static var nowMicroseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    /// From an hour ago until a minute ahead.
    static var lastHour: TimeWindow {
        let now = nowMicroseconds
        return TimeWindow(start: now - 3_600_000_000, end: now + 60_000_000)
    }
}
