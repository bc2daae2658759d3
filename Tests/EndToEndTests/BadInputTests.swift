import FoundationEssentials
import TestSupport
import Testing

extension EndToEndTests {
    /// Whatever bytes come, the program answers for them, stays within its memory, and goes on serving.
    @Suite struct BadInputTests {
        private static let goodFields = [
            "traceId": #""000000000000badd0000000000000bad""#, "id": #""0000000000000bad""#, "kind": #""SERVER""#,
            "name": #""get /""#, "timestamp": String(TimeWindow.nowMicroseconds), "duration": "1500",
            "localEndpoint": #"{"serviceName":"bad-input","ipv4":"10.0.0.7","port":9080}"#,
            "annotations": #"[{"timestamp":1700000000000000,"value":"ss"}]"#, "tags": #"{"http.method":"GET"}"#,
        ]
        private static let goodTrace = "000000000000badd0000000000000bad"

        /// A good span's JSON in a list, with the value of one field replaced, added, or taken away.
        private static func list(with field: String = "debug", _ value: String? = "true") -> [UInt8] {
            var fields = goodFields
            fields[field] = value
            return Array("[{\(fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}]".utf8)
        }

        @Test func `bodies that are no spans are refused with a reason`() throws {
            let bodies: [(String, [UInt8])] = [
                ("not JSON", Array("spans, please".utf8)),
                ("cut short", Self.list().dropLast(20)),
                ("an object, no list", Array(#"{"traceId":"1","id":"2"}"#.utf8)),
                ("a list of numbers", Array("[1,2,3]".utf8)),
                ("no trace ID", Self.list(with: "traceId", nil)),
                ("no ID", Self.list(with: "id", nil)),
                ("a trace ID that is an object", Self.list(with: "traceId", "{}")),
                ("an ID that is no hex", Self.list(with: "id", #""the first one""#)),
                ("an ID in upper case", Self.list(with: "id", #""00000000000000AB""#)),
                ("a trace ID too long", Self.list(with: "traceId", "\"\(String(repeating: "a", count: 33))\"")),
                ("an unknown kind", Self.list(with: "kind", #""client""#)),
                ("a time that is a word", Self.list(with: "timestamp", #""yesterday""#)),
                ("a time that is a list", Self.list(with: "timestamp", "[1]")),
                ("tags that are a list", Self.list(with: "tags", "[]")),
                ("a tag that is a number", Self.list(with: "tags", #"{"status":200}"#)),
                ("annotations that are an object", Self.list(with: "annotations", "{}")),
                ("an endpoint that is a word", Self.list(with: "localEndpoint", #""reviews""#)),
                ("nested too deep", Array(repeating: 91, count: 200_000)),
                ("nested too deep in objects", Array(String(repeating: #"{"a":"#, count: 100_000).utf8)),
            ]
            try serving { process, client in
                for (name, body) in bodies {
                    let response = try client.post(body)
                    #expect(response.status == 400, "\(name)")
                    #expect(!response.body.isEmpty, "\(name)")
                }
                #expect(try client.zipkinTrace(Self.goodTrace) == nil, "nothing of a refused body is stored")
            }
        }

        @Test func `bodies at the edge of what JSON allows are answered`() throws {
            let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
            var notUTF8 = Self.list(with: "name", #""@@@""#)
            for index in notUTF8.indices where notUTF8[index] == 64 { notUTF8[index] = 0xff }
            let bodies: [[UInt8]] = [
                Self.list(with: "unknown", deep),
                Self.list(with: "timestamp", "1e999"),
                Self.list(with: "timestamp", "99999999999999999999999999"),
                Self.list(with: "timestamp", "-9223372036854775808"),
                Self.list(with: "duration", "9223372036854775807"),
                Self.list(with: "duration", "-1"),
                Self.list(with: "timestamp", String(repeating: "9", count: 1_000_000)),
                Self.list(with: "localEndpoint", #"{"serviceName":"x","port":99999999}"#),
                Self.list(with: "localEndpoint", #"{"serviceName":"x","ipv4":"not an address"}"#),
                Self.list(with: "name", #""\ud800""#),
                Self.list(with: "name", "\"\(String(repeating: "n", count: 5_000_000))\""),
                Self.list(with: "traceId", #""""#),
                Self.list() + Array("]".utf8), notUTF8, [0xef, 0xbb, 0xbf, 91, 93], Array("[null]".utf8),
                Array("null".utf8), [0], [],
            ]
            try serving { process, client in
                for (number, body) in bodies.enumerated() {
                    try expectAnswered(client.post(body), "body \(number)")
                }
            }
        }

        @Test func `packed bodies are unpacked with care`() throws {
            let good = try Gzip.packed(Self.list())
            let bomb = try Gzip.packed([UInt8](repeating: 0, count: 1 << 20), repetitions: 1_024)
            #expect(bomb.count < 2 << 20)
            let cases: [(name: String, body: [UInt8], status: Int)] = [
                ("not packed at all", Array("[]".utf8), 400),
                ("cut", good.dropLast(12), 400),
                ("a flipped bit in the checksum", good.dropLast(8) + [good[good.count - 8] ^ 1] + good.suffix(7), 400),
                ("a bomb", bomb, 413),
                ("good", good, 202),
            ]
            try serving { process, _ in
                for (name, body, status) in cases {
                    let response = try HTTPConnection(port: try process.port("zipkin")).request(
                        "POST", "/api/v2/spans",
                        headers: [("content-type", "application/json"), ("content-encoding", "gzip")],
                        body: .bytes(body))
                    #expect(response.status == status, "\(name): \(response.text)")
                }
                let stored = try SkeinClient(process).zipkinTrace(Self.goodTrace)
                #expect(try stored?.comparable == ZipkinSpan.decodeList(Self.list()).comparable)
            }
        }

        @Test func `a body of 100 MiB is refused, told its length or not`() throws {
            let huge = [UInt8](repeating: 32, count: 100 << 20)
            try serving { process, _ in
                for body in [HTTPRequestBody.bytes(huge), .chunked(huge, chunkByteCount: 1 << 20)] {
                    let response = try HTTPConnection(port: try process.port("zipkin")).request(
                        "POST", "/api/v2/spans", headers: [("content-type", "application/json")], body: body)
                    #expect(response.status == 413)
                    #expect(!response.body.isEmpty)
                }
            }
        }

        @Test func `requests that break off or break the protocol do no harm`() throws {
            let body = Self.list()
            let post = "POST /api/v2/spans HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            let requests: [[UInt8]] = [
                Array((post + "content-length: \(body.count)\r\n\r\n").utf8) + body.dropLast(1),
                Array((post + "transfer-encoding: chunked\r\n\r\n\(String(body.count, radix: 16))\r\n").utf8)
                    + body.dropLast(1),
                Array((post + "transfer-encoding: chunked\r\n\r\n\(String(body.count, radix: 16))\r\n").utf8) + body + [
                    13, 10,
                ],
                Array((post + "transfer-encoding: chunked\r\n\r\nzzz\r\n").utf8) + body,
                Array((post + "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n").utf8) + body,
                Array((post + "content-length: -5\r\n\r\n").utf8) + body,
                Array((post + "content-length: 5\r\ncontent-length: \(body.count)\r\n\r\n").utf8) + body,
                Array((post + "x: " + String(repeating: "y", count: 1 << 20)).utf8),
                Array(post.dropLast(10).utf8),
                Array("\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n".utf8),
                [UInt8](repeating: 0, count: 4_096),
                [],
            ]
            try serving { process, client in
                for (number, request) in requests.enumerated() {
                    let connection = try HTTPConnection(port: try process.port("zipkin"))
                    try connection.sendRaw(request)
                    connection.finishSending()
                    // Closing without a word is an answer too.
                    if let response = try? connection.readResponse() {
                        #expect((400..<500).contains(response.status), "request \(number)")
                    }
                }
                #expect(try client.zipkinTrace(Self.goodTrace) == nil, "nothing of a broken request is stored")
            }
        }

        @Test func `mutations of a good body are each accepted or refused`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let traffic = try RecordedTraffic("bookinfo-odd")
            let body = try #require(traffic.bodies.min { $0.count < $1.count })
            try serving { process, _ in
                var connection = try HTTPConnection(port: try process.port("zipkin"))
                var accepted = 0
                let count = EndToEndTests.isTorture ? 500_000 : 10_000
                for number in 0..<count {
                    if !connection.isOpen { connection = try HTTPConnection(port: try process.port("zipkin")) }
                    let mutation = mutated(body, using: &generator)
                    let response = try connection.request(
                        "POST", "/api/v2/spans", headers: [("content-type", "application/json")], body: .bytes(mutation)
                    )
                    if response.status == 202 { accepted += 1 }
                    try expectAnswered(response, "mutation \(number)")
                }
                // Some mutations only change a value; most break the body.
                #expect(accepted > 0 && accepted < count)
            }
        }

        private func mutated(_ body: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
            var bytes = body
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let start = Int.random(in: 0...bytes.count, using: &generator)
                let end = min(bytes.count, start + Int.random(in: 0...40, using: &generator))
                switch Int.random(in: 0..<6, using: &generator) {
                case 0 where start < bytes.count: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1 where start < bytes.count: bytes[start] = UInt8.random(in: 0...255, using: &generator)
                case 2: bytes.removeSubrange(start..<end)
                case 3: bytes.insert(contentsOf: bytes[start..<end], at: end)
                case 4: bytes.insert(contentsOf: Array(#"[{"0:,}]\un"#.utf8).shuffled(using: &generator), at: start)
                default: bytes.removeSubrange(start...)
                }
                if bytes.isEmpty { return bytes }
            }
            return bytes
        }

        private func expectAnswered(_ response: HTTPResponse, _ name: String) throws {
            try #require(response.status == 202 || (400..<500).contains(response.status), "\(name): \(response.text)")
            try #require(response.status == 202 || !response.body.isEmpty, "\(name): no reason")
        }

        /// Runs `body` against a new server, then expects that server to be well: alive, small, and storing.
        private func serving(_ body: (SkeinProcess, SkeinClient) throws -> Void) throws {
            let process = try SkeinProcess.started()
            do {
                try body(process, SkeinClient(process))

                #expect(process.isRunning)
                #expect(try process.peakResidentByteCount < 400 << 20)
                let span = ZipkinSpan.made(
                    traceID: 0x900d, spanID: 0x900d, service: "good-input",
                    epochMicroseconds: TimeWindow.nowMicroseconds - 20_000_000)
                let client = try SkeinClient(process)
                #expect(try client.post(ZipkinSpan.encodeList([span])).status == 202)
                #expect(try client.zipkinTrace(span.traceId)?.comparable == [span].comparable)
                try process.terminate()
            } catch {
                Issue.record(error, "the program wrote: \(process.standardError.suffix(4_000))")
            }
        }
    }
}
