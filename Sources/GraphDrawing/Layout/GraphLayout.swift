/// Where the parts of a picture are. Lengths in pixels, from the upper left corner.
struct GraphLayout: Equatable {
    struct Rectangle: Equatable {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
    }

    struct Point: Equatable {
        var x: Double
        var y: Double
    }

    /// The line of an edge.
    struct Route: Equatable {
        /// From the caller to the callee. The line is level at each point; of each two points it is straight from the
        /// first to the second, and a curve from there to the next two. Of a loop empty.
        var points: [Point] = []
        /// The middle of the label, on the line; nil if there is no room for one.
        var label: Point?
    }

    /// What a node needs.
    struct NodeSize {
        var width: Double
        var height: Double
    }

    struct EdgeNeed {
        var from: Int
        var to: Int
        /// How much it matters that the edge leads from left to right; at least 0.
        var weight: Double
        var labelWidth: Double
        /// Room of the label above and below the line.
        var above: Double
        var below: Double
    }

    private(set) var nodes: [Rectangle]
    private(set) var routes: [Route]
    private(set) var width = 0.0
    private(set) var height = 0.0

    /// Between parts that nothing connects.
    private static let partGap = 36.0
    /// Parts stand beside each other up to this width, or the widest part's.
    private static let widthMin = 1100.0

    /// A picture with callers to the left of those whom they call, as far as circles allow it.
    init(nodes sizes: [NodeSize], edges: [EdgeNeed]) {
        nodes = Array(repeating: Rectangle(x: 0, y: 0, width: 0, height: 0), count: sizes.count)
        routes = Array(repeating: Route(), count: edges.count)
        let parts = Self.parts(nodeCount: sizes.count, edges).map { part in
            (part: part, placed: PartLayout(part, sizes, edges).placed())
        }
        let widthMax = parts.reduce(Self.widthMin) { max($0, $1.placed.width) }
        var (x, y, rowHeight) = (0.0, 0.0, 0.0)
        for (part, placed) in parts {
            if x > 0, x + placed.width > widthMax {
                y += rowHeight + Self.partGap
                (x, rowHeight) = (0, 0)
            }
            take(placed, of: part, x, y)
            width = max(width, x + placed.width)
            rowHeight = max(rowHeight, placed.height)
            height = max(height, y + rowHeight)
            x += placed.width + Self.partGap
        }
    }

    private mutating func take(_ placed: PartLayout.Placed, of part: Part, _ x: Double, _ y: Double) {
        for (place, node) in part.nodes.enumerated() {
            var box = placed.nodes[place]
            box.x += x
            box.y += y
            nodes[node] = box
        }
        for (place, edge) in part.edges.enumerated() {
            var route = placed.routes[place]
            for index in route.points.indices {
                route.points[index].x += x
                route.points[index].y += y
            }
            if let label = route.label { route.label = Point(x: label.x + x, y: label.y + y) }
            routes[edge] = route
        }
    }

    /// Nodes that edges connect, and those edges. Both in ascending order.
    struct Part {
        var nodes: [Int] = []
        var edges: [Int] = []
    }

    /// The largest first.
    private static func parts(nodeCount: Int, _ edges: [EdgeNeed]) -> [Part] {
        var leader = Array(0..<nodeCount)
        func root(_ node: Int) -> Int {
            var node = node
            while leader[node] != node {
                leader[node] = leader[leader[node]]
                node = leader[node]
            }
            return node
        }
        for edge in edges {
            let (one, other) = (root(edge.from), root(edge.to))
            leader[max(one, other)] = min(one, other)
        }
        var places = Array(repeating: -1, count: nodeCount)
        var parts: [Part] = []
        for node in 0..<nodeCount {
            let root = root(node)
            if places[root] < 0 {
                places[root] = parts.count
                parts.append(Part())
            }
            parts[places[root]].nodes.append(node)
        }
        for (index, edge) in edges.enumerated() { parts[places[root(edge.from)]].edges.append(index) }
        let order = parts.indices.sorted {
            (-parts[$0].nodes.count, -parts[$0].edges.count, $0) < (-parts[$1].nodes.count, -parts[$1].edges.count, $1)
        }
        return order.map { parts[$0] }
    }
}
