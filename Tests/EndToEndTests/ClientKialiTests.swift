import TestSupport
import Testing

extension ClientTests {
    /// Kiali with `use_grpc: false`, its version check, and the page that looks for tracing backends. What it asks over
    /// gRPC, its default, is in `Tests/Peers/ask_grpc.py`.
    @Suite struct KialiTests {
        private let cluster = ("tags", #"{"istio.cluster_id":"Kubernetes"}"#)

        @Test func `Kiali's status light and its list of services`() throws {
            let server = try ClientServer.current
            let answer = try server.json("query", "/jaeger/api/services")
            ClientType.jaeger(.list(.string)).expect(answer)
            #expect(answer["data"].items.compactMap(\.text) == server.services)
            #expect(answer["errors"] == .null)
        }

        /// The service's page, with the durations to choose from.
        @Test(
            arguments: ["reviews.default", "istio-ingressgateway.istio-system"], [nil, 20_000])
        func `Kiali's traces of a service`(service: String, minDuration: Int64?) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            var query = [("end", "\(end)000000"), ("limit", "10000")]
            if let minDuration { query.append(("minDuration", "\(minDuration)us")) }
            query += [("service", service), ("start", "\(start)000000"), cluster]
            let answer = try server.json("query", "/jaeger/api/traces", query)
            ClientType.jaegerTraces.expect(answer)
            let expected = server.traceIDs { span in
                span.localEndpoint?.serviceName == service && span.tags?["istio.cluster_id"] == "Kubernetes"
                    && span.duration ?? 0 >= minDuration ?? 0
            }
            let found = answer["data"].items
            #expect(!expected.isEmpty && Set(found.compactMap { $0["traceID"].text }) == expected)
            #expect(found.count == expected.count)
            for trace in found.prefix(20) { try expectRead(trace, server) }
        }

        /// What Kiali filters on, on its side, and shows.
        private func expectRead(_ trace: ClientJSON, _ server: ClientServer) throws {
            let sent = try #require(server.spansByTrace[trace["traceID"].text ?? ""])
            #expect(trace["spans"].items.count == sent.count)
            for span in trace["spans"].items {
                let own = try #require(sent.first { $0.id == span["spanID"].text })
                let process = trace["processes"][span["processID"].text ?? ""]
                #expect(process["serviceName"].text == own.localEndpoint?.serviceName)
                #expect(span["startTime"].integer == own.timestamp && span["duration"].integer == own.duration)
                #expect(span["operationName"].text == own.name)
                let tags = Dictionary(
                    span["tags"].items.map { ($0["key"].text ?? "", $0["value"].text) }, uniquingKeysWith: { $1 })
                for key in ["component", "node_id", "http.status_code", "http.method", "response_flags"] {
                    #expect(tags[key] ?? nil == own.tags?[key], "\(key)")
                }
                #expect(tags["span.kind"] == own.kind?.lowercased())
            }
        }

        @Test(arguments: ["reviews.default", "productpage.default", "details.default"])
        func `Kiali's count of errors, without a limit`(service: String) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let answer = try server.json(
                "query", "/jaeger/api/traces",
                [
                    ("end", "\(end)000000"), ("service", service), ("start", "\(start)000000"),
                    ("tags", #"{"error":"true"}"#),
                ])
            ClientType.jaegerTraces.expect(answer)
            let expected = server.traceIDs { $0.localEndpoint?.serviceName == service && $0.tags?["error"] != nil }
            #expect(expected.count < 100 && Set(answer["data"].items.compactMap { $0["traceID"].text }) == expected)
        }

        @Test func `Kiali's page of one trace, and of one that is gone`() throws {
            let server = try ClientServer.current
            let short = try #require(server.spansByTrace.keys.first { $0.count == 16 })
            for id in [try server.trace.id, short] {
                let answer = try server.json("query", "/jaeger/api/traces/\(id)")
                ClientType.jaegerTraces.expect(answer)
                #expect(answer["data"].items.count == 1)
                try expectRead(answer["data"][0], server)
            }
            // An empty list is as good as none to Kiali.
            let gone = try ClientJSON(try server.get("query", "/jaeger/api/traces/0123456789abcdef").body)
            ClientType.jaegerTraces.expect(gone)
            #expect(gone["data"].items.isEmpty)
        }

