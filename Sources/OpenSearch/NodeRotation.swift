/// Which of a cluster's nodes is asked next: each in turn, but those that failed lately.
///
/// Times are nanoseconds of one clock that never runs backwards.
struct NodeRotation {
    private struct Node {
        var failureCount = 0
        var restsUntil: UInt64 = 0
    }

    static let restMin: UInt64 = 1_000_000_000
    static let restMax: UInt64 = 60_000_000_000

    private var nodes: [Node]
    private var turn = 0

    init(count: Int) {
        precondition(count > 0, "a cluster has a node")
        nodes = Array(repeating: Node(), count: count)
    }

    /// The next node; if all are left alone, the one that is so for the shortest time. Nil if all were tried.
    mutating func next(now: UInt64, tried: Set<Int> = []) -> Int? {
        let order = nodes.indices.map { (turn + $0) % nodes.count }.filter { !tried.contains($0) }
        let rested = order.first { nodes[$0].restsUntil <= now }
        guard let node = rested ?? order.min(by: { nodes[$0].restsUntil < nodes[$1].restsUntil }) else { return nil }
        turn = (node + 1) % nodes.count
        return node
    }

    /// Leaves the node alone, the longer the more often in a row it failed: half of the time for certain, and the rest
    /// by chance, which is 0..<1.
    mutating func failed(_ node: Int, now: UInt64, chance: Double) {
        // Requests that were under way together fail together: that is one failure.
        guard nodes[node].restsUntil <= now else { return }
        let longest = Self.restMin << UInt64(min(nodes[node].failureCount, 16))
        let rest = Double(min(longest, Self.restMax)) * (0.5 + chance / 2)
        nodes[node].failureCount += 1
        nodes[node].restsUntil = now + UInt64(rest)
    }

    mutating func succeeded(_ node: Int) { nodes[node] = Node() }
}
