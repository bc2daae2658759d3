internal import Terminal
internal import Topology

/// A topology as a picture that stands alone: no scripts, nothing loaded, colours for light and dark themes.
struct GraphSVG {
    /// Of more there is no picture to be made that anybody can read: those with most calls are drawn.
    static let nodeCountMax = 1000
    static let edgeCountMax = 1500
    /// Of more edges only the tooltips speak.
    static let labelledEdgeCountMax = 500

    private static let titleColumnsMax = 42
    private static let noteCountMax = 8
    private static let margin = 20.0
    private static let lineHeight = 15.0
    private static let titleSize = 13.0
    private static let textSize = 11.0
    private static let headLength = 8.0

    private let graph: TopologyGraph
    /// Places in the graph.
    private let nodes: [Int]
    private let edges: [TopologyGraph.Edge]
    /// By node drawn: its title and figures.
    private let nodeTexts: [[String]]
    private let edgeTexts: [[String]]
    private let layout: GraphLayout
    private let busiest: Int
    private var text = ""

    static func text(_ graph: TopologyGraph) -> String {
        var drawing = GraphSVG(graph)
        drawing.draw()
        return drawing.text
    }

    private init(_ graph: TopologyGraph) {
        self.graph = graph
        (nodes, edges) = Self.chosen(graph)
        let places = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
        nodeTexts = nodes.map { place in
            let node = graph.nodes[place]
            let title = DisplayText.cutInside(DisplayText.safe(node.title), to: Self.titleColumnsMax)
            return [title] + GraphLabel.figures(node, of: graph)
        }
        let hasLabels = edges.count <= Self.labelledEdgeCountMax
        edgeTexts = edges.map { hasLabels ? GraphLabel.figures($0, of: graph) : [] }
        busiest = edges.map(\.callCount).max() ?? 0
        layout = GraphLayout(
            nodes: nodeTexts.map(Self.size),
            edges: zip(edges, edgeTexts).map { edge, texts in
                Self.need(edge, texts, from: places[edge.from] ?? 0, to: places[edge.to] ?? 0)
            })
    }

    private static func chosen(_ graph: TopologyGraph) -> (nodes: [Int], edges: [TopologyGraph.Edge]) {
        var edges = graph.soundEdges
        guard edges.count > edgeCountMax || graph.nodes.count > nodeCountMax else {
            return (Array(graph.nodes.indices), edges)
        }
        let byCalls = edges.indices.sorted { (edges[$1].callCount, $0) < (edges[$0].callCount, $1) }
        var chosen: Set<Int> = []
        var kept: [Int] = []
        for index in byCalls where kept.count < edgeCountMax {
            let ends: Set<Int> = [edges[index].from, edges[index].to]
            guard chosen.union(ends).count <= nodeCountMax else { continue }
            chosen.formUnion(ends)
            kept.append(index)
        }
        for node in graph.nodes.indices where chosen.count < nodeCountMax { chosen.insert(node) }
        edges = kept.sorted().map { edges[$0] }
        return (chosen.sorted(), edges)
    }

    private static func size(_ texts: [String]) -> GraphLayout.NodeSize {
        let widest = texts.dropFirst().reduce(TextWidth.pixels(texts[0], size: titleSize, isBold: true)) {
            max($0, TextWidth.pixels($1, size: textSize))
        }
        return .init(width: max(70, widest + 24), height: 20 + lineHeight * Double(texts.count))
    }

    private static func need(
        _ edge: TopologyGraph.Edge, _ texts: [String], from: Int, to: Int
    ) -> GraphLayout.EdgeNeed {
        let widest = texts.reduce(0) { max($0, TextWidth.pixels($1, size: textSize)) }
        return .init(
            from: from, to: to, weight: Double(max(0, edge.callCount)).squareRoot() + 1,
            labelWidth: texts.isEmpty ? 0 : widest + 12, above: texts.isEmpty ? 0 : 17,
            below: texts.count > 1 ? 17 : 5)
    }

    // MARK: Document

    private mutating func draw() {
        let captions = captions()
        let captionWidth = captions.reduce(0) { max($0, TextWidth.pixels($1, size: Self.textSize)) }
        let width = max(layout.width, captionWidth, legendWidth()) + 2 * Self.margin
        let hasLegend = !legend.isEmpty
        let captionTop = layout.height + (layout.height > 0 ? 2 : 1) * Self.margin
        let rows = Double(captions.count + (hasLegend ? 1 : 0))
        let height = captionTop + rows * Self.lineHeight + Self.margin
        let size = "width=\"\(number(width))\" height=\"\(number(height))\""
        text = "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) viewBox=\"0 0 \(number(width)) \(number(height))\""
        text += " role=\"img\">\n<title>\(DisplayText.markup(captions[0]))</title>\n<style>\n\(Self.style)</style>\n"
        text += "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
        for index in edges.indices { drawLine(index) }
        for index in nodes.indices { drawNode(index) }
        for index in edges.indices { drawLabel(index) }
        var y = captionTop + Self.textSize
        if hasLegend {
            drawLegend(y)
            y += Self.lineHeight
        }
        for caption in captions {
            text +=
                "<text class=\"faint\" x=\"\(number(Self.margin))\" y=\"\(number(y))\">"
                + "\(DisplayText.markup(caption))</text>\n"
            y += Self.lineHeight
        }
        text += "</svg>\n"
    }

