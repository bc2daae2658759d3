internal import TraceModel

/// Puts series together to nodes and edges.
struct GraphBuilder {
    private let names: CallNames
    private let grouping: TopologyQuery.Grouping
    /// Services that send spans.
    private var reporting: Set<UInt32> = []
    /// Of services that send none, the one that is meant.
    private var aliases: [UInt32: UInt32] = [:]
    /// Places in `nodes` by what makes a node; of namespaces by their text.
    private var places: [CallParty: Int] = [:]
    private var namespacePlaces: [String: Int] = [:]
    private(set) var nodes: [Node] = []
    private var edgePlaces: [EdgeKey: Int] = [:]
    private(set) var edges: [Edge] = []

    struct Node {
        var node: TopologyGraph.Node
        var durations = DurationSketch()
        /// Namespaces of what is in it; nil: several.
        var namespace: UInt32?
    }

    struct Edge {
        var key: EdgeKey
        var totals = CallTotals()
    }

    struct EdgeKey: Hashable {
        var from: Int
        var to: Int
        var calleeService: UInt32
        var kind: CallSeries.Kind
    }

    static let unnamed = "(none)"

    init(_ series: [CallSeries: CallTotals], _ names: CallNames, _ grouping: TopologyQuery.Grouping) {
        self.names = names
        self.grouping = grouping
        for series in series.keys where series.kind == .operation { reporting.insert(series.callee.serviceName) }
        for (series, totals) in series {
            switch series.kind {
            case .operation: addOperation(series, totals)
            case .rpc, .messaging, .database, .mirrored, .retried, .oneSided: addCalls(series, totals)
            case .link, .orphan, .unjoined, .lonely: break
            }
        }
    }

    // MARK: Nodes

    private mutating func addOperation(_ series: CallSeries, _ totals: CallTotals) {
        let isServed = series.isServedOperation
        // What a service does beside is no operation that others call.
        guard isServed || grouping != .operation else { return }
        let place = place(of: series.callee)
        guard isServed else { return }
        guard !series.isMirrored else {
            nodes[place].node.mirroredCallCount += totals.callCount
            nodes[place].node.mirroredErrorCount += totals.errorCount
            return
        }
        nodes[place].node.callCount += totals.callCount
        nodes[place].node.errorCount += totals.errorCount
        nodes[place].durations.merge(totals.clientDurations)
    }

    private mutating func place(of party: CallParty) -> Int {
        let isReporting = reporting.contains(party.serviceName)
        let place: Int
        if grouping == .namespace {
            place = namespacePlace(party)
        } else {
            let key = CallParty(
                serviceName: party.serviceName, version: grouping == .version ? party.version : 0,
                operationName: grouping == .operation ? party.operationName : 0)
            if let known = places[key] {
                place = known
            } else {
                place = nodes.count
                places[key] = place
                nodes.append(Node(node: node(key), namespace: party.namespace))
            }
            if party.namespace != 0, nodes[place].namespace != party.namespace {
                nodes[place].namespace = nodes[place].namespace == 0 ? party.namespace : nil
            }
        }
        if isReporting { nodes[place].node.isReporting = true }
        return place
    }

    private mutating func namespacePlace(_ party: CallParty) -> Int {
        var name = names.text(party.namespace)
        if name.isEmpty {
            name = names.withName(party.serviceName) { service in
                ServiceText.namespace(ofService: service).map { String(decoding: $0, as: UTF8.self) } ?? Self.unnamed
            }
        }
        if let known = namespacePlaces[name] { return known }
        namespacePlaces[name] = nodes.count
        let namespace = name == Self.unnamed ? "" : name
        nodes.append(Node(node: TopologyGraph.Node(id: name, namespace: namespace, isReporting: false)))
        return nodes.count - 1
    }

    private func node(_ key: CallParty) -> TopologyGraph.Node {
        let service = names.text(key.serviceName)
        let (version, operation) = (names.text(key.version), names.text(key.operationName))
        var id = service
        if !version.isEmpty { id += "@" + version }
        if !operation.isEmpty { id += ":" + operation }
        return TopologyGraph.Node(
            id: id, serviceName: service, version: version, operationName: operation, isReporting: false)
    }

    // MARK: Edges

