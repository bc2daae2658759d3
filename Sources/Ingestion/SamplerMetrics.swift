internal import Synchronization
public import Telemetry

/// Counts what samplers kept and left out, by policy.
public final class SamplerMetrics: Sendable {
    private let metrics: MetricsRegistry
    private let counters = Mutex<[Key: Counter]>([:])

    private struct Key: Hashable {
        let policy: String
        let isKept: Bool
    }

    public init(_ metrics: MetricsRegistry) { self.metrics = metrics }

    /// - Parameter policy: the name of the rule or policy that decided.
    public func decided(_ policy: String, isKept: Bool, spanCount: Int) {
        let key = Key(policy: policy, isKept: isKept)
        let counter = counters.withLock { counters in
            if let counter = counters[key] { return counter }
            let counter = metrics.counter(
                "skein_sampler_spans_total", "Spans that were decided on, by policy and decision.",
                [("policy", policy), ("decision", isKept ? "kept" : "dropped")])
            counters[key] = counter
            return counter
        }
        counter.add(spanCount)
        if !isKept {
            metrics.counter("skein_spans_dropped_total", "Spans that went, by reason.", [("reason", "sampled")])
                .add(spanCount)
        }
    }
}
