internal import Synchronization
public import Telemetry

/// Counts what each protocol brought, and how it was answered.
public final class ReceiverMetrics: Sendable {
    struct ProtocolCounters: Sendable {
        let accepted: Counter
        let refused: Counter
        let malformedBodies: Counter
        let replacedStrings: Counter

        init(_ spanProtocol: SpanProtocol, _ metrics: MetricsRegistry) {
            let name = spanProtocol.rawValue
            func spans(_ outcome: String) -> Counter {
                metrics.counter(
                    "skein_receiver_spans_total", "Spans received, by protocol and outcome.",
                    [("protocol", name), ("outcome", outcome)])
            }
            accepted = spans("accepted")
            refused = spans("refused")
            malformedBodies = metrics.counter(
                "skein_receiver_malformed_bodies_total",
                "Bodies that could not be read; how many spans they had is unknown.", [("protocol", name)])
            replacedStrings = metrics.counter(
                "skein_receiver_replaced_strings_total", "Texts that were not UTF-8 and were mended.",
                [("protocol", name)])
        }
    }

    private let metrics: MetricsRegistry
    private let protocols: [SpanProtocol: ProtocolCounters]
    private let requests = Mutex<[RequestKey: Counter]>([:])

    private struct RequestKey: Hashable {
        let spanProtocol: SpanProtocol?
        let code: Int
    }

    public init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        protocols = Dictionary(
            uniqueKeysWithValues: SpanProtocol.allCases.map { ($0, ProtocolCounters($0, metrics)) })
    }

    subscript(_ spanProtocol: SpanProtocol) -> ProtocolCounters {
        guard let counters = protocols[spanProtocol] else { preconditionFailure("every protocol has counters") }
        return counters
    }

    /// Counts one request.
    /// - Parameters:
    ///   - spanProtocol: nil where the request does not tell.
    ///   - code: the status of HTTP or, for a call, that of gRPC.
    public func requestAnswered(_ spanProtocol: SpanProtocol?, code: Int) {
        let key = RequestKey(spanProtocol: spanProtocol, code: code)
        let counter = requests.withLock { requests in
            if let counter = requests[key] { return counter }
            let counter = metrics.counter(
                "skein_receiver_requests_total", "Requests with spans, by protocol and code of the answer.",
                [("protocol", spanProtocol?.rawValue ?? "unknown"), ("code", String(code))])
            requests[key] = counter
            return counter
        }
        counter.add()
    }
}
