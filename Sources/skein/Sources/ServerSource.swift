import Comparison
import FoundationEssentials
import HTTPAPI
import HTTPClient
import Releases
import Sampling
import Topology
import TraceModel
import WireFormats

/// The traces of a running server, asked for by its own query API.
final class ServerSource: TraceSource {
    private let client: HTTPClient

    /// Traces of one page.
    private static let pageCountMax = 1000

    init(_ client: HTTPClient) { self.client = client }

    func trace(_ traceID: TraceID) throws -> Trace? {
        let response = try client.get(Self.path("traces/\(traceID)/export", [("format", "zipkin")]))
        if response.status == 404, response.text.contains("\(traceID)") { return nil }
        return try trace(try expectOK(response)[...])
    }

    func compare(_ query: TraceDiffQuery) throws -> TraceDiffReport {
        var parameters = [(name: "a", value: "\(query.a)"), ("b", "\(query.b)")]
        if let span = query.aSpan { parameters.append(("aSpan", "\(span)")) }
        if let span = query.bSpan { parameters.append(("bSpan", "\(span)")) }
        parameters.append(("limit", "\(query.limit)"))
        return try decode(try client.get(Self.path("traces/compare", parameters)))
    }

    func find(_ search: TraceSearchRequest) throws -> FoundTraces {
        var found = FoundTraces(traces: [], count: 0, isExact: true, notes: [])
        var cursor: String?
        repeat {
            let pageCount = min(search.limit - found.traces.count, Self.pageCountMax)
            var parameters = [
                (name: "q", value: search.query), ("start", Self.time(search.start)), ("end", Self.time(search.end)),
                ("limit", "\(pageCount)"), ("spans", "0"),
            ]
            if let cursor { parameters.append(("cursor", cursor)) }
            let page: SearchPage = try decode(try client.get(Self.path("search", parameters)))
            // A page counts from its own beginning on.
            found.count = found.traces.count + page.count.value
            found.isExact = page.count.isExact
            found.traces += page.traces.map(\.line)
            found.notes += page.notes
            cursor = page.cursor
        } while cursor != nil && found.traces.count < search.limit
        return found
    }

    func serviceNames() throws -> [String] {
        let answer: ServicesAnswer = try decode(try client.get(Self.path("services")))
        return answer.services
    }

    func operationNames(ofService service: String) throws -> [String] {
        let answer: OperationsAnswer = try decode(
            try client.get(Self.path("services/\(PercentEncoding.encode(service))/operations")))
        return Set(answer.operations.map(\.name)).sorted()
    }

    // MARK: Sampling

    /// - Parameter policies: the text of a document.
    func simulate(_ policies: [UInt8], _ window: Range<Int64>, _ service: String?) throws -> SimulationReport {
        var parameters = [
            (name: "since", value: Self.time(window.lowerBound)), ("until", Self.time(window.upperBound)),
        ]
        if let service { parameters.append(("service", service)) }
        let path = Self.path("sampling/simulate", parameters)
        return try decode(try client.post(path, body: policies, contentType: "application/yaml"))
    }

    /// - Parameter policies: the text of a document; nil for the server's own.
    func explainSampling(_ traceID: TraceID, _ policies: [UInt8]?) throws -> SamplingExplanation {
        let path = Self.path("sampling/explain", [("trace", "\(traceID)")])
        guard let policies else { return try decode(try client.get(path)) }
        return try decode(try client.post(path, body: policies, contentType: "application/yaml"))
    }

    func topology(_ query: TopologyQuery) throws -> TopologyGraph {
        var parameters = Self.window(query.window) + [(name: "group", value: query.grouping.rawValue)]
        if let focus = query.focus { parameters += [("focus", focus), ("depth", "\(query.depth)")] }
        let answer: TopologyAnswer = try decode(try client.get(Self.path("topology", parameters)))
        guard let graph = answer.graph else { throw unreadable }
        return graph
    }

    func propagation(within window: Range<Int64>) throws -> PropagationReport {
        let answer: PropagationAnswer = try decode(try client.get(Self.path("propagation", Self.window(window))))
        guard let report = answer.report else { throw unreadable }
        return report
    }

    func releases(within window: Range<Int64>, ofService service: String?) throws -> ReleaseReport {
        let name = service.map { "releases/" + PercentEncoding.encode($0) } ?? "releases"
        return try decode(try client.get(Self.path(name, Self.window(window))))
    }

