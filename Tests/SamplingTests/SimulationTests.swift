import Sampling
import TestSupport
import Testing
import TraceModel

/// Simulations over made-up traces of which the answer is known.
@Suite struct SimulationTests {
    /// Made-up traffic: a trace of two services every so often.
    private struct Traffic {
        var traceCount = 2000
        /// One of so many has an error.
        var errorInterval = 50
        /// Of `reviews`: every so manieth trace meets v3, the others v1.
        var canaryInterval = 100
        /// Nanoseconds.
        var interval: Int64 = 100_000_000
        var seed: UInt64 = 7

        func traces() -> [[SpanView]] {
            var random = SeededGenerator(seed: seed)
            return (0..<traceCount).map { number in
                let traceID = TraceID(high: random.next(), low: random.next())
                let start = 1_790_000_040_000_000_000 + Int64(number) * interval
                var front = SampleSpan(traceID: traceID, spanID: 1, service: "front")
                front.start = start
                front.duration = number % 100 == 99 ? 2_000_000_000 : 10_000_000
                var back = SampleSpan(traceID: traceID, spanID: 2, parentID: 1, service: "reviews")
                back.start = start + 1_000_000
                back.attributes = [
                    ("istio.canonical_revision", .string(number % canaryInterval == 5 ? "v3" : "v1"))
                ]
                back.isError = number % errorInterval == 10
                return Array(SpanBatch.of([front, back]).spans)
            }
        }
    }

    private static func simulate(_ document: PolicyDocument, _ traffic: Traffic = Traffic()) -> SimulationReport {
        let simulation = SamplingSimulation(document, segmentSpanCount: 1000)
        for spans in traffic.traces() { simulation.add(spans) }
        return simulation.finish(bytesPerSpan: 50)
    }

    private static func tail(_ policies: [PolicyNode]) throws -> PolicyDocument {
        try PolicyDocument.parse(.keys([("tail", .keys([("policies", .items(policies))]))]))
    }

    private static func policy(_ type: String, _ keys: [(String, PolicyNode)] = []) -> PolicyNode {
        .keys([("type", .text(type))] + keys)
    }

    @Test func `without policies there is nothing but the traces`() {
        let report = Self.simulate(PolicyDocument())
        #expect(report.seen.traceCount == 2000)
        #expect(report.seen.spanCount == 4000)
        #expect(report.seen.errorTraceCount == 40)
        #expect(report.seen.slowTraceCount == 20)
        #expect(report.seen.estimate == nil)
        #expect(report.stages.isEmpty)
        #expect(report.notes == ["the policies keep everything"])
        #expect(report.byteCount(ofSpans: report.seen.spanCount) == 200_000)
    }

    @Test func `ten percent on arrival keep whole traces, and stand for all`() throws {
        let report = Self.simulate(try PolicyDocument.parse(.keys([("percent", .text("10"))])))
        let head = try #require(report.stages.first)
        #expect(report.stages.map(\.name) == ["head"])
        // Five standard deviations of 2,000 tries.
        #expect((133...267).contains(head.kept.traceCount))
        #expect(head.kept.spanCount == 2 * head.kept.traceCount)
        #expect(head.partialTraceCount == 0)
        let estimate = try #require(head.kept.estimate)
        #expect(estimate.value == head.kept.traceCount * 10)
        #expect((estimate.low...estimate.high).contains(2000))
        #expect(head.policies.map(\.name) == ["default"])
        #expect(head.policies[0].keptTraceCount + head.policies[0].droppedTraceCount == 2000)
    }

    @Test func `rules for a service keep parts of traces`() throws {
        let rule = PolicyNode.keys([("service", .text("reviews")), ("percent", .text("0"))])
        let document = try PolicyDocument.parse(.keys([("head", .keys([("rules", .items([rule]))]))]))
        let head = try #require(Self.simulate(document).stages.first)
        #expect(head.kept.traceCount == 2000)
        #expect(head.kept.spanCount == 2000)
        #expect(head.partialTraceCount == 2000)
        #expect(head.kept.errorTraceCount == 0)
        let reviews = head.versions.filter { $0.service == "reviews" }
        #expect(reviews.map(\.version) == ["v1", "v3"])
        #expect(reviews.map(\.keptSpanCount) == [0, 0])
        #expect(reviews.map(\.seenSpanCount) == [1980, 20])
    }

    @Test func `the errors policy keeps exactly the traces with an error`() throws {
        let report = Self.simulate(try Self.tail([Self.policy("errors")]))
        let tail = try #require(report.stages.first)
        #expect(tail.name == "tail")
        #expect(tail.kept.traceCount == 40)
        #expect(tail.kept.errorTraceCount == 40)
        #expect(tail.kept.slowTraceCount == 0)
        #expect(tail.kept.estimate == nil)
        #expect(tail.policies.map(\.name) == ["errors", "none"])
        #expect(tail.policies.map(\.keptTraceCount) == [40, 0])
        #expect(tail.policies.map(\.droppedTraceCount) == [0, 1960])
    }