        /// The slice that Kiali makes of the page, without a look at whether the texts are there.
        @Test(arguments: ["/jaeger", "/jaeger/", "/"])
        func `Kiali's version check`(path: String) throws {
            let answer = try ClientServer.current.get("query", path, headers: [])
            #expect(answer.status == 200)
            let page = answer.text
            let mark = "const JAEGER_VERSION = "
            let start = try #require(page.firstRange(of: mark)).upperBound
            let end = try #require(page[start...].firstIndex(of: ";"))
            let version = try ClientJSON(Array(page[start..<end].utf8))
            ClientType.object(["gitVersion": .string, "gitCommit": .string, "buildDate": .string]).expect(version)
            #expect(version["gitVersion"].text?.isEmpty == false)
        }

        @Test func `Kiali's search for backends takes each port for what it is`() throws {
            let server = try ClientServer.current
            for path in ["/jaeger/api/services", "/api/services"] {
                ClientType.jaeger(.list(.string)).expect(try server.json("query", path))
                #expect(try server.get("tempo", path).status == 404)
            }
            let found = try server.json("tempo", "/api/search?q={}")
            #expect(!found["traces"].items.isEmpty)
            #expect(try server.get("query", "/api/search?q={}").status == 404)
            // A port for gRPC must end the connection, or answer; Kiali would wait.
            let connection = try HTTPConnection(port: try server.port("query-grpc"))
            do {
                let answer = try connection.request("GET", "/api/services")
                #expect(answer.status >= 400)
            } catch HTTPConnectionError.closed {}
        }
    }

    /// Kiali with the provider `tempo`, over HTTP.
    @Suite struct KialiTempoTests {
        private static let fields = """
            status, .service_name, .node_id, .component, .upstream_cluster, .http.method, .response_flags, \
            .istio.destination_workload, .istio.destination_namespace, .istio.destination_instance_name, \
            .istio.destination_canonical_service, .istio.source_workload, .istio.source_namespace, \
            .istio.source_instance_name, .istio.source_canonical_service, resource.hostname, name
            """

        @Test func `Kiali's health check, its version check and its list of services`() throws {
            let server = try ClientServer.current
            #expect(try server.get("tempo", "/api/echo").status == 200)
            let version = try server.json("tempo", "/api/status/buildinfo")["version"].text
            #expect(version?.isEmpty == false)
            let services = try server.json("tempo", "/status/services")
            #expect(services.items.compactMap(\.text) == server.services)
        }

        private func search(_ conditions: String, _ more: [(String, String)] = []) throws -> [ClientJSON] {
            let (start, end) = ClientServer.seconds
            let text = "{ \(conditions)  } && {  } | select(\(Self.fields))"
            let answer = try ClientServer.current.json(
                "tempo", "/api/search",
                [("end", "\(end)"), ("limit", "1000"), ("q", text), ("spss", "10"), ("start", "\(start)")] + more)
            ClientType.object(["traces": .list(Self.foundTrace)]).expect(answer)
            return answer["traces"].items
        }

        /// Kiali takes the first span of the spanset in the singular without a look.
        private static let foundTrace = ClientType.object([
            "traceID": .hex, "rootServiceName": .string, "rootTraceName": .string, "startTimeUnixNano": .digits,
            "durationMs": .int(64),
            "spanSet": .object([
                "matched": .int(64),
                "spans": .filledList(
                    .object(
                        [
                            "spanID": .hex, "startTimeUnixNano": .digits, "durationNanos": .digits, "name": .string,
                            "attributes": .list(.object(["key": .string, "value": .object(["stringValue": .string])])),
                        ])),
            ]),
        ])

