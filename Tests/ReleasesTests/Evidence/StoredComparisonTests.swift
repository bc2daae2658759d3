import Comparison
import Foundation
import TestSupport
import Testing
import TraceModel
import TraceStore

@testable import Releases

/// Comparisons by stored requests.
@Suite struct StoredComparisonTests {
    private static func compare(_ store: RequestStore, _ service: String = "shop") throws -> ReleaseComparison {
        ReleaseComparison(
            try StoredRequestPair(
                of: service, base: "v1", candidate: "v2", within: 0..<Int64.max, from: store.store, limits: .ample,
                QueryWork()))
    }

    @Test func `of a recording it counts what the recording's truth says`() throws {
        let comparison = try Self.compare(RequestStore(recording: "bookinfo"), "reviews.default")
        #expect(!comparison.isExact)
        #expect(comparison.candidateCount == 132)
        #expect(comparison.verdict.total.errors.candidate.value == 11.0 / 132)
        #expect(comparison.verdict.total.errors.base.value == 0)
        #expect(comparison.verdict.outcome == .worse)
        #expect(!ComparisonReport(comparison).isExact)
        #expect(comparison.notes.contains { $0.contains("stored requests") })
    }

    @Test func `weights give back what sampling left out, and make it less sure`() throws {
        var generator = SeededGenerator(seed: 11)
        // All that failed are kept, of the others one in ten.
        func request(_ number: Int, isError: Bool, _ probability: Double) -> MadeRequest {
            MadeRequest(
                version: number.isMultiple(of: 2) ? "v1" : "v2", time: Double(number) / 10,
                milliseconds: Double.random(in: 8...12, using: &generator), isError: isError,
                attributes: ["http.status_code": isError ? "500" : "200"], probability: probability)
        }
        var all: [MadeRequest] = []
        var kept: [MadeRequest] = []
        for number in 0..<20_000 {
            let isError = number % 100 == 1
            let own = request(number, isError: isError, 1)
            all.append(own)
            if isError || Int.random(in: 0..<10, using: &generator) == 0 {
                var sampled = own
                sampled.probability = isError ? 1 : 0.1
                kept.append(sampled)
            }
        }
        let whole = try Self.compare(RequestStore(all))
        let sampled = try Self.compare(RequestStore(kept))
        #expect(whole.candidateCount == 10_000)
        #expect(abs(sampled.candidateCount - 10_000) < 1_200)
        let (exact, estimate) = (whole.verdict.total.errors, sampled.verdict.total.errors)
        #expect(exact.candidate.value == 0.02)
        #expect(estimate.candidateInterval.contains(0.02))
        func width(_ interval: ClosedRange<Double>) -> Double { interval.upperBound - interval.lowerBound }
        #expect(width(estimate.candidateInterval) > width(exact.candidateInterval))
        #expect(width(sampled.share.interval()) > width(whole.share.interval()))
        #expect(sampled.share.interval().contains(0.5))
        let pair = try StoredRequestPair(
            of: "shop", base: "v1", candidate: "v2", within: 0..<Int64.max, from: RequestStore(kept).store,
            limits: .ample, QueryWork())
        let evidence = ComparisonReport.Evidence(pair)
        #expect(evidence.isSampled)
        // Nearly one in five of those that are stored.
        let kind = try #require(evidence.errorKinds.first)
        #expect(kind.candidateCount == 200 && abs(kind.candidate - 0.02) < 0.003)
        #expect(kind.words.hasSuffix("none of \(evidence.baseRequestCount) requests of v1: new"))
        #expect(kind.words.contains("(200 of \(evidence.candidateRequestCount) requests, weighted)"))
        #expect(sampled.notes.contains { $0.contains("sampling") })
    }

    @Test func `weights beyond any number of requests do no harm`() throws {
        let requests = (0..<400).map { (number: Int) -> MadeRequest in
            var request = MadeRequest(version: number.isMultiple(of: 2) ? "v1" : "v2", time: Double(number))
            request.isError = number % 7 == 0
            request.probability = number % 5 == 0 ? 0x1p-50 : 1
            return request
        }
        let comparison = try Self.compare(RequestStore(requests))
        #expect(comparison.baseCount > 1_000_000_000 && comparison.candidateCount > 1_000_000_000)
        #expect(comparison.verdict.outcome != .worse)
    }

