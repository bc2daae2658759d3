/// The picture of nodes that are all connected: layers from left to right, and labels in columns between them.
struct PartLayout {
    /// By the places in the part; from the upper left corner.
    struct Placed {
        var nodes: [GraphLayout.Rectangle]
        var routes: [GraphLayout.Route]
        var width = 0.0
        var height = 0.0
    }

    /// What an edge passes, from left to right: nodes at both ends, and between them places in every column; nil of an
    /// edge that is drawn across.
    private struct Chain {
        var vertices: [Int]
        /// Which of them the label stands at.
        var labelPlace: Int?
    }

    private var sizes: [GraphLayout.NodeSize]
    private let edges: [GraphLayout.EdgeNeed]
    private var isReversed: [Bool]
    private var chains: [Chain] = []
    private var graph: LayeredGraph
    /// Edges from a node to itself, by node.
    private var loops: [[Int]]

    /// Places where edges pass, of one part.
    private static let passageCountMax = 20_000
    private static let passage = 5.0
    /// Of a node that is only as high because of its edges.
    private static let heightMax = 180.0
    /// Of a node's side, where no edge ends.
    private static let corner = 10.0
    /// Between the ends of edges, if there is room.
    private static let endGap = 11.0
    /// How far a loop hangs below its node.
    static let loopDepth = 20.0

    init(_ part: GraphLayout.Part, _ sizes: [GraphLayout.NodeSize], _ edges: [GraphLayout.EdgeNeed]) {
        let places = Dictionary(uniqueKeysWithValues: part.nodes.enumerated().map { ($1, $0) })
        self.sizes = part.nodes.map { sizes[$0] }
        self.edges = part.edges.map { index in
            var edge = edges[index]
            edge.from = places[edge.from] ?? 0
            edge.to = places[edge.to] ?? 0
            return edge
        }
        loops = Array(repeating: [], count: part.nodes.count)
        isReversed = Array(repeating: false, count: part.edges.count)
        graph = LayeredGraph(columnCount: 0)
        build()
    }

    private mutating func build() {
        var straight: [Int] = []
        for (index, edge) in edges.enumerated() {
            if edge.from == edge.to { loops[edge.from].append(index) } else { straight.append(index) }
        }
        let assignment = LayerAssignment(
            nodeCount: sizes.count,
            edges: straight.map { .init(from: edges[$0].from, to: edges[$0].to, weight: edges[$0].weight) })
        for (place, index) in straight.enumerated() { isReversed[index] = assignment.isReversed[place] }
        makeRoom(straight)
        graph = LayeredGraph(columnCount: 2 * (assignment.layers.max() ?? 0) + 1)
        for (node, size) in sizes.enumerated() {
            let loopWidth = loops[node].reduce(0) { max($0, edges[$1].labelWidth) }
            let hanging = loops[node].reduce(0) { $0 + Self.loopDepth + edges[$1].above + edges[$1].below }
            _ = graph.add(
                .init(
                    column: 2 * assignment.layers[node], width: max(size.width, loopWidth), above: size.height / 2,
                    below: size.height / 2 + hanging, isNode: true))
        }
        var passageCount = 0
        for (index, edge) in edges.enumerated() {
            let (left, right) = isReversed[index] ? (edge.to, edge.from) : (edge.from, edge.to)
            guard left != right else {
                chains.append(Chain(vertices: []))
                continue
            }
            let (first, last) = (graph.vertices[left].column, graph.vertices[right].column)
            passageCount += last - first - 1
            guard passageCount <= Self.passageCountMax else {
                passageCount -= last - first - 1
                chains.append(Chain(vertices: [left, right]))
                continue
            }
            addChain(edge, left, right)
        }
    }

    /// Nodes at which many edges meet become higher.
    private mutating func makeRoom(_ straight: [Int]) {
        var counts = Array(repeating: 0, count: sizes.count * 2)
        for index in straight {
            counts[edges[index].from * 2 + (isReversed[index] ? 0 : 1)] += 1
            counts[edges[index].to * 2 + (isReversed[index] ? 1 : 0)] += 1
        }
        for node in sizes.indices {
            let count = max(counts[node * 2], counts[node * 2 + 1])
            sizes[node].height = max(sizes[node].height, min(Self.heightMax, Self.corner + Double(count) * Self.endGap))
        }
    }

    private mutating func addChain(_ edge: GraphLayout.EdgeNeed, _ left: Int, _ right: Int) {
        let (first, last) = (graph.vertices[left].column, graph.vertices[right].column)
        // Labels stand in the odd columns, where no nodes are.
        let middle = (first + last) / 2
        let labelColumn = middle.isMultiple(of: 2) ? middle - 1 : middle
        var chain = Chain(vertices: [left])
        for column in (first + 1)..<last {
            var vertex = LayeredGraph.Vertex(column: column, above: Self.passage, below: Self.passage, isNode: false)
            if column == labelColumn, edge.labelWidth > 0 {
                vertex.width = edge.labelWidth
                vertex.above = max(Self.passage, edge.above)
                vertex.below = max(Self.passage, edge.below)
                chain.labelPlace = chain.vertices.count
            }
            chain.vertices.append(graph.add(vertex))
        }
        chain.vertices.append(right)
        for (one, other) in zip(chain.vertices, chain.vertices.dropFirst()) { graph.join(one, other) }
        chains.append(chain)
    }

