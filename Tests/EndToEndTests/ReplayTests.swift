import PeerTestSupport
import TestSupport
import Testing

extension EndToEndTests {
    /// What came in comes out: recorded mesh traffic, read back through both APIs.
    @Suite struct ReplayTests {
        private static let folders = [
            "bookinfo", "bookinfo-mirror", "bookinfo-odd", "bookinfo-zipkin-proto", "bookinfo-zipkin-proto-odd",
            "bookinfo-otlp-http", "bookinfo-otlp-http-odd",
        ]
        private static let foldersOfCalls = ["bookinfo-otlp-grpc", "bookinfo-otlp-grpc-odd"]

        @Test(arguments: folders)
        func `every recorded span is read back as it was posted, also after a restart`(folder: String) throws {
            try expectSpansAfterRestart(folder)
        }

        @Test(.peers(.current), arguments: foldersOfCalls)
        func `every recorded span of a call is read back as it was sent, also after a restart`(folder: String) throws {
            try expectSpansAfterRestart(folder)
        }

        private func expectSpansAfterRestart(_ folder: String) throws {
            let traffic = try RecordedTraffic(folder)
            let process = try SkeinProcess.started()
            try replay(traffic, of: folder, to: process)
            try expectAll(of: traffic, in: process)

            try process.terminate()
            try process.start()
            try expectAll(of: traffic, in: process)
            try process.terminate()
        }

        @Test(arguments: folders)
        func `every recorded span survives a kill right after the last answer`(folder: String) throws {
            try expectSpansAfterKill(folder)
        }

        @Test(.peers(.current), arguments: foldersOfCalls)
        func `every recorded span of a call survives a kill right after the last answer`(folder: String) throws {
            try expectSpansAfterKill(folder)
        }

        private func expectSpansAfterKill(_ folder: String) throws {
            let traffic = try RecordedTraffic(folder)
            let process = try SkeinProcess.started()
            try replay(traffic, of: folder, to: process)
            process.kill()

            try process.start()
            try expectAll(of: traffic, in: process)
            try process.terminate()
        }

        @Test func `a span is found by ID and by search within a second of its acceptance`() throws {
            let process = try SkeinProcess.started()
            let client = try SkeinClient(process)
            for number in 1...20 as ClosedRange<UInt64> {
                let service = "searched-\(number)"
                let span = ZipkinSpan.made(
                    traceID: number, spanID: number, service: service,
                    epochMicroseconds: TimeWindow.nowMicroseconds - 20_000_000)
                #expect(try client.post(ZipkinSpan.encodeList([span])).status == 202)
                let accepted = ContinuousClock.now

                // A slow machine may answer late, but no question asked a second later may go without its answer.
                var isFound = false
                while !isFound {
                    let isLast = ContinuousClock.now - accepted >= .seconds(1)
                    isFound =
                        try client.zipkinTrace(span.traceId)?.comparable == [span].comparable
                        && client.zipkinSearch(service: service, limit: 10).map(\.comparable) == [[span].comparable]
                        && client.jaegerSearch(service: service, limit: 10).map(\.traceID) == [span.traceId]
                    if isLast { break }
                }
                #expect(isFound, "span \(number)")
            }
            try process.terminate()
        }

        private func replay(_ traffic: RecordedTraffic, of folder: String, to process: SkeinProcess) throws {
            for (number, response) in try traffic.replay(to: process).enumerated() {
                #expect(response.status == (traffic.form == .otlpHTTP ? 200 : 202), "post \(number): \(response.text)")
                // For OTLP there may be a message about texts that were no UTF-8, but no number of refused spans.
                let hasMessage =
                    traffic.form == .otlpHTTP && folder.hasSuffix("odd") && response.body.dropFirst(2).first == 0x12
                #expect(response.body.isEmpty || hasMessage, "post \(number): \(response.text)")
            }
        }

        private func expectAll(of traffic: RecordedTraffic, in process: SkeinProcess) throws {
            #expect(traffic.bodies.count == traffic.truth.posts)
            #expect(Set(traffic.spansByTrace.keys) == Set(traffic.truth.traces.map(\.traceId)))
            let client = try SkeinClient(process)
            try expectTraces(of: traffic, in: client)
            try expectSearch(of: traffic, in: client)
            try expectNames(of: traffic, in: client)
        }

        private func expectTraces(of traffic: RecordedTraffic, in client: SkeinClient) throws {
            for trace in traffic.truth.traces {
                let posted = try #require(traffic.spansByTrace[trace.traceId])
                let zipkin = try #require(try client.zipkinTrace(trace.traceId), "trace \(trace.traceId)")
                try #require(zipkin.count == trace.spans)
                try #require(zipkin.comparable == posted.comparable)

                let jaeger = try #require(try client.jaegerTrace(trace.traceId), "trace \(trace.traceId)")
                try #require(jaeger.traceID == trace.traceId)
                try #require(jaeger.spans.count == trace.spans)
                let expected = Dictionary(uniqueKeysWithValues: posted.map { ($0.id, CommonSpan($0)) })
                for span in jaeger.spans {
                    let common = CommonSpan(span, of: jaeger, keys: expected[span.spanID]?.tags.keys.map { $0 } ?? [])
                    try #require(common == expected[span.spanID])
                }
            }
        }

        private func expectSearch(of traffic: RecordedTraffic, in client: SkeinClient) throws {
            var spanCounts: [String: Int] = [:]
            for span in traffic.spansByTrace.values.joined() {
                spanCounts[span.localEndpoint?.serviceName ?? "", default: 0] += 1
            }
            #expect(spanCounts == traffic.truth.spans.byService)

            var found: [String: [ZipkinSpan]] = [:]
            for (service, spanCount) in traffic.truth.spans.byService {
                let expected = traffic.spansByTrace.filter { trace in
                    trace.value.contains { $0.localEndpoint?.serviceName == service }
                }
                let traces = try client.zipkinSearch(service: service)
                #expect(traces.compactMap(\.first?.traceId).sorted() == expected.keys.sorted(), "traces of \(service)")
                let spans = traces.joined().filter { $0.localEndpoint?.serviceName == service }
                #expect(spans.count == spanCount, "spans of \(service)")
                for trace in traces {
                    found[trace.first?.traceId ?? ""] = trace
                }
                let jaeger = try client.jaegerSearch(service: service)
                #expect(jaeger.map(\.traceID).sorted() == expected.keys.sorted(), "traces of \(service)")
                #expect(jaeger.allSatisfy { $0.spans.count == expected[$0.traceID]?.count })
            }
            #expect(found.count == traffic.truth.traces.count)
            #expect(found.mapValues(\.comparable) == traffic.spansByTrace.mapValues(\.comparable))
        }

        private func expectNames(of traffic: RecordedTraffic, in client: SkeinClient) throws {
            let services = traffic.truth.spans.byService.keys.sorted()
            #expect(try client.zipkinServices().sorted() == services)
            #expect(try client.jaegerServices().sorted() == services)
            for service in services {
                let spans = traffic.spansByTrace.values.joined().filter { $0.localEndpoint?.serviceName == service }
                let names = Set(spans.compactMap { $0.name?.lowercased() }).sorted()
                #expect(try client.zipkinSpanNames(service: service).sorted() == names, "names of \(service)")
                #expect(try client.jaegerOperations(service: service).sorted() == names, "operations of \(service)")
            }
        }
    }
}
