import Sampling
import TestSupport
import Testing
import TraceModel

/// Adaptive sampling: what is counted, and how soon the probabilities reach the target.
@Suite struct RemoteRatesTests {
    // MARK: Simulated services

    /// How a service's SDK tells by which probability a trace was chosen.
    enum Telling: CaseIterable {
        case tags, texts, traceState, nothing
    }

    /// SDKs of one operation: traces that begin by chance, sampled by what was told, some rounds late.
    private struct Service {
        let rates: OperationRates
        let target: Double
        let telling: Telling
        let delay: Int
        var random: SeededGenerator
        /// The last one is in force.
        var told: [Double]
        var now: Int64 = 1_790_000_000_000_000_000

        init(
            target: Double, initial: Double, telling: Telling = .tags, delay: Int = 0, random: SeededGenerator
        ) {
            self.target = target
            self.telling = telling
            self.delay = delay
            self.random = random
            told = [initial]
            rates = OperationRates(target: target, initialProbability: initial, now: now)
        }

        /// Of what is told now.
        var probability: Double {
            let operations = rates.strategy(of: "shop", now: now).operations
            return operations?.operations.first?.probability ?? operations?.defaultProbability ?? 0
        }

        /// Lets a minute pass, and has the SDKs ask.
        mutating func runMinute(tracesPerSecond: Double) {
            let inForce = told[max(told.count - 1 - delay, 0)]
            let mean = tracesPerSecond * inForce * 60
            // Chance as the sum of many uniform numbers has it; small means are drawn one by one.
            let count: Int
            if mean > 50 {
                let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
                count = max(Int((mean + normal * mean.squareRoot()).rounded()), 0)
            } else {
                count = (0..<1000).count { _ in Double.random(in: 0..<1, using: &random) < mean / 1000 }
            }
            for start in stride(from: 0, to: count, by: 5000) {
                rates.note(RemoteRatesTests.batch(min(5000, count - start), inForce, telling), now: now + 1)
            }
            now += 60_000_000_000
            told.append(probability)
        }

        /// Minutes until the sampled rate stays within a tenth of the target for five of them on average.
        mutating func minutesUntilReached(tracesPerSecond: Double, limit: Int = 60) -> Int? {
            var sampled: [Double] = []
            for minute in 1...limit {
                runMinute(tracesPerSecond: tracesPerSecond)
                sampled.append(probability * tracesPerSecond)
                let last = sampled.suffix(5)
                let mean = last.reduce(0, +) / Double(last.count)
                if last.count == 5, abs(mean / target - 1) < 0.1, last.allSatisfy({ abs($0 / target - 1) < 0.2 }) {
                    return minute
                }
            }
            return nil
        }
    }

    /// Spans that begin a trace each, with a child each.
    private static func batch(
        _ count: Int, _ probability: Double, _ telling: Telling, service: String = "shop", operation: String = "GET /"
    ) -> SpanBatch {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        let rejected = SamplingThreshold(probability: probability).rejected
        let digits = String(rejected, radix: 16)
        let threshold = String(repeating: "0", count: 14 - digits.count) + digits
        for number in 0..<count {
            for isChild in [false, true] {
                builder.beginSpan()
                builder.traceID = TraceID(high: 1, low: UInt64(number) + 1)
                builder.spanID = UInt64(number) * 2 + (isChild ? 2 : 1)
                builder.parentID = isChild ? builder.spanID - 1 : 0
                builder.serviceName = intern(service)
                builder.operationName = intern(operation)
                let (type, param) = (intern("sampler.type"), intern("sampler.param"))
                switch telling {
                case .tags:
                    builder.addAttribute(key: type, string: intern("probabilistic"))
                    builder.addAttribute(key: param, double: probability)
                case .texts:
                    builder.addAttribute(key: type, string: intern("probabilistic"))
                    builder.addAttribute(key: param, string: intern("\(probability)"))
                case .traceState:
                    builder.setField(.traceState, reference: intern("a=b, ot=rv:00000000000000;th:\(threshold)"))
                case .nothing: break
                }
                builder.endSpan()
            }
        }
        return builder.makeBatch()
    }

    // MARK: Tests

    @Test(arguments: Telling.allCases, [0.001, 1]) func `the target is reached from both ends`(
        telling: Telling, initial: Double
    ) throws {
        let seed = UInt64.random(in: .min ... .max)
        var service = Service(
            target: 2, initial: initial, telling: telling, delay: telling == .nothing ? 1 : 0,
            random: SeededGenerator(seed: seed))
        let first = service.minutesUntilReached(tracesPerSecond: 50)
        #expect(try #require(first, "seed \(seed)") <= 40, "seed \(seed)")
        // A jump to twenty times the traces, and back.
        let more = service.minutesUntilReached(tracesPerSecond: 1000)
        #expect(try #require(more, "seed \(seed)") <= 40, "seed \(seed)")
        let fewer = service.minutesUntilReached(tracesPerSecond: 50)
        #expect(try #require(fewer, "seed \(seed)") <= 40, "seed \(seed)")
    }

