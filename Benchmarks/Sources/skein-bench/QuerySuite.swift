import Foundation
import Workload

/// How one kind of query fared.
struct QueryReport: Codable {
    let name: String
    var count = 0
    var wrong = 0
    /// The first answers that were wrong, in words.
    var complaints: [String] = []
    var p50Milliseconds = 0.0
    var p90Milliseconds = 0.0
    var p99Milliseconds = 0.0
    var maxMilliseconds = 0.0

    private static let complaintCountMax = 3

    /// Tells of the times that the answers took, in seconds and any order.
    mutating func setTimes(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        p50Milliseconds = Quantile.of(sorted, 0.5) * 1_000
        p90Milliseconds = Quantile.of(sorted, 0.9) * 1_000
        p99Milliseconds = Quantile.of(sorted, 0.99) * 1_000
        maxMilliseconds = (sorted.last ?? 0) * 1_000
    }

    /// Counts an answer, and why it is wrong if it is.
    mutating func add(_ complaint: String?) {
        count += 1
        guard let complaint else { return }
        wrong += 1
        if complaints.count < Self.complaintCountMax { complaints.append(complaint) }
    }
}

/// Asks a loaded server and compares every answer with what was sent.
struct QuerySuite {
    let workload: Workload
    let zipkin: SocketAddress
    /// Jaeger's query API; nil: not asked.
    let jaeger: SocketAddress?
    /// Of each kind that asks for one trace; the others are asked for a third as often.
    let count: Int

    private static let limit = 20

    /// Every kind of query, one after the other. The summary is of all traces of the workload.
    func run(_ summary: WorkloadSummary) throws -> [QueryReport] {
        let client = QueryClient(to: zipkin)
        let services = summary.operations.keys.sorted()
        var reports = [
            try health(client), try traceByID(client), try unknownTrace(client),
            try searchService(client, services, summary),
            try searchWindow(client, services, summary),
            try searchRequest(client, summary), try searchErrors(client, services, summary),
            try serviceNames(client, services), try operationNames(client, summary),
        ]
        if let jaeger { reports.append(try jaegerTrace(QueryClient(to: jaeger))) }
        return reports
    }

    /// What an answer costs that needs nothing of the store.
    private func health(_ client: QueryClient) throws -> QueryReport {
        try ask("zipkin health", client, count) { _ in
            ("/health", { $0.status == 200 ? nil : "health: status \($0.status)" })
        }
    }

    /// Random traces, each complete and as it was sent.
    private func traceByID(_ client: QueryClient) throws -> QueryReport {
        try compareTraces("zipkin trace", client, salt: 0)
    }

    /// The same of other traces: `when` decides which.
    func sampleTraces(_ client: QueryClient, when: String) throws -> QueryReport {
        try compareTraces("zipkin sample of traces", client, salt: UInt64(when.utf8.count))
    }

    /// What a Zipkin answer must have of a span that came in the workload's format.
    private var comparison: ZipkinSpan.Comparison {
        switch workload.configuration.format {
        case .zipkinJSON, .zipkinProtobuf: .whole
        case .otlpProtobuf, .otlpJSON, .jaegerThrift: .translated(without: workload.tagsAboveSpans)
        }
    }

    private func compareTraces(_ name: String, _ client: QueryClient, salt: UInt64) throws -> QueryReport {
        try ask(name, client, count, salt: salt) { generator in
            let index = generator.below(workload.traceCount)
            let id = workload.truth(ofTrace: index).traceID
            return (
                "/api/v2/trace/" + id,
                { answer in
                    guard answer.status == 200 else { return "trace \(id): status \(answer.status)" }
                    let problem = try ZipkinSpan.difference(
                        answer: answer.body, sent: workload.json(ofTrace: index), comparison)
                    return problem.map { "trace \(id): \($0)" }
                }
            )
        }
    }

    /// Every trace of the workload: whether each of its spans is there, once. Looks for IDs only, so that a million
    /// spans take minutes rather than an hour.
    func everyTrace(_ client: QueryClient) throws -> QueryReport {
        var index = -1
        return try ask("zipkin every trace", client, workload.traceCount) { _ in
            index += 1
            let truth = workload.truth(ofTrace: index)
            return (
                "/api/v2/trace/" + truth.traceID,
                { answer in
                    guard answer.status == 200 else { return "trace \(truth.traceID): status \(answer.status)" }
                    let found = Self.spanIDs(in: answer.body)
                    let sent = truth.spans.map { TraceTruth.hex($0.id) }
                    if found.sorted() == sent.sorted() { return nil }
                    return "trace \(truth.traceID): \(found.count) spans instead of \(sent.count)"
                }
            )
        }
    }

