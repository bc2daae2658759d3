import Dispatch
import FoundationEssentials
import Glibc
import Logging
import NetworkTestSupport
import OpenSearch
import Synchronization
import TestSupport
import TraceModel
import TraceStore
import WireFormats

@testable import Forwarding

/// A store in a temporary folder, and forwarders that follow it.
final class ForwarderHarness {
    private(set) var folder: TemporaryFolder
    var storeOptions = StoreOptions()
    var options: ForwardingOptions
    private(set) var store: TraceStore
    private(set) var forwarder: Forwarder?
    private var abandoned: [(TemporaryFolder, TraceStore)] = []

    var path: String { folder.path }

    static var logger: Logger {
        Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    }

    init(port: Int, _ configure: (inout ForwardingOptions, inout StoreOptions) -> Void = { _, _ in }) throws {
        var cluster = OpenSearchOptions(urls: ["http://127.0.0.1:\(port)"])
        cluster.compresses = false
        options = ForwardingOptions(name: "main", cluster: cluster)
        options.backoffMin = .milliseconds(5)
        options.backoffMax = .milliseconds(50)
        options.dependenciesInterval = nil
        folder = try TemporaryFolder()
        configure(&options, &storeOptions)
        storeOptions.destinations = [options.storeDestination]
        store = try TraceStore(path: folder.path, options: storeOptions, logger: Self.logger)
    }

    deinit {
        forwarder?.stop()
        store.close()
    }

    func start(_ pace: (inout ForwarderPace) -> Void = { _ in }) throws {
        var own = ForwarderPace()
        own.idle = 0.05
        own.calls = 0.05
        own.settling = 0
        pace(&own)
        let forwarder = try Forwarder(options, store: store, dataPath: path, logger: Self.logger, pace: own)
        self.forwarder = forwarder
        try forwarder.start()
    }

    func stop() {
        forwarder?.stop()
        forwarder = nil
    }

    /// Stops the forwarder, closes the store and opens it again.
    func reopen() throws {
        stop()
        store.close()
        storeOptions.destinations = [options.storeDestination]
        store = try TraceStore(path: path, options: storeOptions, logger: Self.logger)
    }

    /// Goes on with a copy of the folder as it is, as if the process had been killed now.
    func crash() throws {
        let copy = try TemporaryFolder()
        for entry in ["catalog.db", "catalog.db-wal", "journal", "segments", "dead-letters", "forwarding"]
        where FileManager.default.fileExists(atPath: folder.path + "/" + entry) {
            try FileManager.default.copyItem(atPath: folder.path + "/" + entry, toPath: copy.path + "/" + entry)
        }
        stop()
        abandoned.append((folder, store))
        folder = copy
        store = try TraceStore(path: copy.path, options: storeOptions, logger: Self.logger)
    }

    /// Stores spans, and seals a segment of them.
    func seal(_ spans: [String]) throws {
        let json = Array(("[" + spans.joined(separator: ",") + "]").utf8)
        var builder = SpanBatchBuilder()
        try json.withUnsafeBytes { bytes in
            _ = try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        let outcome = Mutex<Result<Void, TraceStore.Refusal>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        store.append(builder.makeBatch()) { result in
            outcome.withLock { $0 = result }
            answered.signal()
        }
        answered.wait()
        try outcome.withLock { $0 }?.get()
        try store.seal()
    }

    /// So many spans, some of each trace.
    static func spans(_ numbers: Range<Int>, service: String = "shop", error: Bool = false) -> [String] {
        numbers.map { number in
            let tag = error ? ",\"error\":\"true\"" : ""
            let parent = number % 5 == 0 ? "" : "\"parentId\":\"\(hex(number / 5 * 5 + 1))\","
            return """
                {"traceId":"\(hex(number / 5 + 1))","id":"\(hex(number + 1))",\(parent)"kind":"SERVER","name":"get",\
                "timestamp":\(start + number),"duration":1000,"localEndpoint":{"serviceName":"\(service)"},\
                "tags":{"number":"\(number)","user":"alice"\(tag)}}
                """
        }
    }

    /// Microseconds since 1970.
    static let start = 1_790_000_000_000_000

    private static func hex(_ number: Int) -> String { String(number, radix: 16) }

    /// Waits for what the forwarder's thread brings about.
    func until(_ what: String = "it", _ condition: () throws -> Bool) throws {
        for _ in 0..<1500 {
            if try condition() { return }
            usleep(10_000)
        }
        throw TestSupportError("\(what) never came about: \(forwarder.map { "\($0.status)" } ?? "no forwarder")")
    }

    func untilDone() throws { try until("the end") { store.lag(destination: "main").segmentCount == 0 } }
}
