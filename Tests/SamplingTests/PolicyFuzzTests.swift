import Sampling
import TestSupport
import Testing
import TraceModel

@Suite struct PolicyFuzzTests {
    /// Documents of known and unknown words in every place.
    private struct Writer {
        var random: SeededGenerator

        static let words = [
            "percent", "head", "tail", "ageing", "rules", "name", "service", "operation", "namespace", "version",
            "traces-per-second", "spans-per-second", "per", "wait", "policies", "policy", "type", "over", "of",
            "above-percentile", "codes", "key", "values", "matches", "min", "max", "query", "traces-per-minute",
            "share",
            "until", "keep", "one-per", "errors", "latency", "status", "attribute", "traceql", "span-count",
            "probabilistic", "rate-limit", "per-version", "and", "or", "not", "composite", "all",
            "operation-and-version",
            "error", "ok", "spans", "trace", "sampling",
        ]
        static let values = [
            "", "0", "1", "-1", "50", "100", "100.01", "1e400", "1e-400", "9223372036854775807", "99999999999999999999",
            "nan", "inf", "0x1p3", "%", "5%", "500ms", "1h30m", "9e18d", "1d1d", ".5s", "((", "a*b**", "*", "{ }",
            "{ status = error }", "é\u{301}\u{0}", "never",
        ]

        mutating func node(_ depth: Int) -> PolicyNode {
            switch Int.random(in: 0..<(depth > 5 ? 2 : 7), using: &random) {
            case 0: return .nothing(PolicyNode.place)
            case 1, 2: return .text(text())
            case 3: return .items((0..<Int.random(in: 0..<4, using: &random)).map { _ in node(depth + 1) })
            default:
                return .keys(
                    (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                        let key = Self.words.randomElement(using: &random) ?? ""
                        return (key, key == "type" ? .text(Self.words[32 + Int(random.next() % 13)]) : node(depth + 1))
                    })
            }
        }

        private mutating func text() -> String {
            (random.next() % 3 == 0 ? Self.words : Self.values).randomElement(using: &random) ?? ""
        }

        /// A document that is more likely to have a meaning.
        mutating func policy(_ depth: Int) -> PolicyNode {
            func one(_ choices: [String]) -> PolicyNode { .text(choices.randomElement(using: &random) ?? "") }
            let kinds = [
                "errors", "latency", "percentile", "status", "attribute", "span-count", "probabilistic", "rate-limit",
                "per-version", "traceql", "and", "or", "not", "composite",
            ]
            let kind = kinds[Int.random(in: 0..<(depth > 3 ? 10 : kinds.count), using: &random)]
            switch kind {
            case "latency": return .keys([("type", .text(kind)), ("over", one(["1ns", "1ms", "10s"]))])
            case "percentile": return .keys([("type", .text("latency")), ("above-percentile", one(["50", "99.9"]))])
            case "status": return .keys([("type", .text(kind)), ("codes", one(["ok", "error", "unset"]))])
            case "attribute":
                return .keys([("type", .text(kind)), ("key", one(["few", "x"])), ("matches", one(["v1", ".*"]))])
            case "span-count": return .keys([("type", .text(kind)), ("min", one(["0", "1", "5"]))])
            case "probabilistic": return .keys([("type", .text(kind)), ("percent", one(["0", "0.001", "50", "100"]))])
            case "rate-limit": return .keys([("type", .text(kind)), ("spans-per-second", one(["0.001", "7", "1e9"]))])
            case "per-version": return .keys([("type", .text(kind)), ("traces-per-minute", one(["1", "1000000"]))])
            case "traceql":
                return .keys([("type", .text(kind)), ("query", one(["{ }", "{ status = error } | count() > 2"]))])
            case "and", "or":
                return .keys([("type", .text(kind)), ("policies", .items((0..<3).map { _ in policy(depth + 1) }))])
            case "not": return .keys([("type", .text(kind)), ("policy", policy(depth + 1))])
            case "composite":
                let part = policy(depth + 1)
                guard case .map(let entries, let place) = part else { return part }
                let share = PolicyNode.Entry(key: "share", keyPlace: place, value: .text("40"))
                return .keys([
                    ("type", .text(kind)), ("traces-per-second", .text("3")),
                    ("policies", .items([.map(entries + [share], place)])),
                ])
            default: return .keys([("type", .text("errors"))])
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func `no document traps, and what is refused says where`(seed: UInt64) {
        var writer = Writer(random: SeededGenerator(seed: seed))
        for _ in 0..<3000 {
            do throws(PolicyError) {
                _ = try PolicyDocument.parse(writer.node(0))
            } catch {
                #expect(error.problems.allSatisfy { $0.hasPrefix("p.yaml:3:5: ") })
            }
        }
    }

    @Test(arguments: [UInt64(11), 12, 13]) func `no policy traps on any spans`(seed: UInt64) throws {
        var writer = Writer(random: SeededGenerator(seed: seed))
        var generator = SpanGenerator(seed: seed)
        var readCount = 0
        for _ in 0..<150 {
            let policies = PolicyNode.items((0..<3).map { _ in writer.policy(0) })
            let rule = PolicyNode.keys([
                ("version", .text("v*")), ("traces-per-second", .text("3")), ("per", .text("service")),
            ])
            let node = PolicyNode.keys([
                ("head", .keys([("rules", .items([rule]))])), ("tail", .keys([("policies", policies)])),
                ("ageing", .items([.keys([("policies", policies), ("one-per", .text("operation-and-version"))])])),
            ])
            let stateless = PolicyNode.keys([("tail", .keys([("policies", policies)]))])
            guard let document = (try? PolicyDocument.parse(node)) ?? (try? PolicyDocument.parse(stateless)) else {
                continue
            }
            readCount += 1
            let batch = generator.batch(spanCount: 60)
            let now = Int64.random(in: .min ... .max, using: &writer.random)
            let split = HeadSampler(document.head).split(batch, worker: .min, now: now)
            #expect((split.kept?.spanCount ?? 0) + (split.counted?.spanCount ?? 0) == 60)
            let traces = Dictionary(grouping: batch.spans, by: \.traceID).values
            if let tail = document.tail {
                let sampler = TailSampler(tail)
                for trace in traces {
                    let decision = sampler.decide(trace, now: now)
                    #expect(decision.isKept || decision.threshold > .all)
                }
            }
            guard !document.ageing.isEmpty else { continue }
            var sampler = AgeSampler(document.ageing, stage: 0)
            for trace in traces { sampler.survey(trace) }
            for trace in traces { _ = sampler.decide(trace) }
        }
        #expect(readCount > 30, "\(readCount) of 150 documents have a meaning")
    }
}
