import Foundation
import HTTPAPI
import Releases
import TestSupport
import Testing

/// Comparisons of traces over TCP, with a real store behind.
@Suite(.serialized, .onBothStores) struct TraceDiffRoutesTests {
    private static let start = Int64(Date().timeIntervalSince1970 * 1000) * 1000 - 60_000_000

    private static func span(
        trace: String, id: String, parent: String? = nil, kind: String = "SERVER", service: String, at: Int64 = 0,
        duration: Int64 = 2000, status: String = "200", version: String = "v1"
    ) -> String {
        """
        {"traceId":"\(trace)","id":"\(id)",\(parent.map { "\"parentId\":\"\($0)\"," } ?? "")"kind":"\(kind)",
        "name":"get","timestamp":\(start + at),"duration":\(duration),"localEndpoint":{"serviceName":"\(service)"},
        "tags":{"http.status_code":"\(status)","istio.canonical_revision":"\(version)"}}
        """
    }

    private static let posts = [
        "["
            + [
                span(trace: "a", id: "1", service: "web", duration: 10_000),
                span(trace: "a", id: "2", parent: "1", kind: "CLIENT", service: "web", at: 1000, duration: 4000),
                span(trace: "a", id: "3", parent: "2", service: "cart", at: 2000, duration: 2000),
                span(trace: "b", id: "4", service: "web", duration: 30_000),
                span(trace: "b", id: "5", parent: "4", kind: "CLIENT", service: "web", at: 1000, duration: 24_000),
                span(
                    trace: "b", id: "6", parent: "5", service: "cart", at: 2000, duration: 22_000, status: "503",
                    version: "v2"),
                span(trace: "b", id: "7", parent: "6", kind: "CLIENT", service: "cart", at: 3000, duration: 12_000),
            ].joined(separator: ",") + "]"
    ]

    private func get(_ server: QueryServer, _ query: String) throws -> (status: Int, body: [UInt8]) {
        let response = try server.jaeger.request("GET", "/api/skein/v1/traces/compare?" + query)
        #expect(response.header("content-type") == "application/json")
        return (response.status, response.body)
    }

    @Test func `two traces are compared call by call`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let (status, body) = try get(server, "a=a&b=B")
            #expect(status == 200)
            let report = try JSONDecoder().decode(TraceDiffReport.self, from: Data(body))
            #expect(report.a.traceID == "000000000000000a" && report.b.traceID == "000000000000000b")
            #expect(report.rows.map(\.match) == ["matched", "matched", "added"])
            #expect(report.rows[1].service == "cart" && report.rows[1].changes == ["slower", "status", "version"])
            #expect(
                report.rows[1].a?.durationNanos == 4_000_000 && report.rows[1].b?.serverSpanID == "0000000000000006")
            #expect(report.words.first == "b took 30 ms, a 10 ms: 20 ms longer")
            #expect(report.b.criticalPath.services.map(\.service) == ["cart", "web"])
            #expect(report.leftOutCount == 0 && !report.a.isCut)
            let short = try JSONDecoder().decode(
                TraceDiffReport.self, from: Data(try get(server, "a=a&b=b&limit=1").body))
            #expect(short.rows.count == 1 && short.leftOutCount == 2)
        }
    }

    @Test func `two spans of one trace are compared`() async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let body = try get(server, "a=b&b=b&aSpan=7&bSpan=6").body
            let report = try JSONDecoder().decode(TraceDiffReport.self, from: Data(body))
            #expect(report.a.spanCount == 1 && report.b.spanCount == 2)
            #expect(report.rows.map(\.match) == ["matched", "added"])
        }
    }

    @Test(arguments: [
        ("a=a", 400, "b: missing"), ("a=x&b=b", 400, "a: no trace ID of 1 to 32 hex digits: x"),
        ("a=a&b=b&aSpan=z", 400, "aSpan: no span ID of 1 to 16 hex digits: z"),
        ("a=a&b=b&limit=10001", 400, "limit: not a number from 0 to 10000: 10001"),
        ("a=a&b=b&c=1", 400, "unknown parameter c"), ("a=a&b=c", 404, "no span of trace 000000000000000c is stored"),
        ("a=a&b=b&bSpan=1", 404, "no span 0000000000000001 of trace 000000000000000b is stored"),
    ])
    func `what is wrong or not there is said`(query: String, status: Int, message: String) async throws {
        try await QueryServer.serving(Self.posts) { server throws in
            let answer = try get(server, query)
            #expect(answer.status == status)
            #expect(String(decoding: answer.body, as: UTF8.self).contains(message))
        }
    }
}
