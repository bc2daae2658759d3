import TestSupport
import Testing

extension ClientTests {
    /// Zipkin's page, Lens, below its base path and at the root.
    @Suite struct LensTests {
        static let endpoint = ClientType.object(
            [:], optional: ["serviceName": .string, "ipv4": .string, "ipv6": .string, "port": .uint(16)])
        /// As zipkin-go reads it, too.
        static let span = ClientType.object(
            ["traceId": .hex, "id": .hex],
            optional: [
                "parentId": .hex, "kind": .string, "name": .string, "timestamp": .uint(64), "duration": .uint(64),
                "localEndpoint": endpoint, "remoteEndpoint": endpoint, "shared": .bool, "debug": .bool,
                "annotations": .list(.object(["timestamp": .uint(64), "value": .string])), "tags": .map(.string),
            ])
        static let trace = ClientType.filledList(span)

        @Test(arguments: ["/zipkin/config.json", "/config.json"])
        func `Lens' settings`(path: String) throws {
            ClientType.object([
                "environment": .string, "queryLimit": .int(64), "defaultLookback": .int(64), "searchEnabled": .bool,
                "logsUrl": .nullable(.string), "supportUrl": .nullable(.string), "archivePostUrl": .nullable(.string),
                "archiveUrl": .nullable(.string),
                "dependency": .object(["enabled": .bool, "lowErrorRate": .number, "highErrorRate": .number]),
            ]).expect(try ClientServer.current.json("zipkin", path))
        }

        @Test(arguments: ["", "/zipkin"]) func `the lists that Lens offers`(prefix: String) throws {
            let server = try ClientServer.current
            func names(_ path: String, _ query: [(String, String)] = []) throws -> [String] {
                let answer = try server.json("zipkin", prefix + path, query)
                ClientType.list(.string).expect(answer)
                let names = answer.items.compactMap(\.text)
                #expect(names == names.sorted())
                return names
            }
            #expect(try names("/api/v2/services") == server.services)
            let reviews = ("serviceName", "reviews.default")
            let spans = server.spansByTrace.values.joined().filter { $0.localEndpoint?.serviceName == reviews.1 }
            #expect(try names("/api/v2/spans", [reviews]) == Set(spans.compactMap { $0.name?.lowercased() }).sorted())
            let remote = Set(spans.compactMap { $0.remoteEndpoint?.serviceName })
            #expect(try names("/api/v2/remoteServices", [reviews]) == remote.sorted())
            #expect(try names("/api/v2/autocompleteKeys").contains("http.status_code"))
            let values = Set(server.spansByTrace.values.joined().compactMap { $0.tags?["http.status_code"] })
            #expect(try names("/api/v2/autocompleteValues", [("key", "http.status_code")]) == values.sorted())
            let cached = try server.get("zipkin", prefix + "/api/v2/services").header("cache-control")
            #expect(cached == "max-age=300, must-revalidate")
        }

        @Test func `Lens' searches`() throws {
            let server = try ClientServer.current
            let end = ("endTs", "\(TimeWindow.lastHour.end / 1_000)")
            let window = [end, ("lookback", "3660000"), ("limit", "1000")]
            func expectFound(_ query: [(String, String)], _ passes: (ZipkinSpan) -> Bool) throws {
                let answer = try server.json("zipkin", "/zipkin/api/v2/traces", query + window)
                ClientType.list(Self.trace).expect(answer)
                let found = answer.items.compactMap { $0[0]["traceId"].text }
                let expected = server.traceIDs(where: passes)
                #expect(found.count == expected.count && Set(found) == expected, "\(query)")
            }
            func isOfReviews(_ span: ZipkinSpan) -> Bool { span.localEndpoint?.serviceName == "reviews.default" }
            try expectFound([], { _ in true })
            try expectFound([("serviceName", "reviews.default")], isOfReviews)
            try expectFound([("serviceName", "reviews.default"), ("minDuration", "20000")]) {
                isOfReviews($0) && $0.duration ?? 0 >= 20_000
            }
            try expectFound([("serviceName", "reviews.default"), ("annotationQuery", "error")]) {
                isOfReviews($0) && $0.tags?["error"] != nil
            }
            let both = "http.status_code=503 and istio.canonical_revision=v2"
            try expectFound([("serviceName", "reviews.default"), ("annotationQuery", both)]) {
                isOfReviews($0) && $0.tags?["http.status_code"] == "503"
            }
        }

        @Test func `Lens' pages of one trace, of several and of those that are gone`() throws {
            let server = try ClientServer.current
            let (id, sent) = try server.trace
            let one = try server.json("zipkin", "/zipkin/api/v2/trace/\(id)")
            Self.trace.expect(one)
            #expect(one.items.count == sent.count)
            let gone = try server.get("zipkin", "/zipkin/api/v2/trace/abc")
            #expect(gone.status == 404 && gone.text == "0000000000000abc not found")

            let ids = server.spansByTrace.keys.sorted().prefix(3) + ["0123456789abcdef"]
            let many = try server.json(
                "zipkin", "/zipkin/api/v2/traceMany", [("traceIds", ids.joined(separator: ","))])
            ClientType.list(Self.trace).expect(many)
            #expect(Set(many.items.compactMap { $0[0]["traceId"].text }) == Set(ids.prefix(3)))
            #expect(try server.get("zipkin", "/api/v2/traceMany?traceIds=\(id)").status == 400)
            #expect(try server.get("zipkin", "/api/v2/traceMany?traceIds=\(id),\(id)").status == 400)
        }

        @Test func `Lens' picture of who calls whom`() throws {
            let server = try ClientServer.current
            let links = try server.json(
                "zipkin", "/zipkin/api/v2/dependencies",
                [("endTs", "\(TimeWindow.lastHour.end / 1_000)"), ("lookback", "86400000")])
            ClientType.list(
                .object(
                    ["parent": .string, "child": .string, "callCount": .int(64)], optional: ["errorCount": .int(64)])
            ).expect(links)
            let calls = links.items.first {
                $0["parent"].text == "reviews.default" && $0["child"].text == "ratings.default"
            }
            #expect(calls?["callCount"].integer ?? 0 > 100)
            #expect(try server.get("zipkin", "/zipkin/api/v2/dependencies").status == 400)
        }
    }
}