    /// The values of all members `id` in a list of spans.
    private static func spanIDs(in body: [UInt8]) -> [String] {
        let key = Array("\"id\":".utf8)
        var (ids, position) = ([String](), 0)
        while position + key.count + 18 <= body.count {
            guard body[position] == key[0], body[position..<(position + key.count)].elementsEqual(key) else {
                position += 1
                continue
            }
            position += key.count
            if body[position] == UInt8(ascii: " ") { position += 1 }
            ids.append(String(decoding: body[position...].dropFirst().prefix(16), as: UTF8.self))
        }
        return ids
    }

    private func jaegerTrace(_ client: QueryClient) throws -> QueryReport {
        try ask("jaeger trace", client, count) { generator in
            let truth = workload.truth(ofTrace: generator.below(workload.traceCount))
            return (
                "/api/traces/" + truth.traceID,
                { answer in
                    guard answer.status == 200 else { return "trace \(truth.traceID): status \(answer.status)" }
                    return JaegerAnswer.difference(answer: answer.body, truth: truth, requestTag: workload.requestTag)
                        .map { "trace \(truth.traceID): \($0)" }
                }
            )
        }
    }

    private func unknownTrace(_ client: QueryClient) throws -> QueryReport {
        try ask("zipkin unknown trace", client, count) { generator in
            let id = TraceTruth.hex(generator.next() | 1 << 63) + TraceTruth.hex(generator.next())
            return ("/api/v2/trace/" + id, { $0.status == 404 ? nil : "trace \(id): status \($0.status), not 404" })
        }
    }

    /// The newest traces of a service over the whole time.
    private func searchService(
        _ client: QueryClient, _ services: [String], _ summary: WorkloadSummary
    ) throws -> QueryReport {
        let expected = Dictionary(
            uniqueKeysWithValues: services.map { service in
                (service, newest { $0.services.contains(service) })
            })
        return try ask("zipkin search service", client, count / 3) { generator in
            let service = services[generator.below(services.count)]
            return (search(service, summary), { try compare($0, with: expected[service] ?? [], "service \(service)") })
        }
    }

    /// The newest traces of a service within a random window: from a second to half of the whole time.
    private func searchWindow(
        _ client: QueryClient, _ services: [String], _ summary: WorkloadSummary
    ) throws -> QueryReport {
        let span = summary.end / 1_000 + 1 - summary.start / 1_000
        let lengths = [1_000, 60_000, 3_600_000, span / 10, span / 2].map { min(max($0, 1), span) }
        return try ask("zipkin search window", client, count / 3) { generator in
            let service = services[generator.below(services.count)]
            let length = lengths[generator.below(lengths.count)]
            let end = summary.start / 1_000 + length + Int64(generator.below(Int(span - length) + 1))
            let expected = newest(from: (end - length) * 1_000, to: end * 1_000) { $0.services.contains(service) }
            return (
                search(service, end: end, lookback: length),
                { try compare($0, with: expected, "service \(service) within \(length) ms until \(end)") }
            )
        }
    }

    /// The newest traces in which a service has an error.
    private func searchErrors(
        _ client: QueryClient, _ services: [String], _ summary: WorkloadSummary
    ) throws -> QueryReport {
        let some = services.prefix(8)
        let expected = Dictionary(
            uniqueKeysWithValues: some.map { service in
                // One without any error need not be looked for in all traces.
                (
                    service,
                    summary.errorServices.contains(service)
                        ? newest { $0.spans.contains { $0.service == service && $0.isError } } : []
                )
            })
        return try ask("zipkin search errors", client, count / 3) { generator in
            let service = some[generator.below(some.count)]
            return (
                search(service, summary) + "&annotationQuery=error",
                { answer in
                    try compare(answer, with: expected[service] ?? [], "errors of \(service)")
                }
            )
        }
    }

