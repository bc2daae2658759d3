import Dispatch
import Logging
import OpenSearch
import OpenSearchStore
import Synchronization
import TestSupport
import Testing
import Topology
import TraceModel
import TraceStore
import WireFormats

/// Which store is behind the routes that a test asks.
enum TestedStore: Sendable {
    case embedded
    case openSearch

    @TaskLocal static var current = TestedStore.embedded

    /// What is not so where OpenSearch is the storage, by the names of tests, and why.
    static let differences: [String: String] = [
        "a search tells of each trace what a list shows, and how many there are": failures,
        "a trace is told as a drawing, some rows at a time": failures,
        "a trace is read as JSON, as Kiali reads it": "documents have whole microseconds",
        "each type of value is told as OpenTelemetry's messages have it": "documents have lists as text",
        "spans have the fields that Lens and Grafana read":
            "documents have no port of a process, and its address as a tag",
    ]

    private static let failures =
        "Zipkin's spans with an error's text are no failures to Jaeger, whose documents these are"
}

/// Runs each test of a suite on the embedded store, and once more on OpenSearch, but for what is different there.
struct OnBothStores: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await function()
        guard OsmemServer.isInstalled, TestedStore.differences[test.displayName ?? test.name] == nil else { return }
        do {
            try await TestedStore.$current.withValue(.openSearch) { try await function() }
        } catch {
            throw TestSupportError("on OpenSearch: \(error)")
        }
    }
}

extension Trait where Self == OnBothStores {
    static var onBothStores: Self { OnBothStores() }
}

/// What a server of tests has behind it.
final class StoreBehind: @unchecked Sendable {
    // Unchecked: one thread takes spans in.
    /// Empty if another one is tested.
    let embedded: TraceStore
    let store: any QueryableStore
    private let folder: TemporaryFolder
    private let cluster: Cluster?

    init() throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        folder = try TemporaryFolder()
        embedded = try TraceStore(path: folder.path, options: StoreOptions(), logger: logger)
        switch TestedStore.current {
        case .embedded:
            cluster = nil
            store = embedded
        case .openSearch:
            let cluster = try Cluster(logger)
            self.cluster = cluster
            store = cluster.store
        }
    }

    /// Takes in spans and waits until they are found.
    func take(_ batch: SpanBatch) throws {
        if let cluster { return try cluster.take(batch) }
        let outcome = Mutex<Result<Void, TraceStore.Refusal>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        embedded.append(batch) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        try outcome.withLock { $0 }?.get()
    }

    /// Has the embedded store make segments.
    func seal() throws { try embedded.seal() }

    func close() {
        cluster?.close()
        embedded.close()
    }

    // MARK: OpenSearch

    /// Indices of one test.
    private final class Cluster {
        let store: OpenSearchTraceStore
        private let client: OpenSearchClient
        private let sink: OpenSearchSink
        private let naming: IndexNaming
        private var batches: [SpanBatch] = []

        private static let count = Atomic<Int>(0)

        init(_ logger: Logger) throws {
            naming = IndexNaming(prefix: "api-\(Self.count.add(1, ordering: .relaxed).newValue)")
            for base in ["jaeger-span", "jaeger-service"] {
                try SharedOsmem.installTemplate(base, name: naming.name(of: base))
            }
            client = try OpenSearchClient(OpenSearchOptions(urls: [try SharedOsmem.url()]), logger: logger)
            var options = OpenSearchTraceStore.Options(naming: naming)
            // Some tests have spans of long ago.
            options.spanAgeMax = .seconds(100 * 365 * 86_400)
            store = OpenSearchTraceStore(client, options)
            var documents = OpenSearchSink.Options()
            documents.documents.naming = naming
            documents.gatherTime = .milliseconds(1)
            sink = try OpenSearchSink(
                sender: try BulkSender(client: client, logger: logger), options: documents, logger: logger)
        }

        func take(_ batch: SpanBatch) throws {
            let outcome = Mutex<OpenSearchSink.Outcome?>(nil)
            let answered = DispatchSemaphore(value: 0)
            sink.append(batch) { result in
                outcome.withLock { $0 = result }
                answered.signal()
            }
            answered.wait()
            if case .overloaded(let reason) = outcome.withLock({ $0 }) { throw TestSupportError(reason) }
            batches.append(batch)
            try writeCalls()
            try SharedOsmem.refresh()
        }

        /// One document for each minute, of all spans so far.
        private func writeCalls() throws {
            var (extractor, names, counter) = (CallExtractor(), CallNames(), CallCounter())
            var records: [CallRecord] = []
            for batch in batches { extractor.append(batch, to: &records, &names) }
            counter.add(&records, names)
            var body = BulkBody()
            for (minute, series) in counter.buckets {
                let links = DependencyLink.links(of: series, names).map {
                    JaegerDependencyDocument.Link(
                        parent: $0.parent, child: $0.child, callCount: Int64($0.callCount),
                        errorCount: Int64($0.errorCount))
                }
                guard !links.isEmpty else { continue }
                JaegerDependencyDocument(time: minute, links: links).append(id: "\(minute)", naming, to: &body)
            }
            guard !body.isEmpty else { return }
            _ = try client.perform(OpenSearchRequest("POST", "/_bulk", body: body.bytes))
        }

        func close() {
            sink.close()
            client.shutDown()
        }
    }
}
