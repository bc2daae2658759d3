import Comparison
import Foundation
import TestSupport
import TraceModel

@testable import Comparison

/// A question on statistics as `Tests/Peers/judge_statistics.py` takes it, with the judge's answer if there is one.
struct JudgedQuestion: Codable, CustomStringConvertible {
    enum Argument: Codable {
        case number(Double)
        case numbers([Double])
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else if let numbers = try? value.decode([Double].self) {
                self = .numbers(numbers)
            } else {
                self = .text(try value.decode(String.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .number(let number): try value.encode(number)
            case .numbers(let numbers): try value.encode(numbers)
            case .text(let text): try value.encode(text)
            }
        }
    }

    let arguments: [String: Argument]

    init(
        _ ask: String, _ numbers: [String: Double] = [:], lists: [String: [Double]] = [:], text: [String: String] = [:]
    ) {
        arguments = numbers.mapValues { .number($0) }
            .merging(lists.mapValues { .numbers($0) }) { first, _ in first }
            .merging(text.mapValues { .text($0) }) { first, _ in first }
            .merging(["ask": .text(ask)]) { first, _ in first }
    }

    init(from decoder: any Decoder) throws {
        arguments = try decoder.singleValueContainer().decode([String: Argument].self)
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(arguments)
    }

    var ask: String { text("ask") }
    var answer: [Double] { numbers("answer") }

    var description: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(arguments)).map { String(decoding: $0, as: UTF8.self) } ?? ask
    }

    func number(_ key: String) -> Double {
        if case .number(let number)? = arguments[key] { number } else { .nan }
    }

    func numbers(_ key: String) -> [Double] {
        if case .numbers(let numbers)? = arguments[key] { numbers } else { [] }
    }

    func text(_ key: String) -> String {
        if case .text(let text)? = arguments[key] { text } else { "" }
    }
}

extension JudgedQuestion {
    private var own: Share { Share(count: number("count"), total: number("total")) }
    private var base: Share { Share(count: number("base_count"), total: number("base_total")) }
    private var confidence: Double { number("confidence") }
    private var alternative: Alternative { Alternative(rawValue: text("alternative")) ?? .different }

    /// The same values so many times each; milliseconds that are bounds of bins.
    private func durations(_ counts: String) -> DurationDistribution {
        var sketch = DurationSketch()
        for (value, count) in zip(numbers("values"), numbers(counts)) where count > 0 {
            sketch.add(Int64(value * 1e6), times: Int(count))
        }
        return DurationDistribution(sketch)
    }

    /// What this project answers; nil to a question that it does not know.
    func ownAnswer() -> [Double]? {
        switch ask {
        case "share_interval": bounds(own.interval(confidence: confidence))
        case "wilson_interval": bounds(own.wilsonInterval(confidence: confidence))
        case "share_difference": bounds(own.difference(from: base, confidence: confidence))
        case "fisher":
            [
                FisherTest(base: base, candidate: own).p(alternative),
                FisherTest(base: base, candidate: own).midP(alternative),
            ]
        case "mann_whitney", "smirnov": rankSum()
        case "quantile_ranks": ranks()
        case "share_sequence": sequence()
        case "superiority_interval": superiority()
        case "g_test":
            gTest(Share(count: number("others_count"), total: number("others_total")))
        case "benjamini_hochberg": MultipleComparisons.benjaminiHochberg(numbers("probabilities"))
        default: distribution().map { [$0] }
        }
    }

    private func distribution() -> Double? {
        switch ask {
        case "chi_squared_above":
            Distributions.chiSquaredAbove(number("value"), degreesOfFreedom: Int(number("degrees")))
        case "normal_quantile": Distributions.normalQuantile(number("part"))
        case "beta_part": SpecialFunctions.beta(number("x"), number("a"), number("b"))
        case "beta_quantile": SpecialFunctions.betaQuantile(number("part"), number("a"), number("b"))
        case "kolmogorov_above": Distributions.kolmogorovAbove(number("x"))
        default: nil
        }
    }

    private func bounds(_ range: ClosedRange<Double>) -> [Double] { [range.lowerBound, range.upperBound] }

    private func rankSum() -> [Double] {
        let test = RankSumTest(base: durations("base_counts"), candidate: durations("counts"))
        return ask == "smirnov" ? [test.distance, test.distanceP] : [test.p(alternative), test.superiority]
    }

    private func ranks() -> [Double] {
        let total = number("total")
        let ranks = DurationDistribution.ranks(number("part"), of: total, confidence: confidence)
        return [ranks.lower ?? 0, ranks.upper ?? total + 1]
    }

    private func sequence() -> [Double] {
        let sequence = ShareSequence(base: base, candidate: own)
        return [sequence.logEvidence(.greater)] + bounds(sequence.difference(confidence: confidence))
            + bounds(ShareSequence.interval(own, confidence: confidence))
    }

    private func superiority() -> [Double] {
        bounds(
            RankSumTest.superiorityInterval(
                number("superiority"), baseTotal: number("base_total"), candidateTotal: number("total"),
                confidence: confidence))
    }

    private func gTest(_ others: Share) -> [Double] {
        let statistic = ContingencyTable(own, others).likelihoodRatio
        return [statistic, Distributions.chiSquaredAbove(statistic, degreesOfFreedom: 1)]
    }
}
