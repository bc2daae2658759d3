public import TraceModel

public final class TailSampler {
    let policy: TailPolicy

    public init(_ policy: TailPolicy) { self.policy = policy }

    public func decide(_ spans: [SpanView], now: Int64) -> TailDecision {
        TailDecision(isKept: true, threshold: .all, policy: TailDecision.noPolicy)
    }
}