    private mutating func addCalls(_ series: CallSeries, _ totals: CallTotals) {
        let (caller, callee) = (meant(series.caller), meant(series.callee))
        let (from, to) = (place(of: caller), place(of: callee))
        let service = grouping == .version || grouping == .operation ? callee.serviceName : 0
        let key = EdgeKey(from: from, to: to, calleeService: service, kind: series.kind)
        if let place = edgePlaces[key] {
            edges[place].totals.merge(totals)
        } else {
            edgePlaces[key] = edges.count
            edges.append(Edge(key: key, totals: totals))
        }
    }

    /// The party with the name that it has for itself, where others call it `app` for `app.namespace` or the other way
    /// around.
    private mutating func meant(_ party: CallParty) -> CallParty {
        if reporting.contains(party.serviceName) { return party }
        var meant = party
        if let known = aliases[party.serviceName] {
            meant.serviceName = known
            return meant
        }
        let site = CallSite(serviceName: party.serviceName, namespace: party.namespace, traits: CallTraits(rawValue: 0))
        let alike = reporting.filter { service in
            names.isSameService(site, CallSite(serviceName: service, traits: CallTraits(rawValue: 0)))
        }
        meant.serviceName = alike.count == 1 ? alike.first ?? party.serviceName : party.serviceName
        aliases[party.serviceName] = meant.serviceName
        return meant
    }

    // MARK: What comes of it

    /// Nodes by ID and edges between them.
    func graph(_ window: Range<Int64>) -> TopologyGraph {
        let order = nodes.indices.sorted { nodes[$0].node.id < nodes[$1].node.id }
        var newPlaces = [Int](repeating: 0, count: nodes.count)
        for (place, old) in order.enumerated() { newPlaces[old] = place }
        var shareSums: [EdgeKey: Int] = [:]
        func sumKey(_ key: EdgeKey) -> EdgeKey {
            var key = key
            key.to = -1
            return key
        }
        for edge in edges { shareSums[sumKey(edge.key), default: 0] += edge.totals.callCount }
        let hasShares = grouping == .version || grouping == .operation
        let graphEdges = edges.map { edge in
            let sum = shareSums[sumKey(edge.key)] ?? 0
            return TopologyGraph.Edge(
                from: newPlaces[edge.key.from], to: newPlaces[edge.key.to], kind: edge.key.kind,
                callCount: edge.totals.callCount, errorCount: edge.totals.errorCount,
                requestShare: hasShares && sum > 0 ? Double(edge.totals.callCount) / Double(sum) : 1,
                client: TopologyGraph.Durations(edge.totals.clientDurations),
                server: TopologyGraph.Durations(edge.totals.serverDurations))
        }
        return TopologyGraph(
            window: window, grouping: grouping, nodes: order.map { finished(nodes[$0]) },
            edges: graphEdges.sorted { ($0.from, $0.to, $0.kind.rawValue) < ($1.from, $1.to, $1.kind.rawValue) })
    }

    private func finished(_ node: Node) -> TopologyGraph.Node {
        var finished = node.node
        finished.durations = TopologyGraph.Durations(node.durations)
        if grouping != .namespace, let namespace = node.namespace { finished.namespace = names.text(namespace) }
        return finished
    }
}

extension CallSeries {
    /// What is left of the series for a graph of that grouping: series of which that is the same are one to it. Nil:
    /// the graph has no use for it.
    package func seen(by grouping: TopologyQuery.Grouping) -> CallSeries? {
        switch kind {
        case .link, .orphan, .unjoined, .lonely: return nil
        case .operation, .rpc, .messaging, .database, .mirrored, .retried, .oneSided: break
        }
        var seen = self
        if kind == .operation { seen.spanKind = isServedOperation ? .server : .local }
        seen.caller = caller.seen(by: grouping)
        seen.callee = callee.seen(by: grouping)
        return seen
    }

    /// Of operations: others call it.
    fileprivate var isServedOperation: Bool { spanKind == .server || spanKind == .consumer }

    /// Whether a graph tells how long the calls took.
    package var hasDurationsInGraph: Bool { kind != .operation || isServedOperation && !isMirrored }
}

extension CallParty {
    fileprivate func seen(by grouping: TopologyQuery.Grouping) -> CallParty {
        CallParty(
            serviceName: serviceName, namespace: namespace, version: grouping == .version ? version : 0,
            operationName: grouping == .operation ? operationName : 0)
    }
}

extension TopologyGraph.Durations {
    /// nil of none.
    init?(_ sketch: DurationSketch) {
        let quantiles = sketch.quantiles([0.5, 0.95, 0.99])
        guard quantiles.count == 3 else { return nil }
        self.init(p50: quantiles[0], p95: quantiles[1], p99: quantiles[2])
    }
}
