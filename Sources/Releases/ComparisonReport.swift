internal import Comparison
internal import Topology
internal import TraceModel

/// A comparison of two versions as the query API tells of it. Durations are nanoseconds, shares from 0 to 1.
public struct ComparisonReport: Codable, Sendable, Equatable {
    public struct Interval: Codable, Sendable, Equatable {
        public var low: Double
        public var high: Double

        init(_ range: ClosedRange<Double>) {
            low = range.lowerBound
            high = range.upperBound
        }
    }

    public struct Finding: Codable, Sendable, Equatable {
        /// Nil: all operations together.
        public var operation: String?
        /// `errors`, or a quantile such as `p95`.
        public var measure: String
        public var outcome: String
        /// Of a false finding, adjusted for all that was looked at.
        public var p: Double
        public var words: String
    }

    public struct Need: Codable, Sendable, Equatable {
        public var operation: String?
        public var measure: String
        public var requestCount: Int
        public var words: String
    }

    public struct Errors: Codable, Sendable, Equatable {
        public var base: Double
        public var candidate: Double
        public var baseInterval: Interval
        public var candidateInterval: Interval
        public var differenceInterval: Interval
        public var outcome: String
    }

    public struct Duration: Codable, Sendable, Equatable {
        public var value: Int64
        public var low: Int64
        /// Nil: too few durations bound it.
        public var high: Int64?

        init(_ estimate: DurationEstimate) {
            value = estimate.value
            low = estimate.lower
            high = estimate.upper
        }
    }

    public struct Quantile: Codable, Sendable, Equatable {
        public var name: String
        public var base: Duration
        public var candidate: Duration
        public var outcome: String
    }

    /// The durations of two versions in the same columns, each so many times as long as the one before.
    public struct Durations: Codable, Sendable, Equatable {
        /// Between the columns, ascending: one more than there are columns.
        public var bounds: [Int64]
        /// By column, parts of all durations of a version.
        public var base: [Double]
        public var candidate: [Double]

        init(_ histogram: DurationHistogram) {
            bounds = histogram.bounds.map { Int64(exactly: $0.rounded()) ?? .max }
            (base, candidate) = (histogram.base.map(Self.rounded), histogram.candidate.map(Self.rounded))
        }

        private static func rounded(_ part: Double) -> Double { (part * 100_000).rounded() / 100_000 }
    }

    public struct Operation: Codable, Sendable, Equatable {
        public var operation: String?
        public var baseRequestCount: Int
        public var candidateRequestCount: Int
        public var outcome: String
        public var errors: Errors
        public var quantiles: [Quantile]
        /// How probable it is that a request of the candidate takes longer than one of the base.
        public var superiority: Double
        /// Of the operations with the most requests.
        public var durations: Durations?
    }

    public struct Figures: Codable, Sendable, Equatable {
        public var callCount: Int
        public var errorCount: Int
        public var retryCount: Int
        public var p50: Int64?
        public var p95: Int64?
        /// Of estimates: where the true figures lie (95 %, at one look).
        public var errorInterval: Interval?
        public var p50Interval: Duration?
        public var p95Interval: Duration?

        init(_ figures: CallFigures) {
            callCount = figures.callCount
            errorCount = figures.errorCount
            retryCount = figures.retryCount
            p50 = figures.durations.quantile(0.5)
            p95 = figures.durations.quantile(0.95)
            errorInterval = (figures.bounds?.errorShare).map { Interval($0) }
            p50Interval = (figures.bounds?.p50).map { Duration($0) }
            p95Interval = (figures.bounds?.p95).map { Duration($0) }
        }
    }

    public struct Caller: Codable, Sendable, Equatable {
        public var service: String
        public var base: Figures
        public var candidate: Figures
    }

