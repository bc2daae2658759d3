import FoundationEssentials
import TestSupport
import Topology
import TraceModel

@testable import Releases

/// Answers to tell of.
enum SampleReport {
    static let service = "reviews.default"
    /// Text that every form would take for its own.
    static let hostile =
        "</td><script>alert(1)</script>|`*_[x](javascript:1) & \"'\u{202e}\u{1b}[31m\n# heading @all https://a.example"

    /// A version that fails more, and is three times slower.
    static let worse = report(operations: ["GET /reviews", "GET /health"])
    static let tooLittleData = report(operations: ["GET /reviews"], requests: 5)

    static func report(
        service: String = service, base: String = "v1", candidate: String = "v2", operations: [String],
        requests: Int = 400
    ) -> ComparisonReport {
        func party(_ service: String, _ version: String = "", _ operation: String = "") -> NamedTotals.Party {
            NamedTotals.Party(serviceName: service, namespace: "", version: version, operationName: operation)
        }
        func totals(_ milliseconds: ClosedRange<Double>, errors: Int) -> CallTotals {
            var totals = CallTotals()
            (totals.callCount, totals.errorCount) = (requests, errors)
            var generator = SeededGenerator(seed: 3)
            for _ in 0..<requests {
                totals.clientDurations.add(Int64(Double.random(in: milliseconds, using: &generator) * 1e6))
            }
            return totals
        }
        func served(_ version: String, _ operation: String, _ totals: CallTotals) -> NamedTotals {
            NamedTotals(
                kind: .operation, spanKind: .server, isMirrored: false, caller: party(""),
                callee: party(service, version, operation), totals: totals)
        }
        var counted = operations.flatMap { operation in
            [
                served(base, operation, totals(10...20, errors: 0)),
                served(candidate, operation, totals(30...60, errors: requests / 10)),
            ]
        }
        for version in [base, candidate] {
            counted.append(
                NamedTotals(
                    kind: .rpc, spanKind: .unspecified, isMirrored: false, caller: party("productpage.default"),
                    callee: party(service, version), totals: totals(10...20, errors: 1)))
        }
        counted.append(
            NamedTotals(
                kind: .rpc, spanKind: .unspecified, isMirrored: false, caller: party(service, candidate),
                callee: party("ratings.default"), totals: totals(1...2, errors: 0)))
        return ComparisonReport(
            ReleaseComparison(
                serviceName: service, base: base, candidate: candidate, totals: counted,
                window: 1_790_000_000_000_000_000..<1_790_003_600_000_000_000))
    }

    static func mirror(_ name: String = "503") -> ComparisonReport.Mirror {
        var mirror = ComparisonReport.Mirror(notes: ["a note on copies"])
        (mirror.pairCount, mirror.unpairedCount, mirror.agreeingCount) = (272, 3, 270)
        mirror.disagreements = [
            .init(base: "200", candidate: name, count: 2, traceIDs: ["0102030405060708090a0b0c0d0e0f10"])
        ]
        mirror.durationDifference = .init(p50: 5_100_000, low: -200_000, high: 9_000_000)
        mirror.repeatedCalls = [
            .init(service: name, operation: name, kind: "database", perRequest: 1, words: "\(name) is written twice")
        ]
        return mirror
    }

    static func evidence(_ name: String = "503") -> ComparisonReport.Evidence {
        func example(_ version: String, _ role: String) -> ComparisonReport.Evidence.Example {
            .init(
                version: version, role: role, operation: name, traceID: "0102030405060708090a0b0c0d0e0f10",
                spanID: "0102030405060708", startTime: 1_790_000_000_000_000_000, duration: 41_000_000,
                isError: role == "failed", url: name)
        }
        return ComparisonReport.Evidence(
            baseRequestCount: 400, candidateRequestCount: 398, isSampled: false,
            errorKinds: [
                .init(
                    key: "http.status_code", value: name, baseCount: 0, candidateCount: 40, base: 0, candidate: 0.1,
                    isNew: true, p: 0.0001, words: "\(name): 0 -> 10 % of the requests")
            ],
            attributes: [
                .init(
                    among: "slow", key: "zone", value: name, baseCount: 4, candidateCount: 30, base: 0.1,
                    candidate: 0.9, p: 0.001, words: "of the slow requests 90 % have zone \(name)")
            ],
            examples: [example("v1", "typical"), example("v2", "failed")],
            pairs: [
                .init(
                    operation: name, path: name, base: example("v1", "slow"), candidate: example("v2", "slow"),
                    differences: ["only v2 has \(name)"])
            ],
            notes: ["a note on evidence"])
    }
}
