/// What stands in columns: nodes, and the places where edges pass. Neighbours stand in columns beside each other.
struct LayeredGraph {
    struct Vertex {
        var column: Int
        var width = 0.0
        /// Room that it needs above and below its middle.
        var above: Double
        var below: Double
        var isNode: Bool
    }

    private(set) var vertices: [Vertex] = []
    /// In the columns to the left and to the right, by vertex.
    private(set) var before: [[Int]] = []
    private(set) var after: [[Int]] = []
    /// The vertices of each column from the top down.
    var columns: [[Int]]

    private(set) var joinCount = 0

    init(columnCount: Int) { columns = Array(repeating: [], count: columnCount) }

    mutating func add(_ vertex: Vertex) -> Int {
        vertices.append(vertex)
        before.append([])
        after.append([])
        return vertices.count - 1
    }

    mutating func join(_ left: Int, _ right: Int) {
        precondition(vertices[left].column + 1 == vertices[right].column, "only columns beside each other are joined")
        after[left].append(right)
        before[right].append(left)
        joinCount += 1
    }

    /// Room between a vertex and the one below it, from middle to middle.
    func distance(_ upper: Int, _ lower: Int) -> Double {
        let (one, other) = (vertices[upper], vertices[lower])
        return one.below + other.above + (one.isNode ? 9 : 4) + (other.isNode ? 9 : 4)
    }
}
