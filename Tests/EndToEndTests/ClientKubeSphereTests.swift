import TestSupport
import Testing

extension ClientTests {
    @Suite struct KubeSphereTests {
        /// The console's query text, handed through with the service at its end. The console reads no status.
        @Test(arguments: [
            "", "&lookback=1800000000", "&loopback=3600&whatever=%7B%7D&minDuration=1ms&maxDuration=", "&namespace=",
        ])
        func `KubeSphere's traces of a service, with parameters that nobody knows`(more: String) throws {
            let server = try ClientServer.current
            let (start, end) = ClientServer.seconds
            let answer = try server.get(
                "query",
                "/api/traces?limit=5&start=\(start * 1_000)000&end=\(end * 1_000)000\(more)&service=reviews.default",
                headers: [])
            #expect(answer.status == 200)
            let found = try ClientJSON(answer.body)
            ClientType.jaegerTraces.expect(found)
            #expect(found["data"].items.count == 5 && found["errors"] == .null)
            for trace in found["data"].items {
                // The console counts spans by service and with errors: all of them have to be there.
                let sent = try #require(server.spansByTrace[trace["traceID"].text ?? ""])
                #expect(trace["spans"].items.count == sent.count)
                let errors = trace["spans"].items.filter { span in
                    span["tags"].items.contains {
                        $0["key"].text == "error" && [.bool(true), .string("true")].contains($0["value"])
                    }
                }
                #expect(errors.count == sent.count { $0.tags?["error"] != nil })
                #expect(sent.contains { $0.localEndpoint?.serviceName == "reviews.default" })
            }
        }
    }
}
