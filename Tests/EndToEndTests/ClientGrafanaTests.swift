import TestSupport
import Testing

extension ClientTests {
    /// Grafana's data source for Jaeger, with and without its toggle for API v3, and the one for Zipkin.
    @Suite struct GrafanaTests {
        @Test func `Grafana's Jaeger: the test button, services and operations`() throws {
            let server = try ClientServer.current
            let services = try server.json("query", "/api/services")
            ClientType.jaeger(.list(.string)).expect(services)
            #expect(services["data"].items.compactMap(\.text) == server.services)
            let operations = try server.json("query", "/api/services/istio-ingressgateway.istio-system/operations")
            ClientType.jaeger(.list(.string)).expect(operations)
            #expect(operations["data"].items.contains { $0.text?.contains("/productpage") == true })
            // Escaped as one segment of a path.
            ClientType.jaeger(.list(.string)).expect(
                try server.json("query", "/api/services/a%2Fb%20c/operations"))
        }

        @Test func `Grafana's Jaeger: a search as the form fills it`() throws {
            let server = try ClientServer.current
            let window = TimeWindow.lastHour
            func expectFound(_ query: [(String, String)], _ passes: (ZipkinSpan) -> Bool) throws {
                let answer = try server.json(
                    "query", "/api/traces",
                    query + [
                        ("end", "\(window.end)"), ("limit", "1000"), ("service", "reviews.default"),
                        ("start", "\(window.start)"),
                    ])
                // Grafana sorts by the first span of each trace.
                ClientType.jaegerTraces.expect(answer)
                let expected = server.traceIDs { $0.localEndpoint?.serviceName == "reviews.default" && passes($0) }
                #expect(!expected.isEmpty)
                #expect(Set(answer["data"].items.compactMap { $0["traceID"].text }) == expected, "\(query)")
            }
            try expectFound([]) { _ in true }
            try expectFound([("minDuration", "0.02s")]) { $0.duration ?? 0 >= 20_000 }
            try expectFound([("maxDuration", "10ms"), ("minDuration", "500us")]) {
                (500...10_000).contains($0.duration ?? 0)
            }
            try expectFound([("tags", #"{"http.status_code":"503","istio.canonical_revision":"v2"}"#)]) {
                $0.tags?["http.status_code"] == "503" && $0.tags?["istio.canonical_revision"] == "v2"
            }
            let name = try #require(
                server.spansByTrace.values.joined().first { $0.localEndpoint?.serviceName == "reviews.default" }?.name)
            try expectFound([("operation", name)]) { $0.name == name }
        }

        /// With the option for a time range it sends milliseconds where Jaeger reads microseconds.
        @Test(arguments: [false, true]) func `Grafana's Jaeger: one trace`(isWithTimes: Bool) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let (id, sent) = try server.trace
            let hints = isWithTimes ? [("end", "\(end)000"), ("start", "\(start)000")] : []
            let answer = try server.json("query", "/api/traces/\(id)", hints)
            ClientType.jaegerTraces.expect(answer)
            #expect(answer["data"][0]["spans"].items.count == sent.count)
        }

        @Test func `Grafana's Jaeger: the graph of dependencies`() throws {
            let server = try ClientServer.current
            let answer = try server.json(
                "query", "/api/dependencies",
                [("endTs", "\(TimeWindow.lastHour.end / 1_000)"), ("lookback", "3660000")])
            ClientType.jaeger(.list(.strict(["parent": .string, "child": .string, "callCount": .int(64)])))
                .expect(answer)
            #expect(answer["errors"] == .null)
            #expect(
                answer["data"].items.contains {
                    $0["parent"].text == "productpage.default" && $0["child"].text == "reviews.default"
                })
        }

