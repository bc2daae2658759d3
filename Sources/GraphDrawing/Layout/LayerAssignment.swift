/// Puts nodes in layers, so that edges lead from a layer to a later one. After Eades, Lin and Smyth, edges that would
/// close circles are turned round: few of them, and such that matter least.
struct LayerAssignment {
    struct Edge {
        var from: Int
        var to: Int
        var weight: Double
    }

    /// By node, from 0; no layer is empty.
    private(set) var layers: [Int]
    /// By edge.
    private(set) var isReversed: [Bool]

    private static let passCountMax = 6

    /// - Parameter edges: none from a node to itself.
    init(nodeCount: Int, edges: [Edge]) {
        let places = Self.places(nodeCount, edges)
        isReversed = edges.map { places[$0.from] > places[$0.to] }
        var callers: [[Int]] = Array(repeating: [], count: nodeCount)
        var callees = callers
        for edge in edges {
            let (from, to) = places[edge.from] > places[edge.to] ? (edge.to, edge.from) : (edge.from, edge.to)
            callees[from].append(to)
            callers[to].append(from)
        }
        var order = Array(repeating: 0, count: nodeCount)
        for (node, place) in places.enumerated() { order[place] = node }
        layers = Array(repeating: 0, count: nodeCount)
        for node in order { layers[node] = (callers[node].map { layers[$0] }.max() ?? -1) + 1 }
        shorten(order, callers, callees)
        let used = Set(layers).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
        layers = layers.map { numbers[$0] ?? 0 }
    }

    /// Moves nodes to where the sum of their edges is least.
    private mutating func shorten(_ order: [Int], _ callers: [[Int]], _ callees: [[Int]]) {
        for _ in 0..<Self.passCountMax {
            var isChanged = false
            for node in order.reversed() {
                let layer: Int
                if callees[node].count > callers[node].count {
                    layer = (callees[node].map { layers[$0] }.min() ?? 1) - 1
                } else if callers[node].count > callees[node].count {
                    layer = (callers[node].map { layers[$0] }.max() ?? -1) + 1
                } else {
                    continue
                }
                isChanged = isChanged || layer != layers[node]
                layers[node] = layer
            }
            if !isChanged { return }
        }
    }

    /// An order of the nodes in which few edges lead backwards: by node its place.
    private static func places(_ nodeCount: Int, _ edges: [Edge]) -> [Int] {
        var outgoing: [[(node: Int, weight: Double)]] = Array(repeating: [], count: nodeCount)
        var incoming = outgoing
        var (outCounts, inCounts) = (Array(repeating: 0, count: nodeCount), Array(repeating: 0, count: nodeCount))
        var excess = Array(repeating: 0.0, count: nodeCount)
        for edge in edges {
            outgoing[edge.from].append((edge.to, edge.weight))
            incoming[edge.to].append((edge.from, edge.weight))
            outCounts[edge.from] += 1
            inCounts[edge.to] += 1
            excess[edge.from] += edge.weight
            excess[edge.to] -= edge.weight
        }
        var places = Array(repeating: -1, count: nodeCount)
        var (first, last) = (0, nodeCount - 1)
        var sources = (0..<nodeCount).filter { inCounts[$0] == 0 }.reversed() as [Int]
        var sinks = (0..<nodeCount).filter { outCounts[$0] == 0 && inCounts[$0] > 0 }
        func take(_ node: Int, at place: Int) {
            places[node] = place
            for (other, weight) in outgoing[node] where places[other] < 0 {
                inCounts[other] -= 1
                excess[other] += weight
                if inCounts[other] == 0 { sources.append(other) }
            }
            for (other, weight) in incoming[node] where places[other] < 0 {
                outCounts[other] -= 1
                excess[other] -= weight
                if outCounts[other] == 0 { sinks.append(other) }
            }
        }
        while first <= last {
            if let sink = sinks.popLast() {
                guard places[sink] < 0 else { continue }
                take(sink, at: last)
                last -= 1
            } else if let source = sources.popLast() {
                guard places[source] < 0 else { continue }
                take(source, at: first)
                first += 1
            } else {
                var best = -1
                for node in 0..<nodeCount where places[node] < 0 && (best < 0 || excess[node] > excess[best]) {
                    best = node
                }
                take(best, at: first)
                first += 1
            }
        }
        return places
    }
}
