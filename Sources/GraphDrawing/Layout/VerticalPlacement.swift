/// Gives the vertices of columns their heights, in the order that they have, so that edges are as level as they can be:
/// sweeps in each of which a column comes as near as distances allow to the means of its neighbours.
struct VerticalPlacement {
    private let graph: LayeredGraph
    /// Middles, by vertex.
    private var middles: [Double]

    private static let sweepCountMax = 24
    private static let workMax = 3_000_000
    /// How much an edge pulls that passes here, beside one that begins or ends.
    private static let passingWeight = 6.0

    static func middles(_ graph: LayeredGraph) -> [Double] {
        var placement = VerticalPlacement(graph)
        placement.sweep()
        return placement.middles
    }

    private init(_ graph: LayeredGraph) {
        self.graph = graph
        middles = Array(repeating: 0, count: graph.vertices.count)
        for column in graph.columns {
            var middle = 0.0
            for (place, vertex) in column.enumerated() {
                if place > 0 { middle += graph.distance(column[place - 1], vertex) }
                middles[vertex] = middle
            }
            for vertex in column { middles[vertex] -= middle / 2 }
        }
    }

    private mutating func sweep() {
        let sweeps = max(3, min(Self.sweepCountMax, Self.workMax / (graph.joinCount + graph.vertices.count + 1)))
        for number in 0..<sweeps {
            // The last ones heed both sides.
            let isLast = number >= sweeps - sweeps / 3
            if number.isMultiple(of: 2) {
                for column in graph.columns { settle(column, looksBack: true, looksForth: isLast) }
            } else {
                for column in graph.columns.reversed() { settle(column, looksBack: isLast, looksForth: true) }
            }
        }
    }

    /// Least squares under the distances: what is too near is pooled, and moves as one.
    private mutating func settle(_ column: [Int], looksBack: Bool, looksForth: Bool) {
        var pools: [(sum: Double, weight: Double, count: Int)] = []
        var offsets: [Double] = []
        var offset = 0.0
        for (place, vertex) in column.enumerated() {
            if place > 0 { offset += graph.distance(column[place - 1], vertex) }
            offsets.append(offset)
            let (wish, weight) = wish(of: vertex, looksBack, looksForth)
            pools.append(((wish - offset) * weight, weight, 1))
            while pools.count > 1 {
                let (lower, upper) = (pools[pools.count - 1], pools[pools.count - 2])
                guard lower.sum / lower.weight < upper.sum / upper.weight else { break }
                pools.removeLast()
                pools[pools.count - 1] = (upper.sum + lower.sum, upper.weight + lower.weight, upper.count + lower.count)
            }
        }
        var place = 0
        for pool in pools {
            for _ in 0..<pool.count {
                middles[column[place]] = pool.sum / pool.weight + offsets[place]
                place += 1
            }
        }
    }

    private func wish(of vertex: Int, _ looksBack: Bool, _ looksForth: Bool) -> (middle: Double, weight: Double) {
        var (sum, weight) = (0.0, 0.0)
        let isNode = graph.vertices[vertex].isNode
        func heed(_ neighbours: [Int]) {
            for other in neighbours {
                let pull = isNode || graph.vertices[other].isNode ? 1 : Self.passingWeight
                sum += middles[other] * pull
                weight += pull
            }
        }
        if looksBack { heed(graph.before[vertex]) }
        if looksForth { heed(graph.after[vertex]) }
        return weight > 0 ? (sum / weight, weight) : (middles[vertex], 0.01)
    }
}
