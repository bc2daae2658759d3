import FoundationEssentials
import HTTPClient
import TraceModel
import TraceStore
import WireFormats

/// The traces of a running server, asked for by Zipkin's API.
final class ServerSource: TraceSource {
    private let client: HTTPClient

    init(_ client: HTTPClient) { self.client = client }

    func trace(_ traceID: TraceID) throws -> Trace? {
        let response = try client.get("/api/v2/trace/\(traceID)")
        if response.status == 404, !response.text.contains("\(traceID)") {
            throw CommandFailure("\(client.baseURL) has no Zipkin API: is it the right port?")
        }
        if response.status == 404 { return nil }
        return try trace(try expectOK(response)[...])
    }

    func find(_ query: TraceQuery) throws -> TraceSearchResult {
        let path = PercentEncoding.path("/api/v2/traces", query: try Self.parameters(query))
        let response = try client.get(path)
        let traces = try JSONSlices.elements(try expectOK(response)[...]).compactMap(trace)
        return TraceSearchResult(traces: traces, hasMore: response.header("skein-more-traces") == "true")
    }

    func serviceNames() throws -> [String] { try names(try client.get("/api/v2/services")) }

    func operationNames(ofService service: String) throws -> [String] {
        try names(try client.get(PercentEncoding.path("/api/v2/spans", query: [("serviceName", service)])))
    }

    /// The query in Zipkin's words; whole milliseconds and microseconds that leave nothing out.
    static func parameters(_ query: TraceQuery) throws -> [(name: String, value: String)] {
        let end = query.startMax / 1_000_000 + (query.startMax % 1_000_000 > 0 ? 1 : 0)
        let start = query.startMin / 1_000_000
        var parameters = [
            (name: "limit", value: "\(query.limit)"), ("endTs", "\(end)"), ("lookback", "\(max(1, end - start))"),
        ]
        if let service = query.serviceName { parameters.append(("serviceName", service)) }
        if let operation = query.operationName { parameters.append(("spanName", operation)) }
        if let remote = query.remoteServiceName { parameters.append(("remoteServiceName", remote)) }
        // Zipkin takes a longest duration only beside a shortest one.
        if query.durationMin != nil || query.durationMax != nil {
            let shortest = query.durationMin ?? 0
            parameters.append(("minDuration", "\(max(1, shortest / 1000 + (shortest % 1000 > 0 ? 1 : 0)))"))
        }
        if let longest = query.durationMax { parameters.append(("maxDuration", "\(longest / 1000)")) }
        let clauses = query.attributes.map { clause in
            switch clause.target {
            case .keyOrEvent: clause.key
            case .attribute(let value), .anywhere(let value): "\(clause.key)=\(value)"
            }
        }
        if let clause = clauses.first(where: { $0.contains(" and ") }) {
            throw CommandFailure(
                "a server cannot be asked for '\(clause)': ' and ' separates tags", exitCode: CommandFailure.wrongUsage)
        }
        if !clauses.isEmpty { parameters.append(("annotationQuery", clauses.joined(separator: " and "))) }
        return parameters
    }

    // MARK: Answers

    private func expectOK(_ response: HTTPClient.Response) throws -> [UInt8] {
        guard response.status == 200 else {
            let reason = response.text.split(separator: "\n").first.map { ": \($0.prefix(300))" } ?? ""
            throw CommandFailure("\(client.baseURL) answered \(response.status)\(reason)")
        }
        return response.body
    }

    private func names(_ response: HTTPClient.Response) throws -> [String] {
        let body = try expectOK(response)
        do {
            return try JSONDecoder().decode([String].self, from: Data(body)).sorted()
        } catch {
            throw unreadable
        }
    }

    private var unreadable: CommandFailure {
        CommandFailure("the answer of \(client.baseURL) is not Zipkin's: is it the right port?")
    }

    /// A trace from a list of its spans; nil if the list is empty.
    private func trace(_ list: ArraySlice<UInt8>) throws -> Trace? {
        var builder = SpanBatchBuilder()
        let limits = SpanLimits(spanCountMax: 1 << 30, attributeCountMax: 100_000, valueByteCountMax: 1 << 30)
        do {
            _ = try list.withUnsafeBytes { bytes in
                try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
            }
        } catch {
            throw CommandFailure("the answer of \(client.baseURL) is not Zipkin's: \(error)")
        }
        let spans = Array(builder.makeBatch().spans).sorted { ($0.start ?? .max) < ($1.start ?? .max) }
        return spans.first.map { Trace(traceID: $0.traceID, spans: spans) }
    }
}
