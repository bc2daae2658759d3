import GraphDrawing
import Testing
import Topology

@Suite struct GraphCSVTests {
    private func rows(_ graph: TopologyGraph) throws -> [[String]] {
        try Tool.python(
            """
            import csv, io, json, sys
            text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="")
            print(json.dumps(list(csv.reader(text, strict=True))))
            """, GraphDrawing.draw(graph, as: .csv))
    }

    @Test(.python) func `a row for each edge, below the titles`() throws {
        let rows = try rows(SampleGraphs.bookinfo)
        #expect(rows.count == 9)
        #expect(Set(rows.map(\.count)) == [24])
        let row = Dictionary(uniqueKeysWithValues: zip(rows[0], rows[4]))
        #expect(row["caller_service"] == "productpage.default")
        #expect(row["callee_version"] == "v2")
        #expect(row["calls"] == "182")
        #expect(row["request_share"] == "0.1005")
        #expect(row["client_p50_ms"] == "")
        #expect(row["server_p50_ms"] == "11.0")
        #expect(row["since"] == "2026-11-21T19:00:00Z")
    }

    @Test(.python) func `names come back, and no cell begins a formula`() throws {
        let graph = SampleGraphs.hostile
        let rows = try rows(graph).dropFirst()
        #expect(rows.count == graph.edges.count)
        for (row, edge) in zip(rows, graph.edges) {
            let name = graph.nodes[edge.from].serviceName
            #expect(row[1] == name || row[1] == "'" + name)
        }
        let beginnings = rows.flatMap { $0 }.compactMap(\.unicodeScalars.first)
        #expect(!beginnings.contains { "=+-@\t\r＝".unicodeScalars.contains($0) })
    }

    @Test func `lines end with CR LF`() {
        let bytes = GraphDrawing.draw(SampleGraphs.circles, as: .csv)
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 10)
        #expect(bytes.count { $0 == UInt8(ascii: "\r") } == 10)
        #expect(bytes.suffix(2) == [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
    }
}