    @Test func `a version three times slower is worse by stored requests too`() throws {
        var generator = SeededGenerator(seed: 5)
        let requests = (0..<600).map { number in
            let version = number.isMultiple(of: 2) ? "v1" : "v2"
            return MadeRequest(
                version: version, time: Double(number),
                milliseconds: Double.random(in: 20...40, using: &generator) * (version == "v2" ? 3 : 1),
                probability: 0.5)
        }
        let comparison = try Self.compare(RequestStore(requests))
        #expect(comparison.verdict.outcome == .worse)
        #expect(comparison.baseCount == 600)
        let words = try #require(comparison.verdict.reasons.first).words
        #expect(words.contains("v2 slower on GET /items"))
    }

    @Test func `the share is of the time that the requests of both were read of`() throws {
        // Nine in ten are the base's.
        let requests = (0..<10_000).map { number in
            MadeRequest(version: number % 10 == 9 ? "v2" : "v1", time: Double(number))
        }
        let store = try RequestStore(requests)
        var limits = StoredRequestLimits.ample
        limits.requestCountMax = 1_000
        let pair = try StoredRequestPair(
            of: "shop", base: "v1", candidate: "v2", within: 0..<Int64.max, from: store.store, limits: limits,
            QueryWork())
        let comparison = ReleaseComparison(pair)
        #expect(comparison.share.interval().contains(0.1))
        #expect(abs(comparison.baseCount - 9_000) < 500)
        #expect(comparison.candidateCount == 1_000)
    }

    /// How requests of two labels are sampled: the probability that one is kept.
    enum Sampler: CaseIterable {
        case failedAndSomeOthers, versionsDifferently

        func probability(isCandidate: Bool, isError: Bool) -> Double {
            switch self {
            case .failedAndSomeOthers: isError ? 1 : 0.1
            case .versionsDifferently: isCandidate ? 1 : 0.2
            }
        }
    }

    @Test(arguments: Sampler.allCases)
    func `one version under two labels, sampled and looked at often, is hardly ever called worse`(sampler: Sampler) {
        let isLong = ProcessInfo.processInfo.environment["SKEIN_TORTURE"] == "1"
        let (repetitions, looks, requestsPerLook) = (isLong ? 1_000 : 20, isLong ? 60 : 12, 100)
        var generator = SeededGenerator(seed: 21)
        var names = RequestNames()
        let operation = names.number(of: "GET /")
        var (worse, better) = (0, 0)
        for _ in 0..<repetitions {
            var (base, candidate) = (StoredRequests(version: "v1"), StoredRequests(version: "v2"))
            var outcomes: Set<Outcome> = []
            for look in 0..<looks {
                for number in 0..<requestsPerLook {
                    let isCandidate = Bool.random(using: &generator)
                    let isError = Int.random(in: 0..<50, using: &generator) == 0
                    let milliseconds = -20 * log(1 - Double.random(in: 0..<1, using: &generator))
                    let probability = sampler.probability(isCandidate: isCandidate, isError: isError)
                    guard Double.random(in: 0..<1, using: &generator) < probability else { continue }
                    let request = StoredRequests.Request(
                        traceID: TraceID(high: 0, low: UInt64(number + 1)), spanID: SpanID(1), start: Int64(look),
                        duration: Int64(milliseconds * 1e6), isError: isError, samplingWeight: 1 / probability,
                        weight: 1 / probability, operation: operation, commonOperation: operation, path: 0, url: 0,
                        firstFeature: 0, errorKindCount: 0, featureCount: 0)
                    if isCandidate { candidate.requests.append(request) } else { base.requests.append(request) }
                }
                let pair = StoredRequestPair(
                    serviceName: "shop", window: 0..<Int64(looks), base: base, candidate: candidate, names: names,
                    isSampled: true)
                outcomes.insert(ReleaseComparison(pair).verdict.outcome)
            }
            worse += outcomes.contains(.worse) ? 1 : 0
            better += outcomes.contains(.better) ? 1 : 0
        }
        print("\(sampler), seed 21: of \(repetitions) worse \(worse), better \(better)")
        // More would be seen once in 10,000 times if 5 % were true.
        let mean = 0.05 * Double(repetitions)
        let most = isLong ? repetitions / 20 : Int(mean + 3.7 * (mean * 0.95).squareRoot())
        #expect(worse <= most && better <= most)
    }
}
