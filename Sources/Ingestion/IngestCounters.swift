internal import Telemetry

/// Spans and bodies of each protocol by what became of them.
struct IngestCounters: Sendable {
    struct ProtocolCounters: Sendable {
        let accepted: Counter
        let refused: Counter
        let malformedBodies: Counter

        init(_ name: String, _ metrics: MetricsRegistry) {
            func spans(_ outcome: String) -> Counter {
                metrics.counter(
                    "skein_receiver_spans_total", "Spans received, by protocol and outcome.",
                    [("protocol", name), ("outcome", outcome)])
            }
            accepted = spans("accepted")
            refused = spans("refused")
            malformedBodies = metrics.counter(
                "skein_receiver_malformed_bodies_total",
                "Bodies that could not be read; how many spans they had is unknown.",
                [("protocol", name)])
        }
    }

    let zipkinJSON: ProtocolCounters

    init(_ metrics: MetricsRegistry) { zipkinJSON = ProtocolCounters("zipkin-json", metrics) }
}