    /// What the picture is of, and what one should know of it.
    private func captions() -> [String] {
        var captions = [GraphLabel.caption(graph)]
        if nodes.count < graph.nodes.count || edges.count < graph.edges.count {
            let counts = "\(NumberText.count(edges.count, "edge")) and \(NumberText.count(nodes.count, "node"))"
            captions.append("Drawn are the busiest \(counts).")
        }
        return captions + graph.notes.prefix(Self.noteCountMax).map { DisplayText.cut(DisplayText.safe($0), to: 160) }
    }

    // MARK: Nodes

    private mutating func drawNode(_ index: Int) {
        let node = graph.nodes[nodes[index]]
        let box = layout.nodes[index]
        let tooltip = GraphLabel.tooltip(node, of: graph).map(DisplayText.markup).joined(separator: "\n")
        let health = Health(errorShare: node.errorShare)
        let classes = "node \(health)\(node.isReporting ? "" : " silent")"
        let (x, y) = (box.x + Self.margin, box.y + Self.margin)
        text += "<g class=\"\(classes)\"><title>\(tooltip)</title>"
        text += "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(box.width))\""
        text += " height=\"\(number(box.height))\" rx=\"8\"/>"
        let top = y + (box.height - Self.lineHeight * Double(nodeTexts[index].count)) / 2
        for (line, words) in nodeTexts[index].enumerated() {
            let isError = line == 2
            let style = line == 0 ? "name" : isError ? "errors" : "faint"
            let baseline = top + Self.lineHeight * Double(line) + 12
            text += "<text class=\"\(style)\" x=\"\(number(x + box.width / 2))\" y=\"\(number(baseline))\""
            text += " text-anchor=\"middle\">\(DisplayText.markup(words))</text>"
        }
        text += "</g>\n"
    }

    // MARK: Edges

    private func classes(_ edge: TopologyGraph.Edge) -> String {
        let kind = edge.kind == .mirrored ? " mirrored" : edge.kind == .oneSided ? " one-sided" : ""
        return "edge \(Health(errorShare: edge.errorShare))\(kind)"
    }

    private mutating func drawLine(_ index: Int) {
        let edge = edges[index]
        let tooltip = GraphLabel.tooltip(edge, of: graph).map(DisplayText.markup).joined(separator: "\n")
        // Thick dots and dashes are no line any more.
        let thickness = min(
            GraphLabel.thickness(edge.callCount, busiest: busiest),
            edge.kind == .oneSided ? 2 : edge.kind == .mirrored ? 3 : .infinity)
        text += "<g class=\"\(classes(edge))\"><title>\(tooltip)</title>"
        let (path, tip, direction) = layout.routes[index].points.isEmpty ? loop(index) : line(index)
        text += "<path class=\"line\" stroke-width=\"\(number(thickness))\" d=\"\(path)\"/>"
        let half = 3.5 + thickness * 0.6
        let base =
            direction == .up
            ? (tip.x, tip.y + Self.headLength)
            : (
                tip.x - (direction == .right ? 1 : -1) * Self.headLength, tip.y
            )
        let wings: [(Double, Double)] =
            direction == .up
            ? [(base.0 - half, base.1), (base.0 + half, base.1)] : [(base.0, base.1 - half), (base.0, base.1 + half)]
        text += "<path class=\"head\" d=\"M\(point(tip.x, tip.y))"
        text += wings.map { "L\(point($0.0, $0.1))" }.joined() + "Z\"/></g>\n"
    }

    private enum Direction {
        case left, right, up
    }

    private func line(_ index: Int) -> (path: String, tip: GraphLayout.Point, direction: Direction) {
        var points = layout.routes[index].points.map {
            GraphLayout.Point(x: $0.x + Self.margin, y: $0.y + Self.margin)
        }
        let tip = points[points.count - 1]
        let isRight = tip.x >= points[points.count - 3].x
        // A thick line would stand out at the tip.
        for place in [points.count - 2, points.count - 1] {
            points[place].x -= (isRight ? 1 : -1) * (Self.headLength - 1)
        }
        var path = "M\(point(points[0].x, points[0].y))"
        for place in stride(from: 0, to: points.count, by: 2) {
            let (start, end) = (points[place], points[place + 1])
            if place > 0 {
                let before = points[place - 1]
                let middle = (before.x + start.x) / 2
                path += "C\(point(middle, before.y)) \(point(middle, start.y)) \(point(start.x, start.y))"
            }
            if start != end { path += "H\(number(end.x))" }
        }
        return (path, tip, isRight ? .right : .left)
    }

