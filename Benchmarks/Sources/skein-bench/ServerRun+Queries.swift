import Foundation
import Workload

/// The same questions to every API, one after the other, so that what disturbs the machine disturbs all alike.
extension ServerRun {
    private static let listCount = 20
    /// What the table calls a trace of about ten spans.
    private static let spanCounts = 9...11

    /// One kind of question: of each API that knows it, the times and what was wrong.
    private struct Series {
        var reports: [QueryReport]
        var seconds: [[Double]]

        init(_ kind: String, _ names: [String]) {
            reports = names.map { QueryReport(name: "\(kind), \($0)") }
            seconds = names.map { _ in [] }
        }

        mutating func add(_ position: Int, _ answer: QueryAnswer, _ complaint: String?) {
            seconds[position].append(answer.seconds)
            reports[position].add(complaint)
        }
    }

    /// Loads the server and asks it by every API.
    mutating func runQueries() throws -> BenchReport {
        defer { ServerProcess.killRunning() }
        let server = try start()
        stage = StageReport(spanCount: workload.spanCount, traceCount: workload.traceCount)
        try load(server, workload, traces: 0..<workload.traceCount)
        progress("asking")
        try server.resetPeakMemory()
        let (before, others) = (try server.cpuSeconds(), try OtherPrograms(server))
        let channels = try TraceAPI.allCases.map { try $0.channel(server) }
        try askNothing(channels[0])
        try askTraces(channels)
        try askSearches(channels)
        try askRare(channels)
        stage.add("server CPU of all queries", try server.cpuSeconds() - before, "s")
        stage.add("CPU of other programs while asking", try others.processors(server), "processors")
        stage.add("peak memory with queries", try server.memory().peak, "MiB")
        let end = try server.stop(SIGTERM)
        if end.status != 0 { fail("the server ended with status \(end.status)") }
        report.stages = [stage]
        return report
    }

    /// What an answer costs that needs nothing of the store.
    private mutating func askNothing(_ channel: any QueryChannel) throws {
        var series = Series("nothing", ["zipkin health"])
        for _ in 0..<options.queries {
            let answer = try channel.ask(Question(path: "/health"))
            series.add(0, answer, answer.status == 200 ? nil : "status \(answer.status)")
        }
        keep(series)
    }

    private mutating func askTraces(_ channels: [any QueryChannel]) throws {
        let apis = TraceAPI.allCases.filter { $0 != .skeinCounted }
        var series = Series("trace of 10", apis.map(\.rawValue))
        var generator = SeededGenerator(seed: workload.configuration.seed &+ 501)
        for round in 0..<options.queries {
            let truth = traceOfTen(&generator)
            let expected = TraceContent(traceIDs: [TraceContent.id(truth.traceID)], spanCount: truth.spans.count)
            for position in Self.order(apis.count, round) {
                let api = apis[position]
                let answer = try channels[position].ask(api.trace(truth.traceID))
                series.add(
                    position, answer,
                    Self.complaint(answer, api.traceForm) {
                        $0 == expected ? nil : "\($0.spanCount ?? -1) of \(truth.spans.count) spans"
                    })
            }
        }
        keep(series)
    }

    private mutating func askSearches(_ channels: [any QueryChannel]) throws {
        var series = Series("search of 20", TraceAPI.allCases.map(\.rawValue))
        var generator = SeededGenerator(seed: workload.configuration.seed &+ 502)
        let services = summary.operations.keys.sorted()
        for round in 0..<max(options.queries / 3, 1) {
            let service = services[generator.below(services.count)]
            let window = randomWindow(&generator)
            let candidates = candidates(service, window)
            for position in Self.order(channels.count, round) {
                let api = TraceAPI.allCases[position]
                let answer = try channels[position].ask(api.search(service: service, window))
                let complaint = Self.complaint(answer, api.searchForm) { content in
                    Self.difference(content, candidates, service, window)
                }
                series.add(position, answer, complaint)
            }
        }
        keep(series)
    }

