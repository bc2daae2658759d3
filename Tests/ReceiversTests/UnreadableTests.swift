import NetworkTestSupport
import Receivers
import Testing

@Suite struct UnreadableTests {
    @Test func `of bodies that cannot be read the log tells once in a while for each protocol`() async throws {
        try await RunningReceivers.run { receivers in
            for _ in 0..<5 {
                for path in ["/api/v2/spans", "/v1/traces"] {
                    let answer = try receivers.post(path, [1], type: "application/json")
                    #expect(answer.status == 400)
                }
            }
            let lines = receivers.log.lines
            #expect(lines.count == 2)
            for (line, name) in zip(lines, ["zipkin-json", "otlp-json"]) {
                #expect(line.contains("protocol=\(name)") && line.contains("sender=127.0.0.1"))
                #expect(line.contains("bytes=1") && line.contains("reason="))
            }
            #expect(receivers.requests("zipkin-json", code: 400) == 5)
            #expect(receivers.malformedBodies("zipkin-json") == 5)
        }
    }
}
