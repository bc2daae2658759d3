import Foundation
import HTTPAPI
import NetworkTestSupport
import Testing
import TraceModel

/// What a query service of Jaeger's own asks of its remote storage.
@Suite(.serialized, .onBothStores) struct JaegerStorageCallsTests {
    private typealias Message = JaegerMessage

    private static let now = Int64(Date().timeIntervalSince1970 * 1_000_000) * 1000
    private static let reader = "/jaeger.storage.v2.TraceReader/"

    private static var post: String {
        let start = now / 1000 - 60_000_000
        return """
            [{"traceId":"ab","id":"1","name":"get /","kind":"SERVER","timestamp":\(start),"duration":9000,
              "localEndpoint":{"serviceName":"front"},"tags":{"http.status_code":"200"}},
             {"traceId":"ab","parentId":"1","id":"2","name":"call","timestamp":\(start + 1000),
              "localEndpoint":{"serviceName":"back"}},
             {"traceId":"cd","id":"7","name":"tick","timestamp":\(start + 5000),"duration":1000,
              "localEndpoint":{"serviceName":"front"}}]
            """
    }

    /// As Jaeger sends a query: durations also where there are none, attributes with typed values.
    private static func query(_ service: String, _ attributes: [(String, value: [UInt8])] = []) -> [UInt8] {
        Message.field(
            1,
            Message.field(1, service)
                + attributes.flatMap { Message.field(3, Message.field(1, $0.0) + Message.field(2, $0.value)) }
                + Message.field(4, Message.time(now - 3_600_000_000_000)) + Message.field(5, Message.time(now))
                + Message.field(6, []) + Message.field(7, []) + Message.field(8, varint: 20))
    }

    private func traceIDs(_ outcome: CallOutcome) throws -> [Set<TraceID>] {
        #expect(outcome.code == 0)
        return try #require(outcome.messages).map { Set(try $0.otlpSpans().map(\.traceID)) }
    }

    @Test func `what may be searched is told`() async throws {
        try await QueryServer.serving([]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            let answer = try client.call("/jaeger.storage.v2.Capabilities/GetCapabilities", [])
            let search = try #require(answer.message?.values(1).first)
            let fields = try #require(ProtobufField.all(in: search))
            #expect(fields.map(\.number) == [1, 2] && fields.allSatisfy { $0.field == .number(1) })
        }
    }

    @Test func `names are listed`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            #expect(try client.call(Self.reader + "GetServices", []).message?.texts(1) == ["back", "front"])
            let operations = try client.call(Self.reader + "GetOperations", Message.field(1, "front")).message
            #expect(operations?.values(1).map { $0.texts(1) + $0.texts(2) } == [["get /", "server"], ["tick"]])
            let request = Message.field(1, "front") + Message.field(2, "server")
            let ofKind = try client.call(Self.reader + "GetOperations", request).message
            #expect(ofKind?.values(1).map { $0.texts(1) } == [["get /"]])
        }
    }

    @Test func `traces come by their IDs, those that are not there left out`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            let hints = Message.field(2, Message.yearOne) + Message.field(3, Message.yearOne)
            let items = [0xcd, 0xff, 0xab].map { low in
                Message.field(1, Message.field(1, Message.traceID(0, UInt64(low))) + hints)
            }
            let found = try client.call(Self.reader + "GetTraces", items.flatMap { $0 })
            #expect(try traceIDs(found) == [[TraceID(high: 0, low: 0xcd)], [TraceID(high: 0, low: 0xab)]])
            #expect(try traceIDs(try client.call(Self.reader + "GetTraces", items[1])).isEmpty)
            #expect(try traceIDs(try client.call(Self.reader + "GetTraces", [])).isEmpty)
        }
    }

    @Test func `a search has one trace a message, and attributes of any type`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            func find(_ query: [UInt8]) throws -> [Set<TraceID>] {
                try traceIDs(try client.call(Self.reader + "FindTraces", query))
            }
            #expect(try find(Self.query("front")) == [[TraceID(high: 0, low: 0xcd)], [TraceID(high: 0, low: 0xab)]])
            #expect(try find(Self.query("")).count == 2)
            #expect(try find(Self.query("none")).isEmpty)
            let text = Message.field(1, "200")
            let number = Message.field(3, varint: 200)
            for value in [text, number] {
                #expect(try find(Self.query("front", [("http.status_code", value)])) == [[TraceID(high: 0, low: 0xab)]])
            }
        }
    }

    @Test func `IDs and summaries are found without the spans`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            let ids = try #require(try client.call(Self.reader + "FindTraceIDs", Self.query("front")).message)
            #expect(ids.values(1).map { $0.values(1) } == [[Message.traceID(0, 0xcd)], [Message.traceID(0, 0xab)]])
            #expect(ids.values(1).allSatisfy { $0.values(2).count == 1 && $0.values(3).count == 1 })
            let summaries = try client.call(Self.reader + "FindTraceSummaries", Self.query("front"))
            #expect(summaries.code == 0 && summaries.messages?.isEmpty == false)
        }
    }

    @Test func `pages are refused, not passed over`() async throws {
        try await QueryServer.serving([Self.post]) { server throws in
            let client = try HTTP2Client(port: server.storagePort)
            let page = Message.field(1, Message.field(10, Message.field(1, varint: 5)))
            let outcome = try client.call(Self.reader + "FindTraces", page)
            #expect(outcome.code == 12 && outcome.rawMessage == "pagination is disabled")
        }
    }
}
