/// Which nodes and edges series make, as long as the same services send spans.
struct GraphLayout: Sendable {
    let grouping: TopologyQuery.Grouping
    /// By ID.
    private(set) var nodes: [TopologyGraph.Node] = []
    /// By the places of their nodes, then kind.
    private(set) var edges: [Edge] = []
    /// By number of the series.
    private(set) var uses: [Use] = []
    /// Of each node: the series whose durations are its own, by number.
    private(set) var nodeSeries = Members()
    /// Of each edge: its series, by number.
    private(set) var edgeSeries = Members()
    /// Edges whose calls are shared out among callees of one service have the same number, below this.
    private(set) var shareCount = 0

    struct Edge: Sendable {
        var from: Int
        var to: Int
        var kind: CallSeries.Kind
        var share: Int
    }

    /// What a series is for the graph.
    struct Use: Sendable {
        enum Part: UInt8 {
            case none, call
            /// Of operations: what others call, the same for a proxy's copy of a request, what a service does beside.
            case served, mirrored, beside
        }

        var part = Part.none
        /// Places of nodes: that of the callee, and of calls that of the caller.
        var to: Int32 = -1
        var from: Int32 = -1
        var edge: Int32 = -1
        var callee = Party()
        var caller = Party()
    }

    struct Party: Sendable {
        /// The place of its service among those that send spans; -1 if it sends none.
        var service: Int32 = -1
        var namespace: UInt32 = 0
    }

    /// Lists of numbers, one behind the other.
    struct Members: Sendable {
        private var numbers: [Int32] = []
        private var ends: [Int] = []

        mutating func append(_ list: [Int32]) {
            numbers += list
            ends.append(numbers.count)
        }

        subscript(_ place: Int) -> ArraySlice<Int32> { numbers[(place == 0 ? 0 : ends[place - 1])..<ends[place]] }
    }

    private struct EdgeKey: Hashable {
        var from: Int
        var to: Int
        var calleeService: UInt32
        var kind: CallSeries.Kind
    }

    private struct ShareKey: Hashable {
        var from: Int
        var calleeService: UInt32
        var kind: CallSeries.Kind
    }

    static let unnamed = "(none)"

    /// - Parameters:
    ///   - services: places of services that send spans.
    ///   - meant: the party with the name that it has for itself.
    init(
        _ series: [CallSeries], _ names: CallNames, _ grouping: TopologyQuery.Grouping, services: [UInt32: Int32],
        meant: (CallParty) -> CallParty
    ) {
        self.grouping = grouping
        uses = [Use](repeating: Use(), count: series.count)
        var maker = NodeMaker(names: names, grouping: grouping)
        var callees: [UInt32] = []
        callees.reserveCapacity(series.count)
        func party(_ party: CallParty) -> Party {
            Party(service: services[party.serviceName] ?? -1, namespace: party.namespace)
        }
        for (number, series) in series.enumerated() {
            var use = Use()
            use.part = series.part(grouping)
            let isCall = use.part == .call
            let callee = isCall ? meant(series.callee) : series.callee
            callees.append(callee.serviceName)
            if isCall {
                let caller = meant(series.caller)
                (use.caller, use.from) = (party(caller), maker.place(of: caller))
            }
            if use.part != .none { (use.callee, use.to) = (party(callee), maker.place(of: callee)) }
            uses[number] = use
        }
        sort(maker.nodes)
        var served = [[Int32]](repeating: [], count: nodes.count)
        for (number, use) in uses.enumerated() where use.part == .served { served[Int(use.to)].append(Int32(number)) }
        for list in served { nodeSeries.append(list) }
        findEdges(series, callees)
    }

    private mutating func sort(_ found: [TopologyGraph.Node]) {
        let order = found.indices.sorted { found[$0].id < found[$1].id }
        var newPlaces = [Int32](repeating: 0, count: found.count)
        for (place, old) in order.enumerated() { newPlaces[old] = Int32(place) }
        nodes = order.map { found[$0] }
        for number in uses.indices {
            if uses[number].to >= 0 { uses[number].to = newPlaces[Int(uses[number].to)] }
            if uses[number].from >= 0 { uses[number].from = newPlaces[Int(uses[number].from)] }
        }
    }

    /// - Parameter callees: the service of each series' callee.
    private mutating func findEdges(_ series: [CallSeries], _ callees: [UInt32]) {
        let hasShares = grouping == .version || grouping == .operation
        var members: [EdgeKey: [Int32]] = [:]
        for (number, use) in uses.enumerated() where use.part == .call {
            let key = EdgeKey(
                from: Int(use.from), to: Int(use.to), calleeService: hasShares ? callees[number] : 0,
                kind: series[number].kind)
            members[key, default: []].append(Int32(number))
        }
        let keys = members.keys.sorted {
            ($0.from, $0.to, $0.kind.rawValue, $0.calleeService) < ($1.from, $1.to, $1.kind.rawValue, $1.calleeService)
        }
        var shares: [ShareKey: Int] = [:]
        for (place, key) in keys.enumerated() {
            let shareKey = ShareKey(from: key.from, calleeService: key.calleeService, kind: key.kind)
            let share = shares[shareKey] ?? shares.count
            shares[shareKey] = share
            edges.append(Edge(from: key.from, to: key.to, kind: key.kind, share: share))
            edgeSeries.append(members[key] ?? [])
            for number in edgeSeries[place] { uses[Int(number)].edge = Int32(place) }
        }
        shareCount = shares.count
    }
}

extension CallSeries {
    fileprivate func part(_ grouping: TopologyQuery.Grouping) -> GraphLayout.Use.Part {
        switch kind {
        case .operation:
            // What a service does beside is no operation that others call.
            if !isServedOperation { return grouping == .operation ? .none : .beside }
            return isMirrored ? .mirrored : .served
        case .rpc, .messaging, .database, .mirrored, .retried, .oneSided: return .call
        case .link, .orphan, .unjoined, .lonely: return .none
        }
    }
}

/// Finds the node of each party.
private struct NodeMaker {
    let names: CallNames
    let grouping: TopologyQuery.Grouping
    /// Places in `nodes` by what makes a node; of namespaces by their text.
    private var places: [CallParty: Int32] = [:]
    private var namespacePlaces: [String: Int32] = [:]
    private(set) var nodes: [TopologyGraph.Node] = []

    init(names: CallNames, grouping: TopologyQuery.Grouping) {
        self.names = names
        self.grouping = grouping
    }

    mutating func place(of party: CallParty) -> Int32 {
        if grouping == .namespace { return namespacePlace(party) }
        let key = CallParty(
            serviceName: party.serviceName, version: grouping == .version ? party.version : 0,
            operationName: grouping == .operation ? party.operationName : 0)
        if let known = places[key] { return known }
        places[key] = Int32(nodes.count)
        nodes.append(node(key))
        return Int32(nodes.count - 1)
    }

    private mutating func namespacePlace(_ party: CallParty) -> Int32 {
        var name = names.text(party.namespace)
        if name.isEmpty {
            name = names.withName(party.serviceName) { service in
                ServiceText.namespace(ofService: service).map { String(decoding: $0, as: UTF8.self) }
                    ?? GraphLayout.unnamed
            }
        }
        if let known = namespacePlaces[name] { return known }
        namespacePlaces[name] = Int32(nodes.count)
        let namespace = name == GraphLayout.unnamed ? "" : name
        nodes.append(TopologyGraph.Node(id: name, namespace: namespace, isReporting: false))
        return Int32(nodes.count - 1)
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
}
