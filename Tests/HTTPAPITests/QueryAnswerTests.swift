import Foundation
import HTTPAPI
import NetworkServer
import Testing
import TraceModel
import TraceStore

@Suite struct QueryAnswerTests {
    private func text(_ response: HTTPResponse) -> String {
        guard case .bytes(let bytes) = response.body else { return "streamed" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let trace: Trace = {
        var builder = SpanBatchBuilder()
        builder.beginSpan()
        builder.traceID = TraceID(high: 0, low: 0xab)
        builder.spanID = 1
        builder.endSpan()
        return Trace(traceID: TraceID(high: 0, low: 0xab), spans: Array(builder.makeBatch().spans))
    }()

    // MARK: Zipkin

    @Test func `names may be kept by clients once there are more than three services`() {
        #expect(ZipkinAnswer.names(["a", "b", "c"], serviceCount: 3).header("cache-control") == nil)
        for names in [["a", "b", "c", "d"], ["a"], []] {
            let response = ZipkinAnswer.names(names, serviceCount: 4)
            #expect(response.header("cache-control") == "max-age=300, must-revalidate")
        }
        #expect(ZipkinAnswer.names(Array(repeating: "x", count: 9), serviceCount: 3).header("cache-control") == nil)
    }

    @Test func `names are a list of strings, also none and hostile ones`() throws {
        #expect(text(ZipkinAnswer.names([], serviceCount: 0)) == "[]")
        let hostile = ["\"", "\\", "\n", "a,b", "\u{2028}", "é"]
        let read = try JSONDecoder().decode(
            [String].self, from: Data(text(ZipkinAnswer.names(hostile, serviceCount: 0)).utf8))
        #expect(read == hostile)
    }

    @Test func `a trace that is not there is 404 with its normalised ID`() {
        let response = ZipkinAnswer.notFound(TraceID(high: 0, low: 0xab))
        #expect(response.status == .notFound)
        #expect(text(response) == "00000000000000ab not found")
        #expect(response.header("content-type")?.hasPrefix("text/plain") == true)
        #expect(text(ZipkinAnswer.notFound(TraceID(high: 1, low: 2))) == "00000000000000010000000000000002 not found")
    }

    @Test func `a wrong parameter is 400 with its reason as text`() throws {
        let response = try #require(HTTPResponse.plainFailure(QueryError("limit <= 0")))
        #expect(response.status == .badRequest && text(response) == "limit <= 0")
    }

    // MARK: Jaeger

    @Test func `every answer has the envelope, in its order`() {
        #expect(
            text(JaegerAnswer.names(["a", "b"])) == #"{"data":["a","b"],"total":2,"limit":0,"offset":0,"errors":null}"#)
        #expect(text(JaegerAnswer.names([])) == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
        #expect(
            text(
                JaegerAnswer.operations([Operation(name: "g", kind: .server), Operation(name: "h", kind: .unspecified)])
            )
                == #"{"data":[{"name":"g","spanKind":"server"},{"name":"h","spanKind":""}],"#
                + #""total":2,"limit":0,"offset":0,"errors":null}"#)
        #expect(text(JaegerAnswer.traces([])) == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
    }

    @Test func `the total of traces is zero, however many there are`() {
        #expect(
            text(JaegerAnswer.traces([Self.trace, Self.trace]))
                .hasSuffix(#"],"total":0,"limit":0,"offset":0,"errors":null}"#))
    }

    @Test func `a failure has no data, and its status as code`() {
        let response = JaegerAnswer.failure(.notFound, JaegerAnswer.traceNotFound)
        #expect(response.status == .notFound)
        #expect(
            text(response)
                == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#)
        #expect(text(JaegerAnswer.failure(.badRequest, "a \"b\"")).contains(#""msg":"a \"b\"""#))
    }

    @Test func `an indented answer says the same`() throws {
        let plain = text(JaegerAnswer.traces([Self.trace]))
        let pretty = text(JaegerAnswer.traces([Self.trace], form: .init(isPretty: true)))
        #expect(pretty.hasPrefix("{\n    \"data\": [\n        {\n            \"traceID\": \"00000000000000ab\",\n"))
        #expect(pretty.contains("\"references\": [],\n"))
        let objects = try [plain, pretty].map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? NSDictionary)
        }
        #expect(objects[0] == objects[1])
    }

    @Test func `the indenter leaves strings alone and closes what is empty at once`() {
        let json = #"{"a{":"b[,:]\"}\\","c":[],"d":{},"e":[1,[2]],"f":{"g":null}}"#
        #expect(
            String(decoding: JSONIndenter.indented(Array(json.utf8)), as: UTF8.self) == #"""
                {
                    "a{": "b[,:]\"}\\",
                    "c": [],
                    "d": {},
                    "e": [
                        1,
                        [
                            2
                        ]
                    ],
                    "f": {
                        "g": null
                    }
                }
                """#)
        #expect(JSONIndenter.indented([]).isEmpty)
    }

    // MARK: Index page

    @Test func `Kiali finds the version in the index page`() throws {
        let page = String(decoding: JaegerPage.html(version: "1.2.3-rc\"1"), as: UTF8.self)
        let start = try #require(page.range(of: "const JAEGER_VERSION = ")).upperBound
        let end = try #require(page[start...].firstIndex(of: ";"))
        let read = try JSONDecoder().decode([String: String].self, from: Data(page[start..<end].utf8))
        #expect(read == ["gitCommit": "", "gitVersion": "1.2.3-rc\"1", "buildDate": ""])
        #expect(page.utf8.count > 22)
    }
}