        @Test func `Grafana's Jaeger with its toggle: services, operations and a trace of API v3`() throws {
            let server = try ClientServer.current
            let services = try server.json("query", "/api/v3/services")
            #expect(services["services"].items.compactMap(\.text) == server.services)
            let operations = try server.json("query", "/api/v3/operations", [("service", "reviews.default")])
            ClientType.object(["operations": .filledList(.object(["name": .string, "spanKind": .string]))])
                .expect(operations)
            let (id, sent) = try server.trace
            // The times stand in the request as they are: the sign of a zone arrives as a blank.
            for zone in ["Z", "+08:00", "-03:30"] {
                let (start, end) = ("2026-01-31T12:00:00.000000001" + zone, "2036-01-31T12:00:00" + zone)
                let answer = try server.json("query", "/api/v3/traces/\(id)?start_time=\(start)&end_time=\(end)")
                Self.v3Trace.expect(answer)
                let spans = answer["result"]["resourceSpans"].items.flatMap(\.self["scopeSpans"].items).flatMap {
                    $0["spans"].items
                }
                #expect(Set(spans.compactMap { $0["spanId"].text }) == Set(sent.map(\.id)) && spans.count == sent.count)
            }
            let gone = try server.get("query", "/api/v3/traces/0123456789abcdef")
            #expect(gone.status == 404)
            ClientType.object(["error": .object(["httpCode": .int(64), "message": .string])])
                .expect(try ClientJSON(gone.body))
        }

        private static let v3Attributes = ClientType.list(
            .object(["key": .string, "value": .object([:], optional: ["stringValue": .string])]))
        private static let v3Trace = ClientType.object([
            "result": .object([
                "resourceSpans": .filledList(
                    .object([
                        "resource": .object(["attributes": v3Attributes]),
                        "scopeSpans": .filledList(
                            .object([
                                "spans": .filledList(
                                    .object(
                                        [
                                            "traceId": .hex, "spanId": .hex, "name": .string, "kind": .int(32),
                                            "startTimeUnixNano": .digits, "endTimeUnixNano": .digits,
                                            "attributes": v3Attributes,
                                        ],
                                        optional: [
                                            "parentSpanId": .string,
                                            "status": .object([:], optional: ["code": .int(32), "message": .string]),
                                        ]))
                            ])),
                    ]))
            ])
        ])

