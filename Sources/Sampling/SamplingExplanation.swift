public import TraceModel

/// Why a trace is kept or not: what each rule and each policy says of it.
public struct SamplingExplanation: Codable, Sendable, Equatable {
    public var traceID: String
    /// False: nothing is known but the ID.
    public var isStored: Bool
    public var spanCount = 0
    public var randomness: Randomness
    /// Of the trace as it is stored; absent if it is not.
    public var storedWeight: Double?
    /// By the service that the rules decide for, or, of a trace that is not stored, by the rule.
    public var head: [HeadRow] = []
    public var tail: Stage?
    public var ageing: [Stage] = []
    public var notes: [String] = []

    /// What a percentage asks a trace for.
    public struct Randomness: Codable, Sendable, Equatable {
        /// 14 hex digits.
        public var hex: String
        /// The least percentage that keeps the trace.
        public var keptFromPercent: Double
        public var source: String
        /// What the sender says of the sampling before: `th` of the trace state, as a percentage; absent if nothing.
        public var sentPercent: Double?
    }

    public enum Outcome: String, Codable, Sendable {
        case kept
        case leftOut = "left out"
        /// On other traces, which are not known afterwards.
        case depends
    }

    public struct HeadRow: Codable, Sendable, Equatable {
        /// Absent for a trace that is not stored.
        public var service: String?
        public var version: String?
        public var operation: String?
        public var spanCount: Int?
        public var rule: String
        /// Of keeping a trace; absent for a rate.
        public var probability: Double?
        public var outcome: Outcome
        public var reason: String
    }

    public struct Policy: Codable, Sendable, Equatable {
        public var name: String
        public var outcome: Outcome
        public var probability: Double?
        public var reason: String
    }

    /// What is decided on the whole trace.
    public struct Stage: Codable, Sendable, Equatable {
        public var name: String
        public var policies: [Policy]
        public var outcome: Outcome
        /// The policy that counts.
        public var policy: String
        /// How many traces the kept one stands for; absent where that depends on others, or nothing is kept.
        public var weight: Double?
    }

    /// - Parameter spans: of the trace, by start; none if it is not stored.
    public init(_ traceID: TraceID, _ spans: [SpanView], _ document: PolicyDocument) {
        self.traceID = "\(traceID)"
        isStored = !spans.isEmpty
        spanCount = spans.count
        let states = spans.compactMap { span in
            if case .string(let text) = span.value(of: .traceState) { TraceStateSampling(text) } else { nil }
        }
        let said = states.first { $0.randomness != nil }?.randomness
        let value = said ?? SamplingThreshold.randomness(ofTraceIDLow: traceID.low)
        randomness = Randomness(
            hex: Self.hex(value), keptFromPercent: Self.percent(SamplingThreshold(rejected: value)),
            source: said == nil ? "trace ID" : "trace state",
            sentPercent: states.first { $0.threshold != nil }?.threshold.map {
                Self.percent(SamplingThreshold(rejected: $0))
            })
        guard isStored else {
            head = document.head.explainID(value)
            notes.append("the trace is not stored: what is said follows from its ID alone")
            if document.tail != nil || !document.ageing.isEmpty {
                notes.append("policies of whole traces cannot be asked")
            }
            return
        }
        let trace = TailTrace(spans)
        storedWeight = trace.base.weight
        head = document.head.explain(spans)
        if Set(head.map(\.outcome)).count > 1 {
            notes.append("rules decide span by span: of such traces parts are kept")
        }
        tail = document.tail?.explain(trace)
        ageing = document.ageing.indices.map { document.ageing.explain(trace, stage: $0) }
        if trace.base != .all {
            notes.append("policies are asked for what is stored: the part of the trace that was kept on arrival")
        }
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 14 - digits.count)) + digits
    }

    private static func percent(_ threshold: SamplingThreshold) -> Double { threshold.probability * 100 }
}

/// Numbers as an explanation writes them.
enum ExplanationText {
    static func percent(_ threshold: SamplingThreshold) -> String { percent(threshold.probability * 100) }

    /// Up to four digits that say something.
    static func percent(_ percent: Double) -> String { number(percent) + " %" }

    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 1000, scale < 1e9, (value * scale).rounded() != value * scale { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    static func duration(_ nanoseconds: Int64) -> String {
        switch nanoseconds.magnitude {
        case ..<1000: "\(nanoseconds) ns"
        case ..<1_000_000: number(Double(nanoseconds) / 1e3) + " us"
        case ..<1_000_000_000: number(Double(nanoseconds) / 1e6) + " ms"
        default: number(Double(nanoseconds) / 1e9) + " s"
        }
    }

    static func names(_ names: [String]) -> String { names.joined(separator: ", ") }
}