    @Test func `a latency policy loses no slow trace`() throws {
        let report = Self.simulate(try Self.tail([Self.policy("latency", [("over", .text("1s"))])]))
        let tail = try #require(report.stages.first)
        #expect(tail.kept.traceCount == 20)
        #expect(tail.kept.slowTraceCount == report.seen.slowTraceCount)
    }

    @Test func `no version starves where each has its number a minute, and one does where it has not`() throws {
        let perVersion = Self.policy("per-version", [("traces-per-minute", .text("3"))])
        let fair = try #require(Self.simulate(try Self.tail([perVersion])).stages.first)
        // 600 traces a minute, of which 6 meet the canary; the last minute has fewer.
        for version in fair.versions {
            let least = try #require(version.leastKeptPerMinute)
            let seen = try #require(version.seenInThatMinute)
            #expect(least >= min(3, seen), "\(version)")
        }
        let rare = Self.policy("probabilistic", [("percent", .text("0.5"))])
        let unfair = try #require(Self.simulate(try Self.tail([rare])).stages.first)
        let fewest = try #require(unfair.fewest)
        #expect(fewest.keptTraceCount == 0)
        #expect(fewest.minuteStartSeconds % 60 == 0)
    }

    @Test func `ages come one after the other, and one of each operation stays`() throws {
        let all = PolicyNode.keys([("until", .text("1h")), ("keep", .text("all"))])
        let some = PolicyNode.keys([
            ("until", .text("1d")),
            ("policies", .items([Self.policy("errors"), Self.policy("probabilistic", [("percent", .text("10"))])])),
        ])
        let few = PolicyNode.keys([
            ("policies", .items([Self.policy("errors")])), ("one-per", .text("operation-and-version")),
        ])
        let report = Self.simulate(try PolicyDocument.parse(.keys([("ageing", .items([all, some, few]))])))
        #expect(report.stages.map(\.name) == ["age up to 1h", "age 1h to 1d", "age over 1d"])
        #expect(report.stages[0].kept.traceCount == 2000)
        #expect(report.stages[1].kept.errorTraceCount == 40)
        #expect((120...320).contains(report.stages[1].kept.traceCount))
        let last = report.stages[2]
        let chosen = try #require(last.policies.first { $0.name == "one-per" })
        // Segments of 500 traces, each with front, reviews v1 and v3; what has an error is kept in any case.
        #expect((1...12).contains(chosen.keptTraceCount))
        #expect(last.kept.traceCount == 40 + chosen.keptTraceCount)
        #expect(last.policies.reduce(0) { $0 + $1.keptTraceCount + $1.droppedTraceCount } == 2000)
        #expect(last.versions.contains { $0.version == "v3" && $0.keptTraceCount > 0 })
    }

    @Test func `stored weights are told of`() {
        let simulation = SamplingSimulation(PolicyDocument())
        for number in 0..<100 {
            var span = SampleSpan(traceID: TraceID(high: 1, low: UInt64(number) << 32 | 0xff_ffff_ffff_ffff))
            span.threshold = SamplingThreshold(probability: 0.1).rejected
            simulation.add(Array(SpanBatch.of([span]).spans))
        }
        let report = simulation.finish(bytesPerSpan: nil)
        #expect(report.seen.estimate?.value == 1000)
        #expect(report.notes.contains { $0.contains("sampled themselves") })
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `odd spans are counted, none is lost`(seed: UInt64) throws {
        let document = try PolicyDocument.parse(
            .keys([
                ("percent", .text("50")),
                (
                    "tail",
                    .keys([
                        ("policies", .items([Self.policy("errors"), Self.policy("span-count", [("min", .text("3"))])]))
                    ])
                ),
                ("ageing", .items([.keys([("one-per", .text("operation-and-version"))])])),
            ]))
        var generator = SpanGenerator(seed: seed)
        let simulation = SamplingSimulation(document, segmentSpanCount: 100)
        var byTrace: [TraceID: [SpanView]] = [:]
        for span in generator.batch(spanCount: 3000).spans { byTrace[span.traceID, default: []].append(span) }
        for spans in byTrace.values { simulation.add(spans) }
        let report = simulation.finish(bytesPerSpan: 1)
        #expect(report.seen.traceCount == byTrace.count)
        #expect(report.seen.spanCount == 3000)
        let tail = try #require(report.stages.first { $0.name == "tail" })
        #expect(
            tail.policies.reduce(0) { $0 + $1.keptSpanCount + $1.droppedSpanCount } == report.stages[0].kept.spanCount)
        #expect(
            report.stages[2].policies.reduce(0) { $0 + $1.keptTraceCount + $1.droppedTraceCount }
                == tail.kept.traceCount)
    }
}