    /// What few traces have, over the whole time, in TraceQL.
    private mutating func askRare(_ channels: [any QueryChannel]) throws {
        let apis = [TraceAPI.tempo, .skein]
        let kinds: [(name: String, text: (TraceTruth) -> String)] = [
            ("request equals", { [tag = workload.requestTag] in "{ span.\"\(tag)\" = \"\($0.requestID)\" }" }),
            (
                "request matches",
                { [tag = workload.requestTag] in "{ span.\"\(tag)\" =~ \"\($0.requestID.prefix(23)).*\" }" }
            ),
            (
                "duration between",
                { "{ duration >= \($0.spans[0].duration)us && duration < \($0.spans[0].duration + 1)us }" }
            ),
        ]
        let whole = (summary.start / 1_000_000)...(summary.end / 1_000_000 + 1)
        var generator = SeededGenerator(seed: workload.configuration.seed &+ 503)
        for (name, text) in kinds {
            var series = Series(name, apis.map(\.rawValue))
            for round in 0..<max(options.queries / 20, 1) {
                let truth = workload.truth(ofTrace: generator.below(workload.traceCount))
                for position in Self.order(apis.count, round) {
                    let api = apis[position]
                    guard let channel = TraceAPI.allCases.firstIndex(of: api) else { continue }
                    let answer = try channels[channel].ask(api.search(text(truth), whole))
                    let complaint = Self.complaint(answer, api.searchForm) { content in
                        content.traceIDs.contains(TraceContent.id(truth.traceID))
                            || content.traceIDs.count >= Self.listCount
                            ? nil : "\(content.traceIDs.count) traces, not the one asked for"
                    }
                    series.add(position, answer, complaint)
                }
            }
            keep(series)
        }
    }

    // MARK: Questions

    private func traceOfTen(_ generator: inout SeededGenerator) -> TraceTruth {
        var truth = workload.truth(ofTrace: generator.below(workload.traceCount))
        // Wide traces may all be longer: then any will do.
        for _ in 0..<1_000 where !Self.spanCounts.contains(truth.spans.count) {
            truth = workload.truth(ofTrace: generator.below(workload.traceCount))
        }
        return truth
    }

    /// Whole seconds, from one to half of the time of all traces.
    private func randomWindow(_ generator: inout SeededGenerator) -> TraceAPI.Window {
        let (first, last) = (summary.start / 1_000_000, workload.configuration.lastStart / 1_000_000)
        let lengths = [1, (last - first) / 10, (last - first) / 2].map { max($0, 1) }
        let length = lengths[generator.below(lengths.count)]
        let start = first + Int64(generator.below(Int(max(last - first - length, 1))))
        return start...(start + length - 1)
    }

    /// The newest traces with a span of the service that begin within the window, or where that span does: the APIs
    /// differ in what counts. More than an answer has.
    private func candidates(_ service: String, _ window: TraceAPI.Window) -> [String: Int] {
        let bounds = (window.lowerBound * 1_000_000)...(window.upperBound * 1_000_000 + 999_999)
        // A trace takes less than that.
        var index = workload.traceCount(startingBefore: bounds.upperBound + 1) - 1
        var found: [String: Int] = [:]
        while index >= 0 && found.count < Self.listCount * 20 {
            let truth = workload.truth(ofTrace: index)
            if truth.start + 10_000_000 < bounds.lowerBound { break }
            let own = truth.spans.filter { $0.service == service }
            if !own.isEmpty, bounds.contains(truth.start) || own.contains(where: { bounds.contains($0.start) }) {
                found[TraceContent.id(truth.traceID)] = truth.spans.count
            }
            index -= 1
        }
        return found
    }

    private static func difference(
        _ content: TraceContent, _ candidates: [String: Int], _ service: String, _ window: TraceAPI.Window
    ) -> String? {
        let counts = content.traceIDs.map { candidates[$0] }
        let expected = min(candidates.count, listCount)
        let what = "\(service) within \(window)"
        guard counts.count == expected else { return "\(what): \(counts.count) traces instead of \(expected)" }
        let unknown = counts.count { $0 == nil }
        guard unknown == 0 else { return "\(what): \(unknown) traces that are none of the newest" }
        let spanCount = counts.reduce(0) { $0 + ($1 ?? 0) }
        guard content.spanCount ?? spanCount == spanCount else {
            return "\(what): \(content.spanCount ?? -1) spans instead of \(spanCount)"
        }
        return nil
    }

    // MARK: Answers

    private static func complaint(
        _ answer: QueryAnswer, _ form: TraceContent.Form, _ check: (TraceContent) -> String?
    ) -> String? {
        guard answer.status == 200 else {
            return "status \(answer.status): \(String(decoding: answer.body.prefix(200), as: UTF8.self))"
        }
        do {
            return check(try TraceContent.read(answer.body, form))
        } catch {
            return "\(error)"
        }
    }

    /// Each API comes first in turn.
    private static func order(_ count: Int, _ round: Int) -> [Int] {
        (0..<count).map { ($0 + round) % count }
    }

    private mutating func keep(_ series: Series) {
        for (report, seconds) in zip(series.reports, series.seconds) {
            var report = report
            report.setTimes(seconds)
            stage.add("\(report.name), p50", report.p50Milliseconds, "ms")
            stage.add("\(report.name), p90", report.p90Milliseconds, "ms")
            stage.add("\(report.name), p99", report.p99Milliseconds, "ms")
            note(report)
        }
    }
}