    public struct Callee: Codable, Sendable, Equatable {
        public var service: String
        public var kind: String
        public var change: String
        public var basePerRequest: Double
        public var candidatePerRequest: Double
        public var base: Figures
        public var candidate: Figures
        /// Of estimates: where the parts of the requests lie that have the version make such calls (95 %, at one look).
        public var baseCallingInterval: Interval?
        public var candidateCallingInterval: Interval?
    }

    public var service: String
    public var base: String
    public var candidate: String
    public var window: ReleaseReport.Window
    /// `better`, `same`, `worse` or `tooLittleData`.
    public var outcome: String
    /// The figures are of every request, not of those that were stored.
    public var isExact: Bool
    public var isMirrored: Bool
    /// The candidate's part of the requests of both.
    public var share: Double
    public var shareInterval: Interval
    public var reasons: [Finding]
    public var needs: [Need]
    public var total: Operation
    public var operations: [Operation]
    public var callers: [Caller]
    public var callees: [Callee]
    public var timeline: Timeline?
    public var thresholds: Thresholds?
    public var notes: [String]
    /// Nil if it was not asked for.
    public var evidence: Evidence?
    /// Nil if that was not asked for, or if the candidate is sent no copies of requests.
    public var mirror: Mirror?

    /// Of more operations no distributions are told: they would be most of the answer.
    private static let pictureCountMax = 8

    public init(_ comparison: ReleaseComparison) {
        service = comparison.serviceName
        base = comparison.base
        candidate = comparison.candidate
        window = ReleaseReport.Window(comparison.window)
        outcome = comparison.verdict.outcome.rawValue
        isExact = comparison.isExact
        isMirrored = comparison.isMirrored
        share = comparison.share.value
        shareInterval = Interval(comparison.share.interval())
        reasons = comparison.verdict.reasons.map { reason in
            Finding(
                operation: reason.operation, measure: reason.measure.words, outcome: reason.outcome.rawValue,
                p: reason.p, words: reason.words)
        }
        needs = comparison.verdict.needs.map { need in
            Need(
                operation: need.operation, measure: need.measure.words, requestCount: need.requests,
                words: need.words)
        }
        total = Operation(comparison.verdict.total, hasDurations: true)
        operations = comparison.verdict.operations.enumerated().map { place, operation in
            Operation(operation, hasDurations: place < Self.pictureCountMax)
        }
        callers = comparison.callers.map { caller in
            Caller(
                service: caller.serviceName, base: Figures(caller.base), candidate: Figures(caller.candidate))
        }
        callees = comparison.callees.map { callee in
            Callee(
                service: callee.serviceName, kind: callee.kind.word, change: callee.change.rawValue,
                basePerRequest: callee.basePerRequest, candidatePerRequest: callee.candidatePerRequest,
                base: Figures(callee.base), candidate: Figures(callee.candidate),
                baseCallingInterval: callee.baseCalling.map { Interval($0) },
                candidateCallingInterval: callee.candidateCalling.map { Interval($0) })
        }
        notes = comparison.notes
    }
}

extension ComparisonReport.Operation {
    init(_ comparison: OperationComparison, hasDurations: Bool) {
        operation = comparison.operation
        baseRequestCount = comparison.baseRequests
        candidateRequestCount = comparison.candidateRequests
        outcome = comparison.outcome.rawValue
        let errors = comparison.errors
        self.errors = ComparisonReport.Errors(
            base: errors.base.value, candidate: errors.candidate.value,
            baseInterval: .init(errors.baseInterval), candidateInterval: .init(errors.candidateInterval),
            differenceInterval: .init(errors.differenceInterval), outcome: errors.outcome.rawValue)
        quantiles = comparison.quantiles.map { quantile in
            ComparisonReport.Quantile(
                name: Measure.duration(quantile: quantile.part).words, base: .init(quantile.base),
                candidate: .init(quantile.candidate), outcome: quantile.outcome.rawValue)
        }
        superiority = comparison.distribution.superiority
        if hasDurations { durations = comparison.histogram().map { ComparisonReport.Durations($0) } }
    }
}