        @Test(arguments: ["reviews.default", "productpage.default"])
        func `Kiali's traces of a service, in its very words`(service: String) throws {
            let server = try ClientServer.current
            let found = try search(#".service.name = "\#(service)"  &&  .istio.cluster_id = "Kubernetes" "#)
            let expected = server.traceIDs {
                $0.localEndpoint?.serviceName == service && $0.tags?["istio.cluster_id"] == "Kubernetes"
            }
            // Tempo leaves out zeros at the start of an ID.
            #expect(Set(found.compactMap { $0["traceID"].text }) == Set(expected.map { $0.trimmingZeros }))
            for trace in found.prefix(20) {
                let id = trace["traceID"].text ?? ""
                let sent = try #require(server.spansByTrace.first { $0.key.trimmingZeros == id }?.value)
                for span in trace["spanSet"]["spans"].items {
                    let own = try #require(sent.first { $0.id == span["spanID"].text })
                    let told = Dictionary(
                        span["attributes"].items.map { ($0["key"].text ?? "", $0["value"]["stringValue"].text) },
                        uniquingKeysWith: { $1 })
                    for key in ["node_id", "component", "upstream_cluster", "http.method", "response_flags"] {
                        #expect(told[key] ?? nil == own.tags?[key], "\(key)")
                    }
                    #expect(span["name"].text == own.name && told.keys.contains("status"))
                }
            }
        }

        @Test func `Kiali's errors, and its shortest duration`() throws {
            let server = try ClientServer.current
            let found = try search(#".service.name = "reviews.default"  &&  .http.status_code != "200" "#)
            let expected = server.traceIDs {
                $0.localEndpoint?.serviceName == "reviews.default" && $0.tags?["http.status_code"] ?? "200" != "200"
            }
            #expect(Set(found.compactMap { $0["traceID"].text }) == Set(expected.map { $0.trimmingZeros }))
            let long = try search(#".service.name = "reviews.default" "#, [("minDuration", "30ms")])
            #expect(!long.isEmpty && long.allSatisfy { $0["durationMs"].integer ?? 0 >= 30 })
        }

        @Test func `Kiali's page of one trace, in the shape of Tempo's first API`() throws {
            let server = try ClientServer.current
            let (id, sent) = try server.trace
            let answer = try server.json("tempo", "/api/traces/\(id)")
            let attributes = ClientType.list(
                .object(["key": .string, "value": .object([:], optional: ["stringValue": .string])]))
            ClientType.object([
                "batches": .filledList(
                    .object([
                        "resource": .object(["attributes": attributes]),
                        "scopeSpans": .filledList(
                            .object([
                                "spans": .filledList(
                                    .object([
                                        "traceId": .string, "spanId": .string, "name": .string, "kind": .string,
                                        "startTimeUnixNano": .digits, "endTimeUnixNano": .digits,
                                        "attributes": attributes, "status": .object([:], optional: ["code": .string]),
                                    ]))
                            ])),
                    ]))
            ]).expect(answer)
            let batches = answer["batches"].items
            // Kiali reads the first scope of each batch.
            #expect(batches.allSatisfy { $0["scopeSpans"].items.count == 1 })
            let spans = batches.flatMap { $0["scopeSpans"][0]["spans"].items }
            #expect(spans.count == sent.count)
            #expect(spans.compactMap { $0["name"].text }.sorted() == sent.compactMap(\.name).sorted())
            let kinds = sent.map { "SPAN_KIND_\($0.kind ?? "")" }
            #expect(spans.compactMap { $0["kind"].text }.sorted() == kinds.sorted())
            let services = batches.map { batch in
                batch["resource"]["attributes"].items.first { $0["key"].text == "service.name" }?["value"][
                    "stringValue"
                ].text
            }
            #expect(Set(services) == Set(sent.map { $0.localEndpoint?.serviceName }))
        }
    }
}

extension String {
    /// Without zeros at the start.
    var trimmingZeros: String { String(drop { $0 == "0" }) }
}
