import Comparison
import Foundation
import TestSupport
import TraceModel

/// Requests of an operation as they might come: some fail, durations are spread log-normally.
struct SyntheticOperation {
    var name = "GET /reviews"
    var errorShare = 0.0
    var medianMilliseconds = 20.0
    /// Standard deviation of the duration's natural logarithm.
    var spread = 0.5
    /// How many times more often than an operation of weight 1 it is asked for.
    var weight = 1.0
}

/// What two versions did so far, in each operation.
struct SyntheticTraffic {
    private(set) var figures: [(base: Counts, candidate: Counts)]
    let operations: [SyntheticOperation]
    private let weightSum: Double

    struct Counts {
        var requests = 0
        var errors = 0
        var durations = DurationSketch()

        mutating func add(isFailed: Bool, _ duration: Int64) {
            requests += 1
            if isFailed { errors += 1 }
            durations.add(duration)
        }

        var figures: RequestFigures { RequestFigures(requests: requests, errors: errors, durations: durations) }
    }

    init(_ operations: [SyntheticOperation]) {
        self.operations = operations
        figures = operations.map { _ in (Counts(), Counts()) }
        weightSum = operations.reduce(0) { $0 + $1.weight }
    }

    /// - Parameters:
    ///   - slowdown: times the durations.
    ///   - failing: share of the requests that fail besides.
    mutating func add(
        _ count: Int, toCandidate: Bool, slowdown: Double = 1, failing: Double = 0, _ generator: inout SeededGenerator
    ) {
        for _ in 0..<count {
            var place = Double.random(in: 0..<weightSum, using: &generator)
            let index = operations.firstIndex { operation in
                place -= operation.weight
                return place < 0
            }
            let operation = operations[index ?? 0]
            let duration =
                operation.medianMilliseconds * 1e6 * slowdown
                * exp(operation.spread * normal(&generator))
            let isFailed = Double.random(in: 0..<1, using: &generator) < operation.errorShare + failing
            if toCandidate {
                figures[index ?? 0].candidate.add(isFailed: isFailed, Int64(duration))
            } else {
                figures[index ?? 0].base.add(isFailed: isFailed, Int64(duration))
            }
        }
    }

    private func normal(_ generator: inout SeededGenerator) -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }

    var operationFigures: [OperationFigures] {
        zip(operations, figures).map {
            OperationFigures($0.name, base: $1.base.figures, candidate: $1.candidate.figures)
        }
    }

    func verdict(_ thresholds: VerdictThresholds = .init()) -> Verdict {
        Verdict(base: "v1", candidate: "v2", operations: operationFigures, thresholds: thresholds)
    }
}

enum Torture {
    /// Whether the long runs are wanted.
    static let isOn = ProcessInfo.processInfo.environment["SKEIN_TORTURE"] == "1"
}
