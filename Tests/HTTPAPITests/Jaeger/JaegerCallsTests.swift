import Foundation
import HTTPAPI
import Logging
import NetworkServer
import NetworkTestSupport
import TestSupport
import Testing
import TraceModel
import TraceStore

/// Jaeger's query services over gRPC as their clients meet them, with a real store behind.
@Suite(.serialized, .onBothStores) struct JaegerCallsTests {
    private typealias Message = JaegerMessage

    private static let now = Int64(Date().timeIntervalSince1970 * 1_000_000) * 1000
    private static let v2 = "/jaeger.api_v2.QueryService/"
    private static let v3 = "/jaeger.api_v3.QueryService/"

    private enum Status {
        static let invalidArgument = 3
        static let deadlineExceeded = 4
        static let notFound = 5
        static let unimplemented = 12
        static let internalError = 13
    }

    /// A trace of two spans with a 64-bit ID, and one of one span with a 128-bit ID.
    private static var post: String {
        let start = now / 1000 - 60_000_000
        return """
            [{"traceId":"ab","id":"1","name":"get /","kind":"SERVER","timestamp":\(start),"duration":9000,
              "localEndpoint":{"serviceName":"front.shop","ipv4":"10.0.0.1"},"tags":{"istio.cluster_id":"Kubernetes"}},
             {"traceId":"ab","parentId":"1","id":"2","name":"call","timestamp":\(start + 1000),
              "localEndpoint":{"serviceName":"back.shop"}},
             {"traceId":"000000000000000100000000000000ab","id":"7","name":"get /","kind":"CLIENT",
              "timestamp":\(start + 5000),"duration":1000,"localEndpoint":{"serviceName":"front.shop"},
              "tags":{"istio.cluster_id":"Kubernetes"}}]
            """
    }

    private static let window =
        Message.field(4, Message.time(now - 3_600_000_000_000)) + Message.field(5, Message.time(now))

    /// Takes in one trace of many spans, with an attribute of some size in each.
    private static func takeLongTrace(_ server: QueryServer, spanCount: Int, attributeByteCount: Int) throws {
        var builder = SpanBatchBuilder()
        let value = [UInt8](repeating: 0x61, count: attributeByteCount)
        for index in 0..<spanCount {
            builder.beginSpan()
            builder.traceID = TraceID(high: 0, low: 0xcd)
            builder.spanID = UInt64(index + 1)
            builder.start = now - 60_000_000_000 + Int64(index)
            builder.duration = 1000
            let key = Array("text".utf8).withUnsafeBytes { builder.intern($0) }
            builder.addAttribute(key: key, string: value.withUnsafeBytes { builder.intern($0) })
            builder.endSpan()
        }
        try server.take(builder.makeBatch())
    }

    @Test func `every method that the services describe has its route, and no other has one`() throws {
        var router = HTTPRouter()
        let limits = QueryLimits(time: .seconds(1))
        let folder = try TemporaryFolder()
        let store = try TraceStore(
            path: folder.path, options: StoreOptions(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        defer { store.close() }
        JaegerCalls(store: store, limits: limits).register(on: &router)
        JaegerStorageCalls(store: store, limits: limits).register(on: &router)
        var described: Set<String> = []
        for file in [
            "api_v2/query", "api_v3/query_service", "storage/v2/trace_storage", "storage/v2/dependency_storage",
        ] {
            let text = try Repository.text(of: "queries/grpc/jaeger/\(file).proto")
            let package = try #require(text.firstMatch(of: /package ([a-z0-9_.]+);/)).1
            let service = try #require(text.firstMatch(of: /service (\w+) \{/)).1
            for method in text.matches(of: /rpc (\w+)\(/) { described.insert("/\(package).\(service)/\(method.1)") }
        }
        #expect(described.count > 10)
        // Newer than the descriptions; Jaeger asks for it, and takes its absence for the least.
        described.insert("/jaeger.storage.v2.Capabilities/GetCapabilities")
        #expect(Set(router.routes.map(\.pattern)) == described)
        let services = Set(described.map { String($0.dropFirst().prefix { $0 != "/" }) })
        #expect(Set(JaegerCalls.services + JaegerStorageCalls.services) == services)
    }

    // MARK: API v2

    @Test func `Kiali's calls find traces by their cluster, with IDs whole and a process in each span`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            let services = try client.call(Self.v2 + "GetServices", [])
            #expect(services.code == 0 && services.message?.texts(1) == ["back.shop", "front.shop"])

            let tag = Message.field(1, "istio.cluster_id") + Message.field(2, "Kubernetes")
            let query =
                Message.field(1, "front.shop") + Message.field(3, tag) + Self.window + Message.field(6, [])
                + Message.field(8, varint: 0)
            let found = try client.call(
                Self.v2 + "FindTraces", Message.field(1, query), [("grpc-timeout", "5S")])
            #expect(found.code == 0)
            let spans = try #require(found.messages).flatMap { $0.values(1) }
            #expect(
                spans.map { $0.values(1) }
                    == [[Message.traceID(1, 0xab)], [Message.traceID(0, 0xab)], [Message.traceID(0, 0xab)]])
            for span in spans {
                #expect(span.values(2).first?.count == 8)
                let process = try #require(span.values(10).first)
                #expect(["front.shop", "back.shop"].contains(process.texts(1).first))
            }
            let one = try client.call(Self.v2 + "FindTraces", Message.field(1, query + Message.field(8, varint: 1)))
            #expect(one.messages?.count == 1)
        }
    }

