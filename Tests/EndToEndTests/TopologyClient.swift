import FoundationEssentials
import TestSupport

/// Asks a running program who calls whom.
final class TopologyClient {
    /// The part of an answer about the topology that says how many calls there were.
    private struct Answer: Decodable {
        struct Node: Decodable {
            let id: String
            let service: String
            let version: String?
        }

        struct Edge: Decodable {
            let from: String
            let to: String
            let kind: String
            let callCount: Int
            let errorCount: Int
        }

        let nodes: [Node]
        let edges: [Edge]
    }

    /// A dependency as Zipkin and Jaeger tell it.
    struct Link: Decodable, Hashable {
        let parent: String
        let child: String
        let callCount: Int
        let errorCount: Int?
    }

    /// How many traces a search found, and how many of them were offered, so far as is known.
    struct TraceCount: Decodable {
        struct Estimate: Decodable {
            let value: Int
            let low: Int
            let high: Int
        }

        let value: Int
        let isExact: Bool
        let estimate: Estimate?
    }

    private let query: HTTPConnection
    private let zipkin: HTTPConnection
    private let admin: HTTPConnection

    init(_ process: SkeinProcess) throws {
        query = try HTTPConnection(port: try process.port("query"))
        zipkin = try HTTPConnection(port: try process.port("zipkin"))
        admin = try HTTPConnection(port: try process.port("admin"))
    }

    /// Calls that callees told of, as `truth.json` has them: between services, or between versions.
    func edges(byVersion: Bool, over window: TimeWindow) throws -> Set<RecordedTraffic.Truth.Edge> {
        let target =
            "/api/skein/v1/topology?group=\(byVersion ? "version" : "service")&since=\(window.start)"
            + "&until=\(window.end)"
        let answer = try decode(Answer.self, try query.request("GET", target))
        let nodes = Dictionary(uniqueKeysWithValues: answer.nodes.map { ($0.id, $0) })
        var edges: [String: RecordedTraffic.Truth.Edge] = [:]
        for edge in answer.edges where ["rpc", "retried", "mirrored"].contains(edge.kind) {
            guard let from = nodes[edge.from], let to = nodes[edge.to] else {
                throw TestSupportError("an edge between \(edge.from) and \(edge.to), which are no nodes")
            }
            let none = RecordedTraffic.Truth.Edge(
                parent: from.service, parentVersion: byVersion ? from.version ?? "" : nil, child: to.service,
                childVersion: byVersion ? to.version ?? "" : nil, mirroredCount: 0)
            let key = "\(edge.from) > \(edge.to)"
            edges[key, default: none].callCount += edge.callCount
            edges[key, default: none].errorCount += edge.errorCount
            if edge.kind == "mirrored" { edges[key]?.mirroredCount? += edge.callCount }
        }
        return Set(edges.values)
    }

    func zipkinLinks(over window: TimeWindow) throws -> Set<Link> {
        Set(try decode([Link].self, try zipkin.request("GET", "/api/v2/dependencies?" + Self.lookback(window))))
    }

    func jaegerLinks(over window: TimeWindow) throws -> Set<Link> {
        struct Envelope: Decodable {
            let data: [Link]
        }
        let answer = try query.request("GET", "/api/dependencies?" + Self.lookback(window))
        return Set(try decode(Envelope.self, answer).data)
    }

    /// All traces of the last hour.
    func traceCount() throws -> TraceCount {
        struct Answer: Decodable {
            let count: TraceCount
        }
        let answer = try query.request("GET", "/api/skein/v1/search?q=%7B%7D&start=-1h&count=all&limit=0")
        return try decode(Answer.self, answer).count
    }

    /// The sum of all series of a metric that is always there.
    func metric(_ name: String) throws -> Int { try admin.metrics().value(of: name) }

    /// Spans that are counted for good since the program began, but for a proxy's copies.
    func countedSpanCount() throws -> Int { try admin.metrics().sum(of: "traces_spanmetrics_calls_total") ?? 0 }

    private static func lookback(_ window: TimeWindow) -> String {
        "endTs=\(window.end / 1_000)&lookback=\((window.end - window.start) / 1_000)"
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ response: HTTPResponse) throws -> Value {
        guard response.status == 200 else {
            throw TestSupportError("answer \(response.status): \(response.text.prefix(500))")
        }
        return try JSONDecoder().decode(type, from: Data(response.body))
    }
}
