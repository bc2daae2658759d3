/// What an SDK is told that asks how its service is to sample: Jaeger's remote sampling.
public struct RemoteStrategy: Equatable, Sendable {
    /// How traces are chosen.
    public enum Rule: Equatable, Sendable {
        /// Each with this probability, 0 to 1.
        case probabilistic(Double)
        /// At most so many a second.
        case rateLimiting(Int32)
    }

    public var rule: Rule
    /// Goes before `rule` for SDKs that know operations.
    public var operations: OperationStrategies?

    public init(_ rule: Rule, operations: OperationStrategies? = nil) {
        self.rule = rule
        self.operations = operations
    }

    /// The probability of the rule; nil if it has none.
    public var probability: Double? {
        if case .probabilistic(let probability) = rule { probability } else { nil }
    }
}

/// How the operations of a service sample that begin traces.
public struct OperationStrategies: Equatable, Sendable {
    public struct Operation: Equatable, Sendable {
        public var name: String
        /// 0 to 1.
        public var probability: Double

        public init(name: String, probability: Double) {
            self.name = name
            self.probability = probability
        }
    }

    /// Of operations that are not listed.
    public var defaultProbability: Double
    /// Traces a second that each operation keeps whatever its probability.
    public var lowerBound: Double
    /// Traces a second that an operation keeps at most; 0 for no bound.
    public var upperBound: Double
    public var operations: [Operation]

    public init(
        defaultProbability: Double, lowerBound: Double = 0, upperBound: Double = 0, operations: [Operation] = []
    ) {
        self.defaultProbability = defaultProbability
        self.lowerBound = lowerBound
        self.upperBound = upperBound
        self.operations = operations
    }
}
