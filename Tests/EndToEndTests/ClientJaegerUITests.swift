import FoundationEssentials
import TestSupport
import Testing

extension ClientTests {
    /// Jaeger's web interface, 2.15 to 2.20, served by its own program or as files over this one.
    @Suite struct JaegerUITests {
        @Test(arguments: ["", "/jaeger"]) func `the interface's lists of services and operations`(prefix: String) throws
        {
            let server = try ClientServer.current
            let services = try server.json("query", prefix + "/api/v3/services")
            ClientType.object(["services": .list(.string)]).expect(services)
            #expect(services["services"].items.compactMap(\.text) == server.services)
            for service in ["reviews.default", "no such service"] {
                let operations = try server.json("query", prefix + "/api/v3/operations", [("service", service)])
                ClientType.object(["operations": .list(.object(["name": .string, "spanKind": .string]))])
                    .expect(operations)
                #expect(operations["operations"].items.isEmpty == (service == "no such service"))
            }
        }

        private static let summary = ClientType.object(
            ["traceId": .hex],
            optional: [
                "rootServiceName": .string, "rootOperationName": .string, "minStartTimeUnixNano": .digits,
                "maxEndTimeUnixNano": .digits, "spanCount": .uint(31), "errorSpanCount": .uint(31),
                "orphanSpanCount": .uint(31),
                "services": .list(
                    .object(["name": .string], optional: ["spanCount": .uint(31), "errorSpanCount": .uint(31)])),
            ])

        /// ISO 8601 as JavaScript writes it.
        private func search(_ query: [(String, String)]) throws -> [ClientJSON] {
            let (start, end) = ClientServer.seconds
            let answer = try ClientServer.current.json(
                "query", "/api/v3/trace-summaries",
                query + [
                    ("query.startTimeMin", Self.iso(start)), ("query.startTimeMax", Self.iso(end)),
                    ("query.searchDepth", "1000"),
                ])
            ClientType.object([:], optional: ["summaries": .list(Self.summary)]).expect(answer)
            return answer["summaries"].items
        }

