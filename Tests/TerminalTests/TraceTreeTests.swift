import Terminal
import Testing
import TraceModel
import WireFormats

@Suite struct TraceTreeTests {
    @Test func `a trace is a tree of its spans`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","kind":"SERVER","name":"get /page","timestamp":1000000,"duration":100000,
              "localEndpoint":{"serviceName":"front"},"tags":{"http.status_code":"200"}},
             {"traceId":"0a","id":"2","parentId":"1","kind":"CLIENT","name":"call a","timestamp":1010000,"duration":40000,
              "localEndpoint":{"serviceName":"front"}},
             {"traceId":"0a","id":"3","parentId":"2","kind":"SERVER","name":"get /a","timestamp":1020000,"duration":20000,
              "localEndpoint":{"serviceName":"a"},"tags":{"error":"true","http.status_code":"503"}},
             {"traceId":"0a","id":"4","parentId":"1","name":"render","timestamp":1060000,"duration":40000,
              "localEndpoint":{"serviceName":"front"}}]
            """)
        #expect(
            lines == [
                "trace 000000000000000a",
                "started  1970-01-01 00:00:01.000 UTC, LOCAL local",
                "took     100 ms",
                "has      4 spans, 2 services, 1 error",
                "",
                "front: get /page  server  100 ms  200        ━━━━━━━━━━━━━━━━━━━━━━━━━━━",
                "├─ front: call a  client   40 ms               ━━━━━━━━━━━━",
                "│  └─ a: get /a   server   20 ms  error 503       ━━━━━━",
                "└─ front: render           40 ms                             ━━━━━━━━━━━",
            ], "\(lines.joined(separator: "\n"))")
    }

    @Test func `spans whose parent never came stand below its place`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","name":"root","timestamp":3000,"duration":5,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"3","parentId":"2","name":"x","timestamp":1000,"duration":5,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"4","parentId":"2","name":"y","timestamp":2000,"duration":5,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"5","parentId":"4","name":"z","timestamp":2001,"duration":1,"localEndpoint":{"serviceName":"s"}}]
            """)
        #expect(lines[3] == "has      4 spans, 1 service, 0 errors, 1 missing parent")
        #expect(
            labels(lines) == [
                "s: root", "? span 0000000000000002 never came", "├─ s: x", "└─ s: y", "   └─ s: z",
            ])
    }

    @Test func `two halves of a shared span stay two, the server's below the client's`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","kind":"CLIENT","name":"call","timestamp":1,"duration":50,"localEndpoint":{"serviceName":"a"}},
             {"traceId":"0a","id":"1","kind":"SERVER","shared":true,"name":"serve","timestamp":2,"duration":30,
              "localEndpoint":{"serviceName":"b"}},
             {"traceId":"0a","id":"2","parentId":"1","kind":"CLIENT","name":"next","timestamp":3,"duration":10,
              "localEndpoint":{"serviceName":"b"}}]
            """)
        #expect(labels(lines) == ["a: call", "└─ b: serve", "   └─ b: next"])
    }

    @Test func `a cycle is opened at its earliest span`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","parentId":"3","name":"one","timestamp":10,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"2","parentId":"1","name":"two","timestamp":20,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"3","parentId":"2","name":"three","timestamp":30,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"4","parentId":"3","name":"four","timestamp":40,"localEndpoint":{"serviceName":"s"}}]
            """)
        #expect(
            labels(lines) == [
                "s: one (its parent is below it)", "└─ s: two", "   └─ s: three", "      └─ s: four",
            ])
    }

    @Test func `duplicates of a span are each shown once`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","name":"a","timestamp":1,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"1","name":"b","timestamp":2,"localEndpoint":{"serviceName":"s"}},
             {"traceId":"0a","id":"2","parentId":"1","name":"c","timestamp":3,"localEndpoint":{"serviceName":"s"}}]
            """)
        #expect(labels(lines) == ["s: a", "└─ s: c", "s: b"])
    }

    @Test func `a chain of ten thousand spans is shown, its indentation bounded`() throws {
        let spans = (1...10_000).map { index in
            #"{"traceId":"0a","id":"\#(String(index, radix: 16))","name":"n","timestamp":\#(index)"#
                + (index == 1 ? "" : #","parentId":"\#(String(index - 1, radix: 16))""#) + "}"
        }
        let lines = try tree("[" + spans.joined(separator: ",") + "]")
        #expect(lines.count == 5 + 10_000)
        #expect(lines.allSatisfy { $0.count <= 120 })
        #expect(lines[10_004].hasPrefix("…9989 "))
    }

    @Test func `a span without times or names says so`() throws {
        let lines = try tree(#"[{"traceId":"0a","id":"1"}]"#)
        #expect(lines[1] == "started  unknown: no span says")
        #expect(labels(lines) == ["(no service): (no name)"])
    }

    @Test func `names cannot command the terminal`() throws {
        let lines = try tree(
            #"[{"traceId":"0a","id":"1","name":"x\u001b[31m\ny","localEndpoint":{"serviceName":"s"}}]"#)
        #expect(labels(lines) == ["s: x\u{fffd}[31m\u{fffd}y"])
    }

    @Test func `wide characters keep the columns aligned, and long labels are cut`() throws {
        let lines = try tree(
            """
            [{"traceId":"0a","id":"1","name":"取得","timestamp":1000,"duration":1000,"localEndpoint":{"serviceName":"前端"}},
             {"traceId":"0a","id":"2","parentId":"1","name":"\(String(repeating: "長", count: 100))","timestamp":1000,
              "duration":1000,"localEndpoint":{"serviceName":"s"}}]
            """, width: 80)
        #expect(lines.allSatisfy { DisplayText.width($0) <= 80 })
        let places = lines.suffix(2).map { line in
            line.range(of: "1 ms").map { DisplayText.width(String(line[..<$0.lowerBound])) }
        }
        #expect(places[0] != nil && places[0] == places[1])
    }

    @Test func `colour is only around the same text`() throws {
        let json = #"[{"traceId":"0a","id":"1","name":"x","timestamp":1000,"duration":1000,"tags":{"error":""}}]"#
        let plain = try tree(json)
        let colored = try tree(json, isColored: true)
        #expect(colored != plain)
        let stripped = colored.map { line in
            line.split(separator: "\u{1b}[", omittingEmptySubsequences: false).enumerated()
                .map { $0 == 0 ? $1 : $1[$1.index(after: $1.firstIndex(of: "m")!)...] }.joined()
        }
        #expect(stripped == plain)
    }

    private func tree(_ json: String, width: Int = 72, isColored: Bool = false) throws -> [String] {
        var style = TraceTree.Style()
        style.width = json.count > 100_000 ? 120 : width
        style.isColored = isColored
        style.localTime = { _ in "LOCAL" }
        return TraceTree(try trace(json), style: style).lines()
    }

    /// What comes before the columns of the spans' lines.
    private func labels(_ lines: [String]) -> [String] {
        lines.dropFirst(5).map { line in
            let end = line.range(of: "  ", after: line.firstIndex { !" │├└─".contains($0) } ?? line.startIndex)
            return String(line[..<(end ?? line.endIndex)])
        }
    }

    private func trace(_ json: String) throws -> Trace {
        var builder = SpanBatchBuilder()
        _ = try Array(json.utf8).withUnsafeBytes { bytes in
            try ZipkinJSONDecoder.decode(bytes, limits: SpanLimits(), into: &builder)
        }
        let spans = Array(builder.makeBatch().spans)
        return Trace(traceID: spans[0].traceID, spans: spans)
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }

    /// Where the text next stands.
    fileprivate func range(of text: String, after place: Index) -> Index? {
        self[place...].firstRange(of: text)?.lowerBound
    }
}