    @Test func `what SDKs tell makes the target come in a round, when there is too much`() {
        var service = Service(target: 1, initial: 1, random: SeededGenerator(seed: 7))
        service.runMinute(tracesPerSecond: 500)
        #expect(abs(service.probability * 500 - 1) < 0.1)
    }

    @Test func `operations with fewer traces than wanted are sampled whole, silent ones more and more`() {
        var service = Service(target: 5, initial: 0.01, random: SeededGenerator(seed: 11))
        for _ in 0..<10 { service.runMinute(tracesPerSecond: 3) }
        #expect(service.probability == 1)
        var silent = Service(target: 1, initial: 1, random: SeededGenerator(seed: 12))
        silent.runMinute(tracesPerSecond: 1000)
        let few = silent.probability
        #expect(few < 0.002)
        for _ in 0..<8 { silent.runMinute(tracesPerSecond: 0) }
        #expect(silent.probability > few * 50)
        // After an hour nothing is known of it.
        for _ in 0..<60 { silent.runMinute(tracesPerSecond: 0) }
        #expect(silent.rates.operationCount == 0 && silent.probability == 1)
    }

    @Test func `a probability stays within its bounds`() {
        var service = Service(target: 0.001, initial: 1, random: SeededGenerator(seed: 13))
        for _ in 0..<3 { service.runMinute(tracesPerSecond: 2000) }
        #expect(service.probability >= 1e-5)
        let strategy = service.rates.strategy(of: "shop", now: service.now)
        #expect(strategy.operations?.lowerBound == 0.001)
    }

    @Test func `an operation begins with the probability that its SDKs still use`() {
        let rates = OperationRates(target: 1, initialProbability: 1, now: 0)
        rates.note(Self.batch(3, 0.01, .tags), now: 1)
        let known = rates.strategy(of: "shop", now: 2)
        #expect(known.rule == .probabilistic(1))
        #expect(known.operations?.operations == [.init(name: "GET /", probability: 0.01)])
        #expect(known.operations?.lowerBound == OperationRates.lowerBound)
        let unknown = rates.strategy(of: "other", now: 2)
        #expect(unknown.operations == OperationStrategies(defaultProbability: 1, lowerBound: OperationRates.lowerBound))
    }

    @Test func `a clock that is set back starts a round anew`() {
        let rates = OperationRates(target: 1, initialProbability: 1, now: 1_000_000_000_000)
        // A clock may be set to anything, and back: no time is to trap.
        for now in [Int64.min, Int64.max, 0, 60_000_000_000] {
            rates.note(Self.batch(600, 1, .tags), now: now)
        }
        let operations = rates.strategy(of: "shop", now: 60_000_000_000).operations?.operations
        #expect((operations?.first?.probability ?? 0) < 1)
    }

    @Test func `the number of operations is bounded, and the least used are forgotten`() {
        let rates = OperationRates(target: 1, initialProbability: 1, now: 0, operationCountMax: 80)
        rates.note(Self.batch(50, 1, .tags, operation: "busy"), now: 1)
        for number in 0..<1000 {
            rates.note(Self.batch(1, 1, .tags, operation: "rare \(number)"), now: 1)
            #expect(rates.operationCount <= 80)
        }
        let names = rates.strategy(of: "shop", now: 2).operations?.operations.map(\.name) ?? []
        #expect(names.contains("busy") && names.contains("rare 999"))
        let long = String(repeating: "x", count: 600)
        rates.note(Self.batch(1, 1, .tags, operation: long), now: 3)
        #expect(rates.strategy(of: "shop", now: 3).operations?.operations.contains { $0.name == long } == false)
    }

    @Test func `an answer has the operations with most traces`() {
        let rates = OperationRates(target: 1, initialProbability: 1, interval: 1_000, now: 0)
        let count = OperationRates.answeredOperationCountMax + 50
        for number in 0..<count {
            rates.note(Self.batch(number < 50 ? 1 : 2, 1, .tags, operation: "\(number)"), now: 1)
        }
        let operations = rates.strategy(of: "shop", now: 2_000).operations?.operations ?? []
        #expect(operations.count == OperationRates.answeredOperationCountMax)
        #expect(operations.allSatisfy { (Int($0.name) ?? 0) >= 50 })
    }

    @Test(arguments: [UInt64.random(in: .min ... .max), 5]) func `spans of every kind are counted without harm`(
        seed: UInt64
    ) {
        var generator = SpanGenerator(seed: seed)
        let rates = OperationRates(target: 1, initialProbability: 0.5, now: 0)
        for round in 0..<20 { rates.note(generator.batch(spanCount: 500), now: Int64(round) * 30_000_000_000) }
        #expect(rates.operationCount > 0, "seed \(seed)")
        for service in ["a.default", "b.default", "", "cé"] {
            let strategy = rates.strategy(of: service, now: 600_000_000_000)
            for operation in strategy.operations?.operations ?? [] {
                #expect(operation.probability >= 1e-5 && operation.probability <= 1, "seed \(seed)")
            }
        }
    }
}