        @Test func `the interface's searches`() throws {
            let server = try ClientServer.current
            func expectFound(_ query: [(String, String)], _ passes: (ZipkinSpan) -> Bool) throws {
                let found = try search(query)
                let expected = server.traceIDs(where: passes).map { String(repeating: "0", count: 32 - $0.count) + $0 }
                #expect(Set(found.compactMap { $0["traceId"].text }) == Set(expected), "\(query)")
                // The interface checks each ID by a pattern.
                #expect(found.allSatisfy { $0["traceId"].text?.count == 32 })
            }
            func isOfReviews(_ span: ZipkinSpan) -> Bool { span.localEndpoint?.serviceName == "reviews.default" }
            try expectFound([]) { _ in true }
            let service = ("query.serviceName", "reviews.default")
            try expectFound([service], isOfReviews)
            try expectFound([service, ("query.durationMin", "20ms"), ("query.durationMax", "1.5s")]) {
                isOfReviews($0) && $0.duration ?? 0 >= 20_000
            }
            try expectFound([service, ("query.attributes", #"{"http.status_code":"503"}"#)]) {
                isOfReviews($0) && $0.tags?["http.status_code"] == "503"
            }
            #expect(try search([("query.serviceName", "no such service")]).isEmpty)
        }

        @Test func `each column of the list of traces`() throws {
            let server = try ClientServer.current
            for summary in try search([]) {
                let id = summary["traceId"].text ?? ""
                let sent = try #require(server.spansByTrace[id] ?? server.spansByTrace[String(id.dropFirst(16))])
                #expect(summary["spanCount"].integer == Int64(sent.count))
                let errors = sent.count { $0.tags?["error"] != nil }
                // Of clients that hang up Envoy says the attribute `error` over OTLP, as text and without a status.
                #expect(summary["errorSpanCount"].integer ?? 0 == Int64(errors), "\(id)")
                let ids = Set(sent.map(\.id))
                let orphans = sent.count { $0.parentId.map { !ids.contains($0) } ?? false }
                #expect(summary["orphanSpanCount"].integer ?? 0 == Int64(orphans))
                #expect(summary["services"].items.count == Set(sent.map { $0.localEndpoint?.serviceName }).count)
                let start = sent.compactMap(\.timestamp).min() ?? 0
                #expect(Int64(summary["minStartTimeUnixNano"].text ?? "").map { $0 / 1_000 } == start)
                if let root = sent.first(where: { $0.parentId == nil }) {
                    #expect(summary["rootServiceName"].text == root.localEndpoint?.serviceName)
                    #expect(summary["rootOperationName"].text == root.name)
                }
            }
        }

        @Test(arguments: [[], [("raw", "true"), ("prettyPrint", "true")]] as [[(String, String)]])
        func `the interface's page of a trace, and its JSON links`(query: [(String, String)]) throws {
            let server = try ClientServer.current
            let (id, sent) = try server.trace
            let answer = try server.json("query", "/api/traces/\(id)", query)
            ClientType.jaegerTraces.expect(answer)
            let spans = answer["data"][0]["spans"].items
            #expect(spans.count == sent.count)
            for span in spans {
                let own = try #require(sent.first { $0.id == span["spanID"].text })
                let parents = span["references"].items.filter { $0["refType"].text == "CHILD_OF" }
                #expect(parents.compactMap { $0["spanID"].text } == [own.parentId].compactMap(\.self))
                let types: Set = ["string", "bool", "int64", "float64", "binary"]
                #expect(span["tags"].items.allSatisfy { types.contains($0["type"].text ?? "") })
            }
        }

        @Test func `the interface's graph, its archive and what is not there`() throws {
            let server = try ClientServer.current
            let links = try server.json(
                "query", "/api/dependencies",
                [("endTs", "\(TimeWindow.lastHour.end / 1_000)"), ("lookback", "604800000")])
            ClientType.jaeger(.list(.object(["parent": .string, "child": .string, "callCount": .int(64)])))
                .expect(links)
            #expect(!links["data"].items.isEmpty)
            // The button is not shown, because the page says so.
            let page = try server.get("query", "/", headers: []).text
            let mark = "const JAEGER_BACKEND_CAPABILITIES = "
            let start = try #require(page.firstRange(of: mark)).upperBound
            let capabilities = try ClientJSON(Array(page[start...].prefix { $0 != ";" }.utf8))
            #expect(capabilities["archiveStorage"] == .bool(false) && capabilities["metricsStorage"] == .bool(true))
            #expect(capabilities["searchWithoutServiceName"] == .bool(true))
            let unknown = try server.get("query", "/api/unknown")
            #expect(unknown.status == 404 && unknown.header("content-type")?.hasPrefix("text/plain") == true)
        }

        @Test func `the interface's upload of a file`() throws {
            let server = try ClientServer.current
            let id = try server.trace.id
            let file = try server.get("query", "/api/skein/v1/traces/\(id)/export?format=otlp")
            let connection = try HTTPConnection(port: try server.port("query"))
            let answer = try connection.request(
                "POST", "/api/transform", headers: [("content-type", "application/json")], body: .bytes(file.body))
            #expect(answer.status == 200)
            let transformed = try ClientJSON(answer.body)
            ClientType.jaegerTraces.expect(transformed)
            #expect(transformed["data"][0]["traceID"].text == id)
        }

        /// Links in Kiali and in tickets.
        @Test(
            arguments: ["", "/jaeger"],
            [
                "/trace/39a1c83d93ff90cec484e4f331316cd1",
                "/trace/39a1c83d93ff90cec484e4f331316cd1?uiFind=f4f92a7e547c390c",
                "/search?service=a&limit=20&start=1&end=2&tags=%7B%22error%22%3A%22true%22%7D",
                "/search?traceID=a&traceID=b",
                "/trace/39a1...4711?cohort=39a1&cohort=4711", "/search?span=f4f9@39a1", "/search?service=a&lookback=1h",
                "/dependencies", "/monitor?service=a&spanKind=server&timeframe=3600000", "",
            ])
        func `every link opens a page`(prefix: String, link: String) throws {
            let target = prefix + link
            let answer = try ClientServer.current.get(
                "query", target.isEmpty ? "/" : target, headers: [("accept", "text/html")])
            #expect(answer.status == 200 && answer.header("content-type")?.hasPrefix("text/html") == true)
        }

        /// A time as `Date.toISOString` writes it.
        private static func iso(_ seconds: Int64) -> String {
            Date(timeIntervalSince1970: Double(seconds)).formatted(
                Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
    }
}
