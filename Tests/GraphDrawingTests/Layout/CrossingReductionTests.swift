import Testing

@testable import GraphDrawing

@Suite struct CrossingReductionTests {
    @Test func `crossings that need not be are taken out`() {
        var graph = LayeredGraph(columnCount: 2)
        let vertices = (0..<12).map { graph.add(.init(column: $0 / 6, above: 5, below: 5, isNode: true)) }
        for left in 0..<6 {
            graph.join(vertices[left], vertices[6 + (left * 5 + 2) % 6])
            graph.join(vertices[left], vertices[6 + ((left + 1) * 5 + 2) % 6])
        }
        let ordered = CrossingReduction.reduced(graph)
        #expect(ordered.columns.map { $0.sorted() } == [Array(0..<6), Array(6..<12)])
        // A circle of twelve over two columns: its last edges cross the others, and nothing else crosses.
        #expect(crossingCount(ordered) <= 10)
    }

    @Test func `a tree has no crossings`() {
        var graph = LayeredGraph(columnCount: 5)
        var column = [graph.add(.init(column: 0, above: 5, below: 5, isNode: true))]
        for number in 1..<5 {
            var next: [Int] = []
            for place in 0..<(column.count * 2) {
                let vertex = graph.add(.init(column: number, above: 5, below: 5, isNode: true))
                graph.join(column[(place * 7 + 3) % column.count], vertex)
                next.append(vertex)
            }
            column = next
        }
        #expect(crossingCount(CrossingReduction.reduced(graph)) == 0)
    }

    /// Pair by pair.
    private func crossingCount(_ graph: LayeredGraph) -> Int {
        var count = 0
        for (number, column) in graph.columns.dropLast().enumerated() {
            let places = Dictionary(uniqueKeysWithValues: graph.columns[number + 1].enumerated().map { ($1, $0) })
            let joins = column.enumerated().flatMap { place, vertex in
                graph.after[vertex].compactMap { end in places[end].map { (place, $0) } }
            }
            for (index, one) in joins.enumerated() {
                count += joins[index...].count { (one.0 - $0.0) * (one.1 - $0.1) < 0 }
            }
        }
        return count
    }
}