    /// A bow below the node.
    private func loop(_ index: Int) -> (path: String, tip: GraphLayout.Point, direction: Direction) {
        let place = nodes.firstIndex(of: edges[index].from) ?? 0
        let box = layout.nodes[place]
        let (x, y) = (box.x + box.width / 2 + Self.margin, box.y + box.height + Self.margin)
        let deepest = (layout.routes[index].label?.y ?? y) + Self.margin - (edgeTexts[index].isEmpty ? 0 : 17) - y - 4
        let depth = deepest * 4 / 3
        let tip = GraphLayout.Point(x: x + 16, y: y)
        let end = tip.y + Self.headLength - 1
        return (
            "M\(point(x - 16, y))C\(point(x - 16, y + depth)) \(point(x + 16, y + depth)) \(point(tip.x, end))", tip,
            .up
        )
    }

    private mutating func drawLabel(_ index: Int) {
        guard let label = layout.routes[index].label, !edgeTexts[index].isEmpty else { return }
        let (x, y) = (label.x + Self.margin, label.y + Self.margin)
        text += "<g class=\"\(classes(edges[index]))\">"
        for (line, words) in edgeTexts[index].enumerated() {
            let baseline = line == 0 ? y - 5 : y + 13
            text += "<text class=\"\(line == 0 ? "rate" : "errors")\" x=\"\(number(x))\" y=\"\(number(baseline))\""
            text += " text-anchor=\"middle\">\(DisplayText.markup(words))</text>"
        }
        text += "</g>\n"
    }

    // MARK: Legend

    private var legend: [(style: String, words: String)] {
        var legend: [(style: String, words: String)] = []
        if edges.contains(where: { $0.kind == .mirrored }) { legend.append(("mirrored", "mirrored")) }
        if edges.contains(where: { $0.kind == .oneSided }) {
            legend.append(("one-sided", "only the caller tells of it"))
        }
        return legend
    }

    private static let sampleWidth = 34.0

    private func legendWidth() -> Double {
        legend.reduce(0) { $0 + Self.sampleWidth + TextWidth.pixels($1.words, size: Self.textSize) + 24 }
    }

    private mutating func drawLegend(_ y: Double) {
        var x = Self.margin
        for (style, words) in legend {
            text += "<g class=\"edge good \(style)\"><path class=\"line\" stroke-width=\"1.6\""
            text += " d=\"M\(point(x, y - 4))H\(number(x + 26))\"/></g>"
            text += "<text class=\"faint\" x=\"\(number(x + Self.sampleWidth))\" y=\"\(number(y))\">\(words)</text>\n"
            x += Self.sampleWidth + TextWidth.pixels(words, size: Self.textSize) + 24
        }
    }

    // MARK: Text

    private func number(_ value: Double) -> String { NumberText.decimal(max(0, value), digits: 1) }
    private func point(_ x: Double, _ y: Double) -> String { "\(number(x)),\(number(y))" }

    private static let style = """
        text{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:11px;fill:#1f2328}
        .paper{fill:#fff}
        .name{font-size:13px;font-weight:600}
        .faint{fill:#59636e}
        .node rect{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.2}
        .node.poor rect{stroke:#bf8700;fill:#fff8e5}
        .node.bad rect{stroke:#cf222e;fill:#fff1f0}
        .node.silent rect{stroke-dasharray:5 4;fill:none}
        .line{fill:none;stroke:#818b98;stroke-linecap:butt}
        .head{fill:#818b98}
        .poor .line{stroke:#bf8700}
        .poor .head{fill:#bf8700}
        .bad .line{stroke:#cf222e}
        .bad .head{fill:#cf222e}
        .poor .errors{fill:#9a6700}
        .bad .errors{fill:#cf222e}
        .mirrored .line{stroke-dasharray:8 5}
        .one-sided .line{stroke-dasharray:2 4}
        @media (prefers-color-scheme:dark){
        text{fill:#e6edf3}
        .paper{fill:#0d1117}
        .faint{fill:#9198a1}
        .node rect{fill:#161b22;stroke:#6e7681}
        .node.poor rect{stroke:#d29922;fill:#272115}
        .node.bad rect{stroke:#f85149;fill:#301b1e}
        .line{stroke:#7d8590}
        .head{fill:#7d8590}
        .poor .line{stroke:#d29922}
        .poor .head{fill:#d29922}
        .bad .line{stroke:#f85149}
        .bad .head{fill:#f85149}
        .poor .errors{fill:#e3b341}
        .bad .errors{fill:#ff7b72}
        }

        """
}