    func compare(_ query: ComparisonQuery) throws -> ComparisonReport {
        var parameters = Self.window(query.window)
        parameters += [("service", query.serviceName), ("base", query.base), ("candidate", query.candidate)]
        if let share = query.configuredShare { parameters.append(("share", "\(share)")) }
        parameters += [
            ("errors", "\(query.thresholds.errorShare)"), ("latency", "\(query.thresholds.durationPart)"),
            ("confidence", "\(query.thresholds.confidence)"), ("evidence", "\(query.hasEvidence)"),
            ("requests", "\(query.limits.requestCountMax)"),
            ("readingSeconds", "\(query.limits.time.components.seconds)"),
        ]
        if let figures = query.figures { parameters.append(("figures", figures.rawValue)) }
        return try decode(try client.get(Self.path("compare", parameters)))
    }

    private static func window(_ window: Range<Int64>) -> [(name: String, value: String)] {
        [("since", time(window.lowerBound)), ("until", time(window.upperBound))]
    }

    // MARK: Answers

    private struct ServicesAnswer: Decodable { var services: [String] }

    private struct OperationsAnswer: Decodable {
        struct Operation: Decodable { var name: String }
        var operations: [Operation]
    }

    private struct Failure: Decodable {
        struct Reason: Decodable { var message: String }
        var error: Reason
    }

    /// Counts of nanoseconds this small would be taken for other units; nothing that old is stored.
    private static func time(_ nanoseconds: Int64) -> String {
        nanoseconds < 100_000_000_000_000_000 ? "0" : "\(nanoseconds)"
    }

    private static func path(_ name: String, _ parameters: [(name: String, value: String)] = []) -> String {
        let path = "/api/skein/v1/" + name
        return parameters.isEmpty ? path : PercentEncoding.path(path, query: parameters)
    }

    private func decode<Answer: Decodable>(_ response: HTTPClient.Response) throws -> Answer {
        let body = try expectOK(response)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body))
        } catch {
            throw unreadable
        }
    }

    private func expectOK(_ response: HTTPClient.Response) throws -> [UInt8] {
        if response.status == 200 { return response.body }
        guard let failure = try? JSONDecoder().decode(Failure.self, from: Data(response.body)) else {
            let reason = response.text.split(separator: "\n").first.map { ": \($0.prefix(300))" } ?? ""
            let hint = response.status == 404 ? "; is it the right port?" : ""
            throw CommandFailure("\(client.baseURL) answered \(response.status)\(reason)\(hint)")
        }
        throw CommandFailure(
            failure.error.message,
            exitCode: response.status == 400 ? CommandFailure.wrongUsage : CommandFailure.failed)
    }

    private var unreadable: CommandFailure {
        CommandFailure("the answer of \(client.baseURL) is not Skein's: is it the right port?")
    }

    /// A trace from a list of its spans in Zipkin's JSON; nil if the list is empty.
    private func trace(_ list: ArraySlice<UInt8>) throws -> Trace? {
        var builder = SpanBatchBuilder()
        let limits = SpanLimits(spanCountMax: 1 << 30, attributeCountMax: 100_000, valueByteCountMax: 1 << 30)
        do {
            _ = try list.withUnsafeBytes { bytes in
                try ZipkinJSONDecoder.decode(bytes, limits: limits, into: &builder)
            }
        } catch {
            throw CommandFailure("the answer of \(client.baseURL) cannot be read: \(error)")
        }
        let spans = Array(builder.makeBatch().spans).sorted { ($0.start ?? .max) < ($1.start ?? .max) }
        return spans.first.map { Trace(traceID: $0.traceID, spans: spans) }
    }
}

/// One page of a search, as the API writes it.
private struct SearchPage: Decodable {
    struct Found: Decodable {
        struct Root: Decodable {
            var service: String
            var operation: String
        }

        var traceID: String
        var root: Root?
        var startTimeUnixNano: String
        var durationNanos: Int64
        var spanCount: Int
        var errorCount: Int

        var line: TraceLine {
            let start = Int64(startTimeUnixNano) ?? 0
            return TraceLine(
                traceId: traceID, startMicroseconds: start == 0 ? nil : start / 1000,
                durationMicroseconds: durationNanos / 1000, spanCount: spanCount, errorCount: errorCount,
                rootService: root?.service ?? "", rootOperation: root?.operation ?? "")
        }
    }

    struct Count: Decodable {
        var value: Int
        var isExact: Bool
    }

    var traces: [Found]
    var count: Count
    var cursor: String?
    var notes: [String]
}
