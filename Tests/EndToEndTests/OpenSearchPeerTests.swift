import FoundationEssentials
import TestSupport
import Testing

extension EndToEndTests {
    /// The stand-ins for a cluster do what the tests of forwarding rely on.
    @Suite struct OpenSearchPeerTests {
        private static let body = """
            {"index":{"_index":"spans-1","_id":"a"}}
            {"n":1}
            { "create" : { "_id" : "b" , "_index" : "spans-2", "routing": null } }
            {"n":"unfit"}
            {"index":{"_index":"spans-1","_id":"c"}}
            {"n":3}

            """

        private struct Answer: Decodable {
            struct Outcome: Decodable {
                struct Reason: Decodable { let type: String }

                let _id: String?
                let status: Int
                let error: Reason?
            }

            let errors: Bool
            let items: [[String: Outcome]]

            var statuses: [Int] { items.flatMap { $0.values.map(\.status) } }
        }

        private func bulk(
            _ peer: OpenSearchProcess, _ body: String = body, headers: [(String, String)] = [], packed: Bool = false
        ) throws -> HTTPResponse {
            let bytes = packed ? try Gzip.packed(Array(body.utf8)) : Array(body.utf8)
            return try HTTPConnection(port: try peer.port).request(
                "POST", "/_bulk", headers: headers + (packed ? [("content-encoding", "gzip")] : []),
                body: .bytes(bytes))
        }

        private func answer(_ response: HTTPResponse) throws -> Answer {
            try #require(response.status == 200, "\(response.text)")
            return try JSONDecoder().decode(Answer.self, from: Data(response.body))
        }

        @Test func `the sink counts documents, repeats and those that differ, through a kill`() throws {
            let sink = try OpenSearchProcess.sink()
            #expect(try answer(bulk(sink)).statuses == [201, 201, 201])
            #expect(try answer(bulk(sink, packed: true)).statuses == [200, 409, 200])
            try sink.restart()
            #expect(try answer(bulk(sink, Self.body.replacing(#""n":3"#, with: #""n":4"#))).errors)
            let indices = try sink.report().indices
            #expect(indices.map(\.index) == ["spans-1", "spans-2"])
            #expect(indices.map(\.documents) == [2, 1])
            #expect(indices.map(\.repeats) == [4, 0])
            #expect(indices.map(\.differing) == [1, 0])
            #expect(try sink.ids(prefix: "spans") == ["a", "b", "c"])
            #expect(try sink.ids(prefix: "spans-2") == ["b"])
        }

        @Test func `the sink refuses what is no bulk request, and counts none of it`() throws {
            let sink = try OpenSearchProcess.sink()
            let bodies = [
                "", "\n", "{}\n", #"{"index":{"_index":"x","_id":"1"}}"# + "\n", Self.body + "{}",
                #"{"index":{"_index":"x","_id":"1"}}"# + "\n[]\n", #"{"read":{"_id":"1"}}"# + "\n{}\n",
            ]
            for body in bodies {
                #expect(try bulk(sink, body).status == 400, "\(body)")
            }
            #expect(try sink.report().documents == 0)
        }

        @Test func `the proxy passes everything on until it is told otherwise`() throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            #expect(try answer(bulk(proxy, packed: true)).statuses == [201, 201, 201])
            let greeting = try HTTPConnection(port: try proxy.port).request("GET", "/")
            #expect(greeting.status == 200 && greeting.text.contains(#""distribution":"opensearch""#))
            #expect(try sink.report().documents == 3)
        }

        @Test func `documents with the text do not fit the mapping, and never reach the index`() throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            try proxy.setFaults(#"{"mappingErrorText":"unfit"}"#)
            for isPacked in [false, true] {
                let answer = try answer(bulk(proxy, packed: isPacked))
                #expect(answer.errors && answer.statuses.map { $0 / 100 } == [2, 4, 2])
                #expect(answer.items.flatMap { $0.values.compactMap(\._id) } == ["a", "b", "c"])
                #expect(answer.items[1]["create"]?.error?.type == "mapper_parsing_exception")
            }
            #expect(try proxy.injectedMappingErrors() == ["spans-2\tb"])
            #expect(try sink.ids(prefix: "") == ["a", "c"])
        }

        @Test func `single operations fail by chance, and only the others reach the index`() throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            try proxy.setFaults(#"{"seed":1,"itemTooManyRequests":0.3,"itemUnavailable":0.3}"#)
            var seen: Set<Int> = []
            var arrived: Set<String> = []
            for number in 0..<40 {
                let text = Self.body.replacing(#""_id":"a""#, with: #""_id":"a\#(number)""#)
                for item in try answer(bulk(proxy, text)).items.flatMap(\.values) {
                    seen.insert(item.status)
                    if item.status / 100 == 2, let id = item._id { arrived.insert(id) }
                }
            }
            #expect(seen.isSuperset(of: [200, 201, 429, 503]))
            #expect(Set(try sink.ids(prefix: "").map(String.init)) == arrived)
        }

        @Test(arguments: [
            (#"{"tooManyRequests":1,"retryAfterSeconds":7}"#, 429), (#"{"unavailable":1}"#, 503),
            (#"{"bodyByteCountMax":20}"#, 413), (#"{"unauthorized":true}"#, 401),
            (#"{"authorization":"Basic right"}"#, 401),
        ]) func `the proxy refuses requests as told`(plan: String, status: Int) throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            try proxy.setFaults(plan)
            let response = try bulk(proxy)
            #expect(response.status == status)
            #expect(response.header("retry-after") == (status == 429 ? "7" : nil))
            if plan.contains("authorization") {
                #expect(try bulk(proxy, headers: [("authorization", "Basic right")]).status == 200)
            }
            try proxy.setFaults("{}")
            #expect(try bulk(proxy).status == 200)
            #expect(try proxy.faultCounts().values.contains(1))
        }

        @Test(arguments: [("resetUnasked", 0), ("resetAnswered", 3), ("resetWithin", 3), ("cutAnswer", 3)])
        func `the proxy breaks connections off, before or after the index did its work`(
            fault: String, documentCount: Int
        ) throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            try proxy.setFaults(#"{"\#(fault)":1}"#)
            #expect(throws: HTTPConnectionError.self) { _ = try bulk(proxy) }
            #expect(try sink.report().documents == documentCount)
            #expect(try proxy.faultCounts()[fault] == 1)
        }

        @Test func `a proxy before a cluster that is gone breaks off, and goes on when it is back`() throws {
            let sink = try OpenSearchProcess.sink()
            let proxy = try OpenSearchProcess.proxy(before: try sink.port)
            sink.kill()
            #expect(throws: HTTPConnectionError.self) { _ = try bulk(proxy) }
            try sink.restart()
            #expect(try bulk(proxy).status == 200)
        }
    }
}
