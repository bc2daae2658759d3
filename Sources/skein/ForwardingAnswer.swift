import Forwarding
import HTTPAPI
import TraceStore

extension ForwardingAnswer.Destination {
    init(_ status: ForwarderStatus) {
        self.init(name: status.name, status.lag, deadLetters: status.deadLetterCount, status.deadLetterByteCount)
        problem = status.problem
        documents = status.documentCount
        rejected = status.rejectedCount
        filteredSpans = status.filteredSpanCount
        damagedSpans = status.damagedSpanCount
        requests = Dictionary(uniqueKeysWithValues: status.requestCounts.map { ("\($0.key)", $0.value) })
    }

    init(name: String, _ lag: ForwardLag, deadLetters: Int, _ deadLetterBytes: Int) {
        self.init(
            name: name, lagSpans: lag.spanCount, lagSegments: lag.segmentCount, unsentSpans: lag.unsentSpanCount,
            deadLetters: deadLetters, deadLetterBytes: deadLetterBytes)
        oldestSegment = lag.oldestCreatedAt.map { Double($0) / 1e9 }
    }
}

extension ForwardingQueries {
    init(_ forwarders: [Forwarder]) {
        self.init(
            status: { ForwardingAnswer(destinations: forwarders.map { .init($0.status) }) },
            retries: forwarders.map { forwarder in
                let retry: Retry = {
                    let outcome = try forwarder.retryDeadLetters()
                    return (outcome.deliveredCount, outcome.refusedCount)
                }
                return (forwarder.options.name, retry)
            })
    }
}
