/// Gives the vertices of columns their heights, in the order that they have, so that edges are as level as they can be:
/// sweeps in each of which a column comes as near as distances allow to the means of its neighbours.
struct VerticalPlacement {
    private let graph: LayeredGraph
    /// Middles, by vertex.
    private var middles: [Double]

    private static let sweepCountMax = 40
    private static let workMax = 2_000_000
    /// How much an edge pulls that passes here, beside one that begins or ends.
    private static let passingWeight = 16.0

    /// A smaller difference in height looks like a mistake.
    private static let kinkMax = 16.0

    static func middles(_ graph: LayeredGraph) -> [Double] {
        var placement = VerticalPlacement(graph)
        placement.sweep()
        placement.straighten()
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
        func heed(_ neighbours: [Int], _ facing: [[Int]]) {
            for other in neighbours {
                let pull = pull(of: other, on: vertex, facing)
                sum += middles[other] * pull
                weight += pull
            }
        }
        if looksBack { heed(graph.before[vertex], graph.after) }
        if looksForth { heed(graph.after[vertex], graph.before) }
        return weight > 0 ? (sum / weight, weight) : (middles[vertex], 0.01)
    }

    /// An edge comes level out of the node at which it is alone, and bends at the one where there are many.
    private func pull(of other: Int, on vertex: Int, _ facing: [[Int]]) -> Double {
        if graph.vertices[vertex].isNode { return 1 }
        guard graph.vertices[other].isNode else { return Self.passingWeight }
        let count = Double(facing[other].count)
        return 1 / (count * count)
    }

    /// Takes the small bends out of edges: the places of each are put on one height as far as there is room.
    private mutating func straighten() {
        var places = Array(repeating: 0, count: graph.vertices.count)
        for column in graph.columns {
            for (place, vertex) in column.enumerated() { places[vertex] = place }
        }
        for column in graph.columns {
            for vertex in column where graph.vertices[vertex].isNode { level(vertex, places) }
        }
        for vertex in graph.vertices.indices where !graph.vertices[vertex].isNode {
            guard let first = graph.before[vertex].first, graph.vertices[first].isNode else { continue }
            var passages = [vertex]
            while let next = graph.after[passages[passages.count - 1]].first, !graph.vertices[next].isNode {
                passages.append(next)
            }
            straighten(passages[...], places)
        }
    }

    /// Puts a node on the height of its only caller if that calls nobody else and stands almost there.
    private mutating func level(_ node: Int, _ places: [Int]) {
        guard graph.before[node].count == 1, var caller = graph.before[node].first else { return }
        while !graph.vertices[caller].isNode, let next = graph.before[caller].first { caller = next }
        guard graph.after[caller].count == 1, abs(middles[caller] - middles[node]) < Self.kinkMax else { return }
        let range = room(node, places)
        middles[node] = min(max(middles[caller], range.low), range.high)
    }

    private mutating func straighten(_ passages: ArraySlice<Int>, _ places: [Int]) {
        var rest = passages
        while let first = rest.first {
            var range = room(first, places)
            var count = 1
            for next in rest.dropFirst() {
                let room = room(next, places)
                let (low, high) = (max(range.low, room.low), min(range.high, room.high))
                guard low <= high else { break }
                range = (low, high)
                count += 1
            }
            let run = rest.prefix(count)
            let mean = run.reduce(0) { $0 + middles[$1] } / Double(count)
            let wish = lonelyEnd(run) ?? mean
            let middle = min(max(wish, range.low), range.high)
            for vertex in run { middles[vertex] = middle }
            rest = rest.dropFirst(count)
        }
    }

    /// The middle of the node before or behind the run, if the edge is alone on that side of it.
    private func lonelyEnd(_ run: ArraySlice<Int>) -> Double? {
        if let last = run.last, let node = graph.after[last].first, graph.vertices[node].isNode,
            graph.before[node].count == 1
        {
            return middles[node]
        }
        if let first = run.first, let node = graph.before[first].first, graph.vertices[node].isNode,
            graph.after[node].count == 1
        {
            return middles[node]
        }
        return nil
    }

    /// How far the vertex can move between those above and below it.
    private func room(_ vertex: Int, _ places: [Int]) -> (low: Double, high: Double) {
        let column = graph.columns[graph.vertices[vertex].column]
        let place = places[vertex]
        // Sums of distances may have lost their last digits.
        let low = place > 0 ? middles[column[place - 1]] + graph.distance(column[place - 1], vertex) : -.infinity
        let high =
            place + 1 < column.count
            ? middles[column[place + 1]] - graph.distance(vertex, column[place + 1]) : .infinity
        return low <= high ? (low, high) : (middles[vertex], middles[vertex])
    }
}