        @Test func `Grafana's Zipkin: the test button, names, traces and one trace`() throws {
            let server = try ClientServer.current
            let services = try server.json("zipkin", "/api/v2/services")
            #expect(services.items.compactMap(\.text) == server.services)
            let names = try server.json("zipkin", "/api/v2/spans", [("serviceName", "productpage.default")])
            let name = try #require(names[0].text)
            // Neither a limit nor a time.
            let traces = try server.json(
                "zipkin", "/api/v2/traces", [("serviceName", "productpage.default"), ("spanName", name)])
            ClientType.filledList(LensTests.trace).expect(traces)
            #expect(traces.items.count <= 10)
            let (id, sent) = try server.trace
            let trace = try server.json("zipkin", "/api/v2/trace/\(id)")
            LensTests.trace.expect(trace)
            #expect(trace.items.count == sent.count)
            #expect(try server.get("zipkin", "/api/v2/trace/0123456789abcdef").status == 404)
        }
    }

    /// Grafana's data source for Tempo, without streaming.
    @Suite struct GrafanaTempoTests {
        @Test func `Grafana's Tempo: the test button`() throws {
            #expect(try ClientServer.current.get("tempo", "/api/echo").status == 200)
        }

        @Test(arguments: [false, true])
        func `Grafana's Tempo: one trace as protobuf, in both forms`(isWithTimes: Bool) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let range = isWithTimes ? [("start", "\(start)"), ("end", "\(end)")] : []
            let accept = [("accept", "application/protobuf")]
            let short = try #require(server.spansByTrace.first { $0.key.count == 16 })
            for (id, sent) in [try server.trace, (short.key, short.value)] {
                let wrapped = try server.get("tempo", "/api/v2/traces/\(id)", range, headers: accept)
                let plain = try server.get("tempo", "/api/traces/\(id)", range, headers: accept)
                for answer in [wrapped, plain] {
                    #expect(answer.status == 200 && answer.header("content-type") == "application/protobuf")
                }
                let inner = try RecordedProtobuf.messages(in: wrapped.body, field: 1).flatMap { $0 }
                for trace in [inner, plain.body] { try expectReadable(trace, sent) }
            }
        }

        /// Grafana reads the resource, the scope and each status without asking whether they are there, and drops
        /// spans of a resource without attributes.
        private func expectReadable(_ trace: [UInt8], _ sent: [ZipkinSpan]) throws {
            let spans = try RecordedProtobuf.otlpSpans(trace)
            #expect(spans.map(\.id).sorted() == sent.map(\.id).sorted())
            for span in spans {
                let own = try #require(sent.first { $0.id == span.id })
                let padded = String(repeating: "0", count: 32 - own.traceId.count) + own.traceId
                #expect(span.traceId == padded)
                #expect(span.name == own.name && span.kind == own.kind && span.timestamp == own.timestamp)
                #expect(span.localEndpoint?.serviceName == own.localEndpoint?.serviceName)
                #expect(span.tags?["node_id"] == own.tags?["node_id"])
            }
            for group in try RecordedProtobuf.messages(in: trace, field: 1) {
                let resources = try RecordedProtobuf.messages(in: group, field: 1)
                #expect(resources.count == 1 && resources.first?.isEmpty == false)
                for scoped in try RecordedProtobuf.messages(in: group, field: 2) {
                    #expect(try RecordedProtobuf.messages(in: scoped, field: 1).count == 1)
                    for span in try RecordedProtobuf.messages(in: scoped, field: 2) {
                        #expect(try RecordedProtobuf.messages(in: span, field: 15).count == 1)
                    }
                }
            }
        }

        @Test func `Grafana's Tempo: a trace that is gone`() throws {
            for path in ["/api/v2/traces/", "/api/traces/"] {
                let answer = try ClientServer.current.get(
                    "tempo", path + "0123456789abcdef", headers: [("accept", "application/protobuf")])
                #expect(answer.status == 404)
            }
        }

        private static let value = ClientType.strict(
            [:],
            optional: [
                "stringValue": .string, "boolValue": .bool, "intValue": .string, "doubleValue": .any,
                "arrayValue": .any, "kvlistValue": .any, "bytesValue": .string,
            ])
        private static let attributes = ClientType.list(.strict(["key": .string, "value": value]))
        private static let spanset = ClientType.strict(
            [
                "matched": .uint(32),
                "spans": .filledList(
                    .strict(
                        ["spanID": .hex, "startTimeUnixNano": .digits, "durationNanos": .digits],
                        optional: ["name": .string, "attributes": attributes])),
            ], optional: ["attributes": attributes])
        /// The message `SearchResponse`: what is none of its fields fails the answer.
        private static let found = ClientType.strict(
            [
                "traces": .list(
                    .strict(
                        [
                            "traceID": .hex, "rootServiceName": .string, "rootTraceName": .string,
                            "startTimeUnixNano": .digits, "durationMs": .uint(32), "spanSet": spanset,
                            "spanSets": .filledList(spanset),
                        ],
                        optional: [
                            "serviceStats": .map(.strict(["spanCount": .uint(32)], optional: ["errorCount": .uint(32)]))
                        ]))
            ],
            optional: [
                "metrics": .strict(
                    [:],
                    optional: [
                        "inspectedTraces": .uint(32), "inspectedBytes": .digits, "totalBlocks": .uint(32),
                        "completedJobs": .uint(32), "totalJobs": .uint(32), "totalBlockBytes": .digits,
                        "inspectedSpans": .digits, "backendReads": .digits, "backendBytes": .digits,
                    ])
            ])

        @Test(arguments: [
            "{}", #"{resource.service.name="reviews.default" && name=~".*reviews.*"}"#, "{status=error}",
            #"{nestedSetParent<0 && kind=server} | select(span.http.status_code, duration, status)"#,
            #"{resource.service.name="productpage.default"} >> {resource.service.name="reviews.default"}"#,
            "{} | count() > 5", #"{} | avg(duration) > 1ms | by(resource.service.name)"#, #"{.nothing="x"}"#,
        ])
        func `Grafana's Tempo: a search, read strictly`(text: String) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let answer = try server.json(
                "tempo", "/api/search",
                [("end", "\(end)"), ("limit", "20"), ("q", text), ("spss", "3"), ("start", "\(start)")])
            Self.found.expect(answer)
            let traces = answer["traces"].items
            #expect(traces.isEmpty == text.contains("nothing") && traces.count <= 20)
            for trace in traces {
                let id = trace["traceID"].text ?? ""
                let sent = try #require(server.spansByTrace.first { $0.key.trimmingZeros == id }?.value)
                for spanset in trace["spanSets"].items {
                    #expect(spanset["spans"].items.count <= 3)
                    for span in spanset["spans"].items {
                        let own = try #require(sent.first { $0.id == span["spanID"].text })
                        #expect(span["startTimeUnixNano"].text == own.timestamp.map { "\($0)000" })
                        #expect(span["durationNanos"].text == "\(own.duration ?? 0)000")
                    }
                }
            }
        }

        @Test func `Grafana's Tempo: a query that is wrong is told in words`() throws {
            let answer = try ClientServer.current.get("tempo", "/api/search", [("q", "{ name = }")])
            #expect(answer.status == 400 && answer.header("content-type")?.hasPrefix("text/plain") == true)
            #expect(answer.text.contains("TraceQL"))
        }

        @Test func `Grafana's Tempo: names of attributes and their values`() throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let range = [("start", "\(start)"), ("end", "\(end)")]
            for query in [[("limit", "5000")], [("limit", "5000")] + range] {
                let answer = try server.json("tempo", "/api/v2/search/tags", query)
                ClientType.strict(["scopes": .list(.strict(["name": .string, "tags": .list(.string)]))]).expect(answer)
                let scopes = Dictionary(
                    answer["scopes"].items.map { ($0["name"].text ?? "", $0["tags"].items.compactMap(\.text)) },
                    uniquingKeysWith: { $0 + $1 })
                #expect(scopes["resource"]?.contains("service.name") == true)
                #expect(scopes["span"]?.contains("http.status_code") == true)
                #expect(scopes["intrinsic"]?.contains("status") == true)
            }
            func values(_ tag: String, _ query: [(String, String)]) throws -> [String] {
                let answer = try server.json(
                    "tempo", "/api/v2/search/tag/\(tag)/values", [("limit", "5000"), ("tag", tag)] + query)
                ClientType.strict(["tagValues": .list(.strict(["type": .string, "value": .string]))]).expect(answer)
                return answer["tagValues"].items.compactMap { $0["value"].text }.sorted()
            }
            let codes = Set(server.spansByTrace.values.joined().compactMap { $0.tags?["http.status_code"] })
            #expect(try values("resource.service.name", []) == server.services)
            #expect(try values("span.http.status_code", range) == codes.sorted())
            #expect(try values("status", range) == ["error", "ok", "unset"])
            let some = try values(
                "resource.service.name", range + [("q", #"{span.http.status_code="503"}"#)])
            #expect(some.contains("reviews.default") && !some.contains("ratings.default"))
        }

        @Test(arguments: ["query_range", "query"])
        func `Grafana's Tempo: metrics of traces are refused in words`(path: String) throws {
            let (start, end) = ClientServer.seconds
            let answer = try ClientServer.current.get(
                "tempo", "/api/metrics/\(path)",
                [("end", "\(end)"), ("exemplars", "100"), ("q", "{} | rate()"), ("start", "\(start)"), ("step", "15s")])
            #expect(answer.status == 422 && answer.header("content-type")?.hasPrefix("text/plain") == true)
        }
    }
}
