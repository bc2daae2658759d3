internal import QueryLanguage
internal import TraceModel

/// What stays of the traces that are complete, as far as one can tell.
public struct TailPolicy: Sendable {
    /// Nanoseconds without a further span after which a trace is taken for complete.
    public let wait: Int64
    /// Those that keep traces; what none of them keeps is left out.
    let policies: [Policy]

    struct Policy: Sendable {
        var name: String
        var rule: Rule
    }

    /// A test of a whole trace, or what is left of such.
    indirect enum Rule: Sendable {
        case errors
        case latency(over: Int64, ofSpans: Bool)
        case percentile(Double, ofSpans: Bool, number: Int)
        case status([StatusCode])
        case attribute(AttributeRule)
        case traceQL(TraceQLMatcher)
        case spanCount(ClosedRange<Int>)
        case probabilistic(SamplingThreshold)
        case rate(Quota, inSpans: Bool)
        case perVersion(Quota)
        case composite([(rule: Rule, share: Quota)])
        case all([Rule])
        case any([Rule])
        case not(Rule)
    }

    /// So many in each unit of time.
    struct Quota: Sendable {
        var number: Int
        var amount: Double
        /// Nanoseconds.
        var unit: Int64

        /// - Parameter perSecond: more than 0. Rates below ten a second are counted by longer units, so that there is
        ///   something to choose from.
        init(number: Int, perSecond: Double) {
            self.number = number
            let seconds = perSecond >= 10 ? 1 : min((10 / perSecond).rounded(.up), 86_400)
            amount = perSecond * seconds
            unit = Int64(seconds * 1e9)
        }

        init(number: Int, perMinute: Double) {
            self.number = number
            amount = perMinute
            unit = 60_000_000_000
        }
    }

    init(wait: Int64, policies: [Policy]) {
        self.wait = wait
        self.policies = policies
    }

    public static let defaultWait: Int64 = 10_000_000_000

    /// In the order of the document.
    public var policyNames: [String] { policies.map(\.name) }
}

/// What becomes of a whole trace.
public struct TailDecision: Sendable, Equatable {
    public var isKept: Bool
    /// What is rejected of traces like this one, in all: not less than what its spans say already.
    public var threshold: SamplingThreshold
    /// The name of the policy that keeps the most of such traces, in the order of the document; of none `noPolicy`.
    public var policy: String

    public init(isKept: Bool, threshold: SamplingThreshold, policy: String) {
        self.isKept = isKept
        self.threshold = threshold
        self.policy = policy
    }

    /// No policy keeps such traces.
    public static let noPolicy = "none"
    /// The sender asks to keep the trace: a debug flag, or an attribute `sampling.priority` of more than 0.
    public static let forced = "forced"
}
