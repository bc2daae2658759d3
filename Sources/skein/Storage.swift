import Configuration
import Forwarding
import Ingestion
import Logging
import OpenSearch
import OpenSearchStore
import TraceModel
import TraceStore
import WireFormats

/// Where the server keeps spans, and where it looks for them.
struct Storage {
    let queries: any QueryableStore
    let sink: any SpanSink
    /// Nil if spans are kept in a cluster.
    let embedded: TraceStore?
    let forwarders: [Forwarder]
    let cluster: ClusterStorage?

    /// Opens it; what it is to be told of the journal and of sampling is in `options`.
    init(_ configuration: Configuration, _ options: StoreOptions, _ logger: Logger) throws {
        if configuration.keepsInOpenSearch {
            let cluster = try ClusterStorage(configuration, logger)
            try cluster.start()
            queries = cluster.store
            sink = ClusterSink(sink: cluster.sink)
            embedded = nil
            forwarders = []
            self.cluster = cluster
            return
        }
        let destinations = configuration.openSearchDestinations
        let forwarding = destinations.map { ForwardingOptions($0) }
        var options = options
        options.destinations = forwarding.map(\.storeDestination)
        for destination in destinations {
            let delay = destination.configuration.forwardingDelay / .seconds(1)
            options.sealAge = min(options.sealAge, delay)
            options.sealIdle = min(options.sealIdle, delay)
        }
        let store = try TraceStore(path: configuration.dataPath, options: options, logger: logger)
        var forwarders: [Forwarder] = []
        do {
            for own in forwarding {
                forwarders.append(
                    try Forwarder(own, store: store, dataPath: configuration.dataPath, logger: logger))
            }
            try store.start()
            for forwarder in forwarders { try forwarder.start() }
        } catch {
            for forwarder in forwarders { forwarder.stop() }
            store.close()
            throw error
        }
        self.forwarders = forwarders
        queries = store
        sink = StoreSink(store: store)
        embedded = store
        cluster = nil
    }

    /// What keeps spans from their place, in sentences; empty if nothing does.
    var problems: [String] {
        if let problem = cluster?.problem { return ["storage opensearch: \(problem)"] }
        return forwarders.map(\.status).compactMap { status in
            status.problem.map { "destination \(status.name): \($0); \(status.lag.spanCount) spans wait" }
        }
    }

    /// Seals and closes. Nothing may be asked of it any more.
    func close() {
        Forwarder.stop(forwarders)
        embedded?.close()
        cluster?.close()
    }
}

/// The store as what the pipeline needs.
private struct StoreSink: SpanSink {
    let store: TraceStore

    func append(
        _ batch: SpanBatch, counted: SpanBatch?, completion: @escaping @Sendable (SpanSinkOutcome) -> Void
    ) {
        store.append(batch, counted: counted) { result in
            switch result {
            case .success: completion(.kept)
            case .failure(.overloaded): completion(.overloaded)
            case .failure(.diskFull(let reason)): completion(.diskFull(reason))
            case .failure(.tooLarge(let reason)): completion(.tooLarge(reason))
            }
        }
    }
}

/// A cluster as what the pipeline needs. Spans that are only counted have no place in it.
private struct ClusterSink: SpanSink {
    let sink: OpenSearchSink

    func append(
        _ batch: SpanBatch, counted: SpanBatch?, completion: @escaping @Sendable (SpanSinkOutcome) -> Void
    ) {
        sink.append(batch) { outcome in
            switch outcome {
            case .kept: completion(.kept)
            case .overloaded: completion(.overloaded)
            }
        }
    }
}
