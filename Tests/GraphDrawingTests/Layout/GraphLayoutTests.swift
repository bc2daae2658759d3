import TestSupport
import Testing
import Topology

@testable import GraphDrawing

@Suite struct GraphLayoutTests {
    private static let seeds: [UInt64] = Array(1...12)

    private struct Sample {
        var sizes: [GraphLayout.NodeSize]
        var edges: [GraphLayout.EdgeNeed]

        init(_ graph: TopologyGraph, seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            sizes = graph.nodes.map { _ in
                .init(width: .random(in: 70...260, using: &random), height: .random(in: 35...70, using: &random))
            }
            edges = graph.edges.map { edge in
                .init(
                    from: edge.from, to: edge.to, weight: Double(edge.callCount).squareRoot(),
                    labelWidth: .random(in: 20...150, using: &random), above: 17, below: edge.errorCount > 0 ? 17 : 5)
            }
        }

        func layout() -> GraphLayout { GraphLayout(nodes: sizes, edges: edges) }
    }

    private func sample(seed: UInt64) -> Sample {
        let size = Int(seed) * 6
        return Sample(
            SampleGraphs.random(
                seed: seed, nodeCount: size, edgeCount: size * 2, backShare: seed % 3 == 0 ? 0.5 : 0.02),
            seed: seed)
    }

    private func boxes(_ layout: GraphLayout, _ edges: [GraphLayout.EdgeNeed]) -> [GraphLayout.Rectangle] {
        layout.nodes
            + zip(layout.routes, edges).compactMap { route, edge in
                route.label.map {
                    .init(
                        x: $0.x - edge.labelWidth / 2, y: $0.y - edge.above, width: edge.labelWidth,
                        height: edge.above + edge.below)
                }
            }
    }

    @Test(arguments: seeds) func `nodes and labels do not overlap, and are within the picture`(seed: UInt64) {
        let sample = sample(seed: seed)
        let layout = sample.layout()
        let boxes = boxes(layout, sample.edges)
        #expect(layout.routes.allSatisfy { $0.label != nil })
        for (place, box) in boxes.enumerated() {
            #expect(box.x > -0.01 && box.x + box.width < layout.width + 0.01, "seed \(seed)")
            #expect(box.y > -0.01 && box.y + box.height < layout.height + 0.01, "seed \(seed)")
            for other in boxes[(place + 1)...] {
                let isApart =
                    box.x + box.width < other.x + 0.01 || other.x + other.width < box.x + 0.01
                    || box.y + box.height < other.y + 0.01 || other.y + other.height < box.y + 0.01
                #expect(isApart, "seed \(seed): \(box) and \(other)")
            }
        }
    }

    @Test(arguments: seeds) func `lines lead from caller to callee, and run over no other node`(seed: UInt64) {
        let sample = sample(seed: seed)
        let layout = sample.layout()
        for (route, edge) in zip(layout.routes, sample.edges) where edge.from != edge.to {
            let (from, to) = (layout.nodes[edge.from], layout.nodes[edge.to])
            let (first, last) = (route.points[0], route.points[route.points.count - 1])
            #expect(first.x == from.x || first.x == from.x + from.width)
            #expect(first.y >= from.y && first.y <= from.y + from.height)
            #expect(last.x == to.x || last.x == to.x + to.width)
            #expect(last.y >= to.y && last.y <= to.y + to.height)
            for place in stride(from: 0, to: route.points.count, by: 2) {
                let (start, end) = (route.points[place], route.points[place + 1])
                for node in layout.nodes where node != from && node != to {
                    let isWithin = min(start.x, end.x) < node.x + node.width && max(start.x, end.x) > node.x
                    #expect(!isWithin || start.y <= node.y || start.y >= node.y + node.height, "seed \(seed)")
                }
            }
        }
    }

    @Test func `callers stand to the left of those whom they call`() {
        let graph = SampleGraphs.bookinfo
        let layout = Sample(graph, seed: 1).layout()
        for edge in graph.edges { #expect(layout.nodes[edge.from].x < layout.nodes[edge.to].x) }
    }

    @Test func `of two services that call each other the busier caller stands to the left`() {
        let sizes = Array(repeating: GraphLayout.NodeSize(width: 80, height: 40), count: 2)
        func edge(_ from: Int, _ to: Int, _ weight: Double) -> GraphLayout.EdgeNeed {
            .init(from: from, to: to, weight: weight, labelWidth: 30, above: 15, below: 5)
        }
        let layout = GraphLayout(nodes: sizes, edges: [edge(0, 1, 1), edge(1, 0, 9)])
        #expect(layout.nodes[1].x < layout.nodes[0].x)
        let other = GraphLayout(nodes: sizes, edges: [edge(0, 1, 9), edge(1, 0, 1)])
        #expect(other.nodes[0].x < other.nodes[1].x)
    }

    @Test func `a chain is level`() {
        let sizes = Array(repeating: GraphLayout.NodeSize(width: 80, height: 40), count: 6)
        let edges = (0..<5).map {
            GraphLayout.EdgeNeed(from: $0, to: $0 + 1, weight: 1, labelWidth: 30, above: 15, below: 5)
        }
        let layout = GraphLayout(nodes: sizes, edges: edges)
        let heights = layout.routes.flatMap(\.points).map(\.y)
        #expect((heights.max() ?? 0) - (heights.min() ?? 0) < 0.01)
    }

    @Test func `parts that nothing connects stand beside and below each other`() {
        let sizes = Array(repeating: GraphLayout.NodeSize(width: 200, height: 40), count: 20)
        let layout = GraphLayout(nodes: sizes, edges: [])
        #expect(layout.width <= 1100)
        #expect(Set(layout.nodes.map(\.y)).count > 1)
        #expect(Set(layout.nodes.map(\.x)).count > 1)
    }

    @Test func `long edges of a large graph are drawn across, and every edge has a line`() {
        let sizes = Array(repeating: GraphLayout.NodeSize(width: 80, height: 40), count: 600)
        let chain = (0..<599).map { ($0, $0 + 1) }
        let skips = (0..<300).map { ($0, 599 - $0) }.filter { $0.0 != $0.1 }
        let edges = (chain + skips).map {
            GraphLayout.EdgeNeed(from: $0.0, to: $0.1, weight: 1, labelWidth: 30, above: 15, below: 5)
        }
        let layout = GraphLayout(nodes: sizes, edges: edges)
        #expect(layout.routes.allSatisfy { $0.points.count >= 4 })
        #expect(layout.routes.contains { $0.label == nil })
    }
}