    @Test func `a trace is streamed, and one that is not there is told in Jaeger's words`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            func get(_ high: UInt64, _ low: UInt64) throws -> CallOutcome {
                let hints = Message.field(2, Message.yearOne) + Message.field(3, Message.yearOne)
                return try client.call(
                    Self.v2 + "GetTrace", Message.field(1, Message.traceID(high, low)) + hints)
            }
            let found = try get(0, 0xab)
            #expect(found.code == 0 && found.messages?.flatMap { $0.values(1) }.count == 2)
            let missing = try get(0, 0xff)
            #expect(missing.code == Status.notFound && missing.rawMessage == "trace not found")
            let none = try client.call(Self.v2 + "GetTrace", [])
            #expect(none.code == Status.invalidArgument && none.rawMessage == "uninitialized TraceID is not allowed")
        }
    }

    @Test func `a long trace comes in messages of a few spans at first, then of many`() async throws {
        try await QueryServer.serving([]) { server throws in
            try Self.takeLongTrace(server, spanCount: 5000, attributeByteCount: 100)
            let client = try HTTP2Client(port: server.callPort)
            let request = Message.field(1, Message.traceID(0, 0xcd))
            let messages = try #require(try client.call(Self.v2 + "GetTrace", request).messages)
            #expect(messages[0].values(1).count == 10)
            let byteCounts = messages.dropFirst().map(\.count)
            #expect(byteCounts.allSatisfy { $0 <= 64 << 10 } && byteCounts.reduce(0, +) / byteCounts.count >= 32 << 10)
            #expect(Set(messages.flatMap { $0.values(1) }.flatMap { $0.values(2) }).count == 5000)

            let hex = Message.field(1, "cd")
            let parts = try #require(try client.call(Self.v3 + "GetTrace", hex).messages).map { try $0.otlpSpans() }
            #expect(parts[0].count == 10 && parts.count < 100)
            #expect(Set(parts.joined().map(\.spanID)).count == 5000)
        }
    }

    @Test func `no message is longer than a mebibyte, unless one span is`() async throws {
        try await QueryServer.serving([]) { server throws in
            try Self.takeLongTrace(server, spanCount: 30, attributeByteCount: 300_000)
            let client = try HTTP2Client(port: server.callPort)
            for (method, request) in [
                (Self.v2, Message.field(1, Message.traceID(0, 0xcd))), (Self.v3, Message.field(1, "cd")),
            ] {
                let outcome = try client.call(method + "GetTrace", request)
                #expect(outcome.code == 0)
                let messages = try #require(outcome.messages)
                #expect(messages.allSatisfy { $0.count <= 1 << 20 })
                #expect(messages.reduce(0) { $0 + $1.count } > 30 * 300_000)
            }
        }
    }

    @Test func `operations come with their kinds, and names once for old clients`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            let service = Message.field(1, "front.shop")
            let all = try #require(try client.call(Self.v2 + "GetOperations", service).message)
            #expect(all.texts(1) == ["get /"])
            #expect(all.values(2).map { $0.texts(2) } == [["client"], ["server"]])
            for (method, place) in [(Self.v2, 2), (Self.v3, 1)] {
                let ofKind = try client.call(method + "GetOperations", service + Message.field(2, "server"))
                let operations = try #require(ofKind.message).values(place)
                #expect(operations.map { $0.texts(1) + $0.texts(2) } == [["get /", "server"]])
            }
        }
    }

    @Test func `there is no archive`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            let outcome = try client.call(Self.v2 + "ArchiveTrace", Message.field(1, Message.traceID(0, 0xab)))
            #expect(outcome.code == Status.internalError)
            #expect(outcome.rawMessage == "failed to archive trace: archive span storage was not configured")
        }
    }

    @Test func `what cannot be asked is refused`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            func expect(_ method: String, _ message: [UInt8], _ code: Int, _ text: String) throws {
                let outcome = try client.call(method, message)
                #expect(outcome.code == code && outcome.rawMessage == text, "\(method)")
            }
            try expect(Self.v2 + "FindTraces", [], Status.invalidArgument, "missing query")
            try expect(
                Self.v3 + "FindTraces", Message.field(1, Message.field(1, "front.shop")), Status.invalidArgument,
                "start time min and max are required parameters")
            let backwards =
                Message.field(4, Message.time(2_000_000_000)) + Message.field(5, Message.time(1_000_000_000))
            try expect(
                Self.v3 + "FindTraceSummaries", Message.field(1, backwards), Status.invalidArgument,
                "start_time_min must be before start_time_max")
            try expect(
                Self.v3 + "FindTraces", Message.field(1, Self.window + Message.field(10, [])), Status.unimplemented,
                "the structured query filter is disabled")
            let garbage = try client.call(Self.v2 + "FindTraces", [0xff, 0xff])
            #expect(garbage.code == Status.invalidArgument)
            #expect(garbage.rawMessage?.hasPrefix("cannot read the request: ") == true)
            #expect(try client.call(Self.v3 + "GetTrace", Message.field(1, "xyz")).code == Status.invalidArgument)
        }
    }

    @Test func `a query that takes too long ends with its own status`() async throws {
        try await QueryServer.serving([Self.post], .init(time: .zero)) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            let query = Message.field(1, Message.field(1, "front.shop") + Self.window)
            #expect(try client.call(Self.v2 + "FindTraces", query).code == Status.deadlineExceeded)
        }
    }

    // MARK: Dependencies

    @Test func `dependencies are told in all three services, for a window that is given`() async throws {
        let start = Self.now / 1000 - 60_000_000
        let post = """
            [{"traceId":"ab","id":"1","kind":"CLIENT","timestamp":\(start),"localEndpoint":{"serviceName":"front"}},
             {"traceId":"ab","parentId":"1","id":"2","kind":"SERVER","timestamp":\(start + 2),
              "localEndpoint":{"serviceName":"back"}}]
            """
        try await QueryServer.serving([post]) { server throws in
            let window =
                Message.field(1, Message.time(Self.now - 3_600_000_000_000)) + Message.field(2, Message.time(Self.now))
            for (port, service) in [
                (server.callPort, Self.v2), (server.callPort, Self.v3),
                (server.storagePort, "/jaeger.storage.v2.DependencyReader/"),
            ] {
                let client = try HTTP2Client(port: port)
                let links = try #require(try client.call(service + "GetDependencies", window).message).values(1)
                #expect(links.map { $0.texts(1) + $0.texts(2) } == [["front", "back"]])
                let count = ProtobufField.all(in: links.first ?? [])?.first { $0.number == 3 }
                #expect(count?.field == .number(1))
                let outcome = try client.call(service + "GetDependencies", [])
                #expect(outcome.code == Status.invalidArgument)
                #expect(outcome.rawMessage == "StartTime and EndTime must be initialized.")
            }
        }
    }

    // MARK: API v3

    @Test func `API v3 streams OTLP, each message of one trace`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.callPort)
            #expect(
                try client.call(Self.v3 + "GetServices", []).message?.texts(1) == ["back.shop", "front.shop"])
            let found = try client.call(Self.v3 + "FindTraces", Message.field(1, Self.window))
            let parts = try #require(found.messages).map { try $0.otlpSpans() }
            #expect(
                parts.map { Set($0.map(\.traceID)) } == [[TraceID(high: 1, low: 0xab)], [TraceID(high: 0, low: 0xab)]])
            let none = Message.field(1, Self.window + Message.field(1, "none"))
            let empty = try client.call(Self.v3 + "FindTraces", none)
            #expect(empty.code == 0 && empty.messages == [])
            let one = try client.call(Self.v3 + "GetTrace", Message.field(1, "000000000000000100000000000000ab"))
            #expect(try one.messages?.map { try $0.otlpSpans().count } == [1])
            let missing = try client.call(Self.v3 + "GetTrace", Message.field(1, "ff"))
            #expect(missing.code == Status.notFound && missing.rawMessage == "trace not found")
            let summaries = try client.call(Self.v3 + "FindTraceSummaries", Message.field(1, Self.window))
            #expect(summaries.code == 0 && summaries.messages?.count == 2)
        }
    }
}