    /// By a service and a tag's value that one trace has.
    private func searchRequest(_ client: QueryClient, _ summary: WorkloadSummary) throws -> QueryReport {
        try ask("zipkin search tag", client, count / 3) { generator in
            let truth = workload.truth(ofTrace: generator.below(workload.traceCount))
            let tag = QueryClient.escape("\(workload.requestTag)=\(truth.requestID)")
            return (
                search(truth.spans[0].service, summary) + "&annotationQuery=" + tag,
                { answer in
                    try compare(answer, with: [truth], "request \(truth.requestID)")
                }
            )
        }
    }

    private func serviceNames(_ client: QueryClient, _ services: [String]) throws -> QueryReport {
        try ask("zipkin services", client, count / 3) { _ in
            (
                "/api/v2/services",
                { answer in
                    let names = try? JSONDecoder().decode([String].self, from: Data(answer.body))
                    return names?.sorted() == services ? nil : "services: \(names?.count ?? -1) of \(services.count)"
                }
            )
        }
    }

    private func operationNames(_ client: QueryClient, _ summary: WorkloadSummary) throws -> QueryReport {
        let all = summary.operations.mapValues { Set($0.map { $0.lowercased() }).sorted() }.sorted { $0.key < $1.key }
        return try ask("zipkin operations", client, count / 3) { generator in
            let (service, expected) = all[generator.below(all.count)]
            return (
                "/api/v2/spans?serviceName=" + QueryClient.escape(service),
                { answer in
                    let names = try? JSONDecoder().decode([String].self, from: Data(answer.body))
                    return names?.map { $0.lowercased() }.sorted() == expected
                        ? nil : "operations of \(service): \(names ?? [])"
                }
            )
        }
    }

    private func search(_ service: String, _ summary: WorkloadSummary) -> String {
        let end = summary.end / 1_000 + 1
        return search(service, end: end, lookback: end - summary.start / 1_000 + 1)
    }

    /// The window is inclusive, in milliseconds.
    private func search(_ service: String, end: Int64, lookback: Int64) -> String {
        "/api/v2/traces?serviceName=\(QueryClient.escape(service))&endTs=\(end)&lookback=\(lookback)"
            + "&limit=\(Self.limit)"
    }

    /// The last traces that satisfy the condition, at most `limit`, of those that start within the inclusive bounds, in
    /// microseconds. Looks from the newest on, so that what is common is found at once in a workload of any size.
    func newest(
        from start: Int64 = .min, to end: Int64 = .max - 1, _ matches: (TraceTruth) -> Bool
    ) -> [TraceTruth] {
        let first = workload.traceCount(startingBefore: start)
        var found: [TraceTruth] = []
        var index = workload.traceCount(startingBefore: end + 1) - 1
        while index >= first && found.count < Self.limit {
            let truth = workload.truth(ofTrace: index)
            if matches(truth) { found.append(truth) }
            index -= 1
        }
        return found
    }

    /// Why a search's answer is not exactly these traces with all their spans; nil if it is.
    private func compare(_ answer: HTTPResponse, with expected: [TraceTruth], _ what: String) throws -> String? {
        guard answer.status == 200 else { return "\(what): status \(answer.status)" }
        guard let traces = try? JSONDecoder().decode([[ZipkinSpan]].self, from: Data(answer.body)) else {
            return "\(what): no list of traces"
        }
        let counts = Dictionary(traces.compactMap { trace in trace.first.map { ($0.traceId, trace.count) } }) {
            $0 + $1
        }
        let missing = expected.filter { counts[$0.traceID] == nil }.count
        guard missing == 0, traces.count == expected.count else {
            return "\(what): \(traces.count) traces instead of \(expected.count), \(missing) missing"
        }
        guard let short = expected.first(where: { counts[$0.traceID] != $0.spans.count }) else { return nil }
        return "\(what): trace \(short.traceID) has \(counts[short.traceID] ?? 0) of \(short.spans.count) spans"
    }

    /// Asks `count` questions; a question is a path and what is wrong with an answer.
    private func ask(
        _ name: String, _ client: QueryClient, _ count: Int, salt: UInt64 = 0,
        _ question: (inout SeededGenerator) throws -> (path: String, check: (HTTPResponse) throws -> String?)
    ) throws -> QueryReport {
        var generator = SeededGenerator(seed: workload.configuration.seed &+ 77 &+ salt)
        var report = QueryReport(name: name)
        var seconds: [Double] = []
        for _ in 0..<max(count, 1) {
            let (path, check) = try question(&generator)
            let (answer, time) = try client.get(path)
            seconds.append(time)
            report.add(try check(answer))
        }
        report.setTimes(seconds)
        return report
    }
}
