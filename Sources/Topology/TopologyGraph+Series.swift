extension TopologyGraph {
    /// The graph of what was counted.
    ///
    /// A party is a node by the query's grouping: a service, a service and version (`reviews@v2`; just the service
    /// where its version is not known), a namespace, or a service and operation (`reviews:GET /`). What others call a
    /// service by (`app` for `app.namespace`, or the other way around) is set right where only one is meant. With a
    /// focus only what calls it, and what it calls, is shown, over as many calls as the query's depth, and edges
    /// between those.
    /// - Parameter window: the time that the series are of, nanoseconds since 1970.
    public init(series: [CallSeries: CallTotals], names: CallNames, query: TopologyQuery, window: Range<Int64>) {
        var maker = GraphMaker(query.grouping)
        maker.take(Array(series.keys), names)
        self = maker.graph(of: SeriesTotals(totals: Array(series.values)), names, window)
        finish(query)
    }

    /// Narrows the whole graph to what was asked for, and says what one should know of it.
    package mutating func finish(_ query: TopologyQuery) {
        let whole = self
        if let focus = query.focus, !focus.isEmpty { narrow(to: focus, depth: query.depth) }
        notes += releaseNotes(whole)
    }

    // MARK: Focus

    private mutating func narrow(to focus: String, depth: Int) {
        let centers = places(ofFocus: focus)
        guard !centers.isEmpty else {
            notes.append(
                Self.unknownFocusNote(focus, Set(nodes.map { $0.serviceName.isEmpty ? $0.id : $0.serviceName })))
            nodes = []
            edges = []
            return
        }
        var isShown = [Bool](repeating: false, count: nodes.count)
        for place in centers { isShown[place] = true }
        for place in reached(from: centers, depth, along: { ($0.from, $0.to) }) { isShown[place] = true }
        for place in reached(from: centers, depth, along: { ($0.to, $0.from) }) { isShown[place] = true }
        var newPlaces = [Int](repeating: 0, count: nodes.count)
        var shown: [Node] = []
        for (place, node) in nodes.enumerated() where isShown[place] {
            newPlaces[place] = shown.count
            shown.append(node)
        }
        nodes = shown
        edges = edges.filter { isShown[$0.from] && isShown[$0.to] }.map { edge in
            var edge = edge
            (edge.from, edge.to) = (newPlaces[edge.from], newPlaces[edge.to])
            return edge
        }
    }

    /// The nodes that are so called, else those of the service, else those of the one service that is meant.
    private func places(ofFocus focus: String) -> [Int] {
        let exact = nodes.indices.filter { nodes[$0].id == focus }
        if !exact.isEmpty, grouping == .service || grouping == .namespace { return exact }
        let ofService = nodes.indices.filter { nodes[$0].serviceName == focus }
        // `reviews` may be one of the nodes of the service `reviews`, that of an unknown version.
        if !ofService.isEmpty { return ofService }
        if !exact.isEmpty { return exact }
        let alike = nodes.indices.filter { place in
            let name = nodes[place].serviceName
            let shortest = name.utf8.prefix { $0 != UInt8(ascii: ".") }.count
            return name.hasPrefix(focus + ".") || shortest > 0 && focus.hasPrefix(name + ".")
        }
        return Set(alike.map { nodes[$0].serviceName }).count == 1 ? alike : []
    }

    /// The nodes at most `depth` edges away in one direction.
    private func reached(from centers: [Int], _ depth: Int, along ends: (Edge) -> (Int, Int)) -> Set<Int> {
        var next: [Int: [Int]] = [:]
        for edge in edges {
            let (near, far) = ends(edge)
            next[near, default: []].append(far)
        }
        var reached = Set(centers)
        var border = centers
        var distance = 0
        while distance < depth, !border.isEmpty {
            border = border.flatMap { next[$0] ?? [] }.filter { reached.insert($0).inserted }
            distance += 1
        }
        return reached
    }

    // MARK: Notes

    private static let namedCountMax = 10

    private static func unknownFocusNote(_ focus: String, _ known: Set<String>) -> String {
        guard !known.isEmpty else { return "nothing was counted in this time, so there is no \(focus)" }
        let lower = focus.lowercased()
        let near = known.filter { name in
            let name = name.lowercased()
            return name.contains(lower) || !name.isEmpty && lower.contains(name) || isNear(name, lower)
        }.sorted()
        if !near.isEmpty { return "no \(focus) in this time; near: \(list(near))" }
        return "no \(focus) in this time; there are \(list(known.sorted()))"
    }

    private static func list(_ names: [String]) -> String {
        let rest = names.count - namedCountMax
        return names.prefix(namedCountMax).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// Whether few letters differ, before the first dot.
    private static func isNear(_ a: String, _ b: String) -> Bool {
        let first = Array(a.utf8.prefix { $0 != UInt8(ascii: ".") }.prefix(64))
        let second = Array(b.utf8.prefix { $0 != UInt8(ascii: ".") }.prefix(64))
        var distances = Array(0...second.count)
        for (row, byte) in first.enumerated() {
            var diagonal = distances[0]
            distances[0] = row + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = distances[column + 1]
                distances[column + 1] = min(replaced, diagonal + 1, distances[column] + 1)
            }
        }
        return distances[second.count] <= max(1, min(first.count, second.count) / 4)
    }

    /// What one should know where versions are compared.
    private func releaseNotes(_ whole: TopologyGraph) -> [String] {
        guard grouping == .version else { return [] }
        var notes: [String] = []
        if nodes.contains(where: { $0.version == "latest" }) {
            notes.append("the version latest stands for workloads that have no label of a version")
        }
        let served = nodes.filter { !$0.version.isEmpty && $0.callCount > 0 }
        let hasRelease = Set(served.map(\.serviceName)).count < served.count
        if hasRelease, !whole.edges.contains(where: { $0.kind == .mirrored }) {
            notes.append(
                "no mirrored calls: Istio does not trace them unless tracing is switched on for the mirror route")
        }
        return notes
    }
}
