/// Orders the vertices of each column so that few edges cross: sweeps that put each vertex at the mean of its
/// neighbours, then swaps of vertices that stand beside each other. Work is bounded.
struct CrossingReduction {
    private var graph: LayeredGraph
    /// By vertex its place in its column.
    private var places: [Int]

    private static let sweepCountMax = 24
    private static let uselessCountMax = 4
    private static let swapPassCountMax = 8
    /// Joins looked at by all sweeps, about.
    private static let workMax = 1_500_000
    private static let swapVertexCountMax = 3000

    /// - Returns: the graph with its columns filled and in order.
    static func reduced(_ graph: LayeredGraph) -> LayeredGraph {
        var reduction = CrossingReduction(graph)
        reduction.sweep()
        if graph.vertices.count <= swapVertexCountMax { reduction.swap() }
        return reduction.graph
    }

    private init(_ graph: LayeredGraph) {
        self.graph = graph
        places = Array(repeating: 0, count: graph.vertices.count)
        fill()
    }

    /// A first order: each vertex's followers one below the other.
    private mutating func fill() {
        var isSeen = Array(repeating: false, count: graph.vertices.count)
        let order = graph.vertices.indices.sorted {
            (graph.vertices[$0].column, $0) < (graph.vertices[$1].column, $1)
        }
        for start in order where !isSeen[start] {
            var waiting = [start]
            while let vertex = waiting.popLast() {
                guard !isSeen[vertex] else { continue }
                isSeen[vertex] = true
                let column = graph.vertices[vertex].column
                places[vertex] = graph.columns[column].count
                graph.columns[column].append(vertex)
                waiting += graph.after[vertex].reversed()
            }
        }
    }

    private mutating func sweep() {
        var best = graph.columns
        var bestCount = crossingCount()
        let sweeps = max(2, min(Self.sweepCountMax, Self.workMax / (graph.joinCount + graph.vertices.count + 1)))
        var useless = 0
        for number in 0..<sweeps where bestCount > 0 && useless < Self.uselessCountMax {
            if number.isMultiple(of: 2) {
                for column in graph.columns.indices.dropFirst() { order(column, by: graph.before, number) }
            } else {
                for column in graph.columns.indices.dropLast().reversed() { order(column, by: graph.after, number) }
            }
            let count = crossingCount()
            useless += 1
            if count < bestCount { (best, bestCount, useless) = (graph.columns, count, 0) }
        }
        graph.columns = best
        for column in best { place(column) }
    }

    private mutating func place(_ column: [Int]) {
        for (place, vertex) in column.enumerated() { places[vertex] = place }
    }

    /// Vertices without neighbours keep their places. Ties are broken one way and the other by turns.
    private mutating func order(_ column: Int, by neighbours: [[Int]], _ number: Int) {
        let vertices = graph.columns[column]
        var keyed: [(key: Double, place: Int, vertex: Int)] = []
        for (place, vertex) in vertices.enumerated() where !neighbours[vertex].isEmpty {
            let sum = neighbours[vertex].reduce(0) { $0 + places[$1] }
            let isTurned = number % 4 >= 2
            keyed.append((Double(sum) / Double(neighbours[vertex].count), isTurned ? -place : place, vertex))
        }
        keyed.sort { ($0.key, $0.place) < ($1.key, $1.place) }
        var next = keyed.makeIterator()
        graph.columns[column] = vertices.map { neighbours[$0].isEmpty ? $0 : next.next()?.vertex ?? $0 }
        place(graph.columns[column])
    }

    // MARK: Counting

    private func crossingCount() -> Int { graph.columns.indices.dropLast().reduce(0) { $0 + crossingCount($1) } }

    /// Between a column and the next: inversions of the right ends, when the left ends are in order.
    private func crossingCount(_ column: Int) -> Int {
        let size = graph.columns[column + 1].count
        var tree = Array(repeating: 0, count: size + 1)
        var (count, total) = (0, 0)
        for vertex in graph.columns[column] {
            let ends = graph.after[vertex].map { places[$0] }.sorted()
            for end in ends {
                var (node, upTo) = (end + 1, 0)
                while node > 0 {
                    upTo += tree[node]
                    node &= node - 1
                }
                count += total - upTo
            }
            for end in ends {
                var node = end + 1
                while node <= size {
                    tree[node] += 1
                    node += node & -node
                }
                total += 1
            }
        }
        return count
    }

    // MARK: Swaps

    private mutating func swap() {
        for _ in 0..<Self.swapPassCountMax {
            var isBetter = false
            for column in graph.columns.indices {
                for place in graph.columns[column].indices.dropLast() {
                    let (upper, lower) = (graph.columns[column][place], graph.columns[column][place + 1])
                    let now = crossings(upper, lower, graph.before) + crossings(upper, lower, graph.after)
                    guard now > 0 else { continue }
                    let then = crossings(lower, upper, graph.before) + crossings(lower, upper, graph.after)
                    guard then < now else { continue }
                    graph.columns[column].swapAt(place, place + 1)
                    (places[upper], places[lower]) = (place + 1, place)
                    isBetter = true
                }
            }
            if !isBetter { return }
        }
    }

    /// Of the joins of two vertices on one side, if the first stands above the second.
    private func crossings(_ upper: Int, _ lower: Int, _ neighbours: [[Int]]) -> Int {
        let ends = neighbours[upper].map { places[$0] }.sorted()
        var count = 0
        for end in neighbours[lower] {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] > places[end] { high = middle } else { low = middle + 1 }
            }
            count += ends.count - low
        }
        return count
    }
}
