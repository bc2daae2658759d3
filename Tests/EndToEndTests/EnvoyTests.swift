import Foundation
import PeerTestSupport
import TestSupport
import Testing

extension PeerTests {
    /// A real Envoy, configured as Istio configures its sidecars, sends with each of its tracers.
    @Suite struct EnvoyTests {
        private struct Run: Decodable {
            struct Request: Decodable {
                let traceID: String
                let clientSpanID: String
                let sidecarSpanID: String
                let method: String
                let path: String
                let userAgent: String
                let isUTF8: Bool
                let status: Int
            }

            let requests: [Request]
            let stats: [String: Int]
            let service: String
        }

        @Test(
            .peers(.current),
            arguments: [
                ("zipkin-json", "zipkin"), ("zipkin-proto", "zipkin"), ("otlp-grpc", "otlp-grpc"),
                ("otlp-http", "otlp-http"),
            ])
        func `every span of an Envoy is stored, and Envoy counts none as lost`(tracer: String, listener: String) throws
        {
            let process = try SkeinProcess.started()
            let output = try PeerEnvironment.current.run("envoy_mesh.py", [tracer, "\(try process.port(listener))"])
            let run = try JSONDecoder().decode(Run.self, from: output)
            expectNothingLost(run.stats, tracer, spanCount: 3 * run.requests.count)

            let client = try SkeinClient(process)
            for request in run.requests {
                let spans = try #require(try client.zipkinTrace(request.traceID), "\(request.method) \(request.path)")
                expect(spans, request, run.service, tracer)
                let jaeger = try #require(try client.jaegerTrace(request.traceID))
                #expect(jaeger.spans.map(\.spanID).sorted() == spans.map(\.id).sorted())
                for span in jaeger.spans {
                    #expect(jaeger.processes[span.processID]?.serviceName == run.service)
                    let status = span.tags.first { $0.key == "http.status_code" }
                    #expect(status?.text == String(request.status) && status?.type == "string")
                }
            }
            #expect(try client.zipkinSearch(service: run.service).count == run.requests.count)
            try process.terminate()
        }

        private func expectNothingLost(_ stats: [String: Int], _ tracer: String, spanCount: Int) {
            let total = stats["cluster.collector.upstream_rq_total"] ?? 0
            #expect(total > 0)
            // Zipkin's tracer takes nothing but 202 for a success.
            let code = tracer.hasPrefix("zipkin") ? "202" : "200"
            #expect(stats["cluster.collector.upstream_rq_\(code)"] == total)
            #expect(stats["cluster.collector.upstream_rq_5xx", default: 0] == 0)
            let family = tracer.hasPrefix("zipkin") ? "zipkin" : "opentelemetry"
            #expect(stats["tracing.\(family).spans_sent"] == spanCount)
            if family == "zipkin" {
                #expect(stats["tracing.zipkin.reports_sent"] == total)
                #expect(stats["tracing.zipkin.reports_dropped", default: 0] == 0)
                #expect(stats["tracing.zipkin.reports_failed", default: 0] == 0)
                #expect(stats["tracing.zipkin.reports_skipped_no_cluster", default: 0] == 0)
            }
        }

        /// The gateway's two spans and the sidecar's, one below the other.
        private func expect(_ spans: [ZipkinSpan], _ request: Run.Request, _ service: String, _ tracer: String) {
            // Envoy's Zipkin protobuf has span IDs in the machine's byte order; they are kept as they come.
            let isReversed = tracer == "zipkin-proto"
            let clientID = isReversed ? Self.reversed(request.clientSpanID) : request.clientSpanID
            let sidecarID = isReversed ? Self.reversed(request.sidecarSpanID) : request.sidecarSpanID
            #expect(spans.count == 3)
            let gateway = spans.first { $0.parentId == clientID }
            let call = spans.first { $0.parentId == gateway?.id && $0.kind == "CLIENT" }
            let sidecar = spans.first { $0.parentId == call?.id }
            #expect(gateway?.kind == "SERVER" && sidecar?.kind == "SERVER" && call != nil)
            #expect(sidecar?.id == sidecarID)
            for span in spans {
                #expect(span.traceId == request.traceID)
                #expect(span.localEndpoint?.serviceName == service)
                #expect((span.timestamp ?? 0) > 0 && (span.duration ?? 0) > 0)
                #expect(span.tags?["http.status_code"] == String(request.status))
                #expect(span.tags?["istio.canonical_revision"] == "v1")
                #expect(span.tags?["error"] == (request.status >= 500 ? "true" : nil))
            }
            for span in [gateway, sidecar] {
                #expect(span?.tags?["http.method"] == request.method)
                #expect(span?.tags?["http.url"]?.hasSuffix(request.path) == true)
                // Bytes that are no text: Envoy itself writes blanks into JSON; elsewhere they come as they are.
                if request.isUTF8 || tracer != "zipkin-json" {
                    #expect(span?.tags?["user_agent"] == request.userAgent)
                } else {
                    #expect(span?.tags?["user_agent"]?.hasSuffix(" latin") == true)
                }
            }
        }

        /// The same bytes from the last to the first.
        private static func reversed(_ hex: String) -> String {
            let digits = Array(hex)
            return stride(from: digits.count - 2, through: 0, by: -2).map { String(digits[$0...($0 + 1)]) }.joined()
        }
    }
}
