/// What matters in a comparison, and how sure it has to be.
public struct VerdictThresholds: Hashable, Sendable {
    /// The smallest difference in the share of errors that matters: 0.01 is one request in a hundred.
    public var errorShare = 0.01
    /// The smallest change of a duration that matters, as a part of it: 0.1 is 10 %. Bins take 2 to 4 % of it.
    public var durationPart = 0.1
    /// In nanoseconds; a change of less never matters.
    public var durationDifference: Int64 = 1_000_000
    /// Of no false "worse" (and of no false "better") about a service, in all its operations, at all looks together.
    public var confidence = 0.95
    /// With what probability the requests that are said to be needed decide.
    public var power = 0.8
    /// The quantiles of durations that are compared.
    public var quantiles = [0.5, 0.95, 0.99]
    /// The quantiles that have to be the same for a version to be: the far ones need very many requests.
    public var decidingQuantiles = [0.5, 0.95]

    public init() {}

    /// Allowed probability of error.
    var level: Double { 1 - confidence }
}

/// How a candidate is, against its base.
public enum Outcome: String, Hashable, Sendable {
    case better
    /// Shown to be: what the true difference may be is less than what matters.
    case same
    case worse
    case tooLittleData
}

/// What is compared.
public enum Measure: Hashable, Sendable {
    /// The share of requests that failed.
    case errors
    /// The duration that the given part of the requests does not exceed.
    case duration(quantile: Double)

    /// `errors`, `p95`, `p99.9`.
    public var words: String {
        switch self {
        case .errors: "errors"
        case .duration(let part): "p" + NumberWords.plain(part * 100)
        }
    }
}