    // MARK: Coordinates

    func placed() -> Placed {
        let ordered = CrossingReduction.reduced(graph)
        var middles = VerticalPlacement.middles(ordered)
        var (top, bottom) = (Double.infinity, -Double.infinity)
        for (vertex, middle) in zip(ordered.vertices, middles) {
            top = min(top, middle - vertex.above)
            bottom = max(bottom, middle + vertex.below)
        }
        for index in middles.indices { middles[index] -= top }
        let spans = columnSpans(ordered, middles)
        var placed = Placed(nodes: [], routes: [], width: spans.last?.end ?? 0, height: bottom - top)
        for (node, size) in sizes.enumerated() {
            let span = spans[ordered.vertices[node].column]
            placed.nodes.append(
                .init(
                    x: span.start, y: middles[node] - size.height / 2, width: span.end - span.start, height: size.height
                ))
        }
        let ends = ends(middles)
        for index in edges.indices {
            placed.routes.append(route(index, ends[index], middles, spans, placed))
        }
        return placed
    }

    private typealias Span = (start: Double, end: Double)

    /// From where to where each column reaches. Between columns there is more room where edges are steep.
    private func columnSpans(_ ordered: LayeredGraph, _ middles: [Double]) -> [Span] {
        var spans: [Span] = []
        var x = 0.0
        for column in ordered.columns {
            let width = column.reduce(0) { max($0, ordered.vertices[$1].width) }
            spans.append((x, x + width))
            let steepest = column.reduce(0) { steepest, vertex in
                ordered.after[vertex].reduce(steepest) { max($0, abs(middles[$1] - middles[vertex])) }
            }
            x += width + min(110, 24 + steepest * 0.14)
        }
        return spans
    }

    /// Where each edge meets its nodes: they share the sides, in the order in which they come.
    private func ends(_ middles: [Double]) -> [(left: Double, right: Double)] {
        var sides: [[(toward: Double, edge: Int)]] = Array(repeating: [], count: sizes.count * 2)
        for (index, chain) in chains.enumerated() {
            guard let left = chain.vertices.first, let right = chain.vertices.last else { continue }
            sides[left * 2 + 1].append((middles[chain.vertices[1]], index))
            sides[right * 2].append((middles[chain.vertices[chain.vertices.count - 2]], index))
        }
        var ends = Array(repeating: (left: 0.0, right: 0.0), count: edges.count)
        for (side, meeting) in sides.enumerated() where !meeting.isEmpty {
            let node = side / 2
            let room = max(0, sizes[node].height - 2 * Self.corner)
            let step = meeting.count > 1 ? min(Self.endGap + 2, room / Double(meeting.count - 1)) : 0
            let sorted = meeting.sorted { ($0.toward, $0.edge) < ($1.toward, $1.edge) }
            for (place, end) in sorted.enumerated() {
                let y = middles[node] + (Double(place) - Double(meeting.count - 1) / 2) * step
                if side.isMultiple(of: 2) { ends[end.edge].right = y } else { ends[end.edge].left = y }
            }
        }
        return ends
    }

    private func route(
        _ index: Int, _ ends: (left: Double, right: Double), _ middles: [Double], _ spans: [Span], _ placed: Placed
    ) -> GraphLayout.Route {
        let chain = chains[index]
        guard let left = chain.vertices.first, let right = chain.vertices.last else { return loop(index, placed) }
        var route = GraphLayout.Route()
        let start = placed.nodes[left].x + placed.nodes[left].width
        route.points = [.init(x: start, y: ends.left), .init(x: start, y: ends.left)]
        for (place, vertex) in chain.vertices.enumerated().dropFirst().dropLast() {
            let span = spans[graph.vertices[vertex].column]
            route.points += [.init(x: span.start, y: middles[vertex]), .init(x: span.end, y: middles[vertex])]
            if place == chain.labelPlace { route.label = .init(x: (span.start + span.end) / 2, y: middles[vertex]) }
        }
        let end = placed.nodes[right].x
        route.points += [.init(x: end, y: ends.right), .init(x: end, y: ends.right)]
        if isReversed[index] { route.points.reverse() }
        return route
    }

    /// Below its node, and below the loops before it; only the label's place tells where.
    private func loop(_ index: Int, _ placed: Placed) -> GraphLayout.Route {
        let node = edges[index].from
        let box = placed.nodes[node]
        var y = box.y + box.height
        for other in loops[node] {
            y += Self.loopDepth + edges[other].above
            if other == index { break }
            y += edges[other].below
        }
        return GraphLayout.Route(label: .init(x: box.x + box.width / 2, y: y))
    }
}
