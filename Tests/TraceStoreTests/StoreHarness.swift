import Dispatch
import FileSystem
import FoundationEssentials
import Logging
import Synchronization
import TestSupport
import TraceModel
import WireFormats

@testable import TraceStore

/// A real store in a temporary folder, on the machine's files or on simulated ones.
final class StoreHarness {
    private(set) var folder: TemporaryFolder
    var options = StoreOptions()
    private(set) var store: TraceStore
    private let path: String?
    private var fileSystem: any FileSystem

    /// - Parameter path: of the data folder, if it is not to be a temporary one.
    init(
        on fileSystem: any FileSystem = LocalFileSystem(), at path: String? = nil,
        _ configure: (inout StoreOptions) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder()
        self.path = path
        self.fileSystem = fileSystem
        configure(&options)
        store = try TraceStore(
            path: path ?? folder.path, options: options, fileSystem: fileSystem, logger: Self.logger)
    }

    static var logger: Logger {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return logger
    }

    /// Opens the folder again after its store was closed.
    func open() throws {
        store = try TraceStore(
            path: path ?? folder.path, options: options, fileSystem: fileSystem, logger: Self.logger)
    }

    /// Closes in good order and opens again.
    func reopen() throws {
        store.close()
        try open()
    }

    /// Opens the same folder with other files: what a crash left of them, for one.
    func reopen(on files: any FileSystem) throws {
        abandoned.append((folder, store))
        fileSystem = files
        try open()
    }

    /// Opens a copy of the folder as it is: what a process killed now would leave.
    func crash() throws {
        let copy = try TemporaryFolder()
        try copyAsKilled(to: copy.path)
        abandoned.append((folder, store))
        folder = copy
        store = try TraceStore(path: copy.path, options: options, logger: Self.logger)
    }

    /// Copies what a process killed now would leave into a folder.
    func copyAsKilled(to path: String) throws {
        for entry in ["catalog.db", "catalog.db-wal", "journal", "segments"]
        where FileManager.default.fileExists(atPath: folder.path + "/" + entry) {
            try FileManager.default.copyItem(atPath: folder.path + "/" + entry, toPath: path + "/" + entry)
        }
    }

    /// Folders and stores of before the crashes, which nobody closed.
    private var abandoned: [(TemporaryFolder, TraceStore)] = []

    /// Appends a Zipkin v2 list and waits until it is kept.
    func post(_ json: String) throws { try append(try Self.batch(json)) }

    /// The spans of a Zipkin v2 list.
    static func batch(_ json: String) throws -> SpanBatch {
        var builder = SpanBatchBuilder()
        var text = json
        _ = try text.withUTF8 { bytes in
            try ZipkinJSONDecoder.decode(UnsafeRawBufferPointer(bytes), limits: SpanLimits(), into: &builder)
        }
        return builder.makeBatch()
    }

    func append(_ batch: SpanBatch, counted: SpanBatch? = nil) throws {
        let outcome = Mutex<Result<Void, TraceStore.Refusal>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        store.append(batch, counted: counted) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        try outcome.withLock { $0 }?.get()
    }

    /// A span as Zipkin JSON. Times in microseconds.
    static func span(
        trace: String = "1", id: String, parent: String? = nil, kind: String? = "SERVER", service: String = "shop",
        remote: String? = nil, name: String = "get", at timestamp: Int? = 1_790_000_000_000_000, duration: Int? = 1000,
        tags: [String: String] = [:], annotation: String? = nil, shared: Bool = false
    ) -> String {
        var fields = ["\"traceId\":\"\(trace)\"", "\"id\":\"\(id)\"", "\"name\":\"\(name)\""]
        fields.append("\"localEndpoint\":{\"serviceName\":\"\(service)\"}")
        if let parent { fields.append("\"parentId\":\"\(parent)\"") }
        if let kind { fields.append("\"kind\":\"\(kind)\"") }
        if let remote { fields.append("\"remoteEndpoint\":{\"serviceName\":\"\(remote)\"}") }
        if let timestamp { fields.append("\"timestamp\":\(timestamp)") }
        if let duration { fields.append("\"duration\":\(duration)") }
        if let annotation {
            fields.append("\"annotations\":[{\"timestamp\":\(timestamp ?? 1),\"value\":\"\(annotation)\"}]")
        }
        if shared { fields.append("\"shared\":true") }
        let pairs = tags.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
        fields.append("\"tags\":{\(pairs)}")
        return "{" + fields.joined(separator: ",") + "}"
    }

    func post(_ spans: [String]) throws { try post("[" + spans.joined(separator: ",") + "]") }

    func spanIDs(_ trace: String) throws -> [String]? {
        guard let traceID = TraceID(hex: trace) else { return nil }
        return try store.trace(traceID)?.spans.map(\.spanID.description)
    }

    /// The traces that a query finds, by the last hex digits of their IDs.
    func find(_ rules: TraceQuery.Rules = .anySpans, _ configure: (inout TraceQuery) -> Void) throws -> [String] {
        var query = TraceQuery(rules: rules, startMin: 0, startMax: .max, limit: 100)
        configure(&query)
        return try store.find(query).traces.map { String($0.traceID.low, radix: 16) }
    }
}

extension TraceStore {
    /// The traces that match, those that start last first, and whether there are more than the limit let through.
    func find(_ query: TraceQuery) throws -> (traces: [Trace], hasMore: Bool) {
        var traces: [Trace] = []
        let outcome = try find(query, QueryWork()) { traces.append($0.trace) }
        return (traces, outcome.hasMore)
    }
}
