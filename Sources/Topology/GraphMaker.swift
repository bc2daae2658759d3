/// Makes graphs of one grouping out of sums of the same series. Which series make which nodes and edges is worked out
/// once for many graphs. For one thread at a time.
package struct GraphMaker {
    private let grouping: TopologyQuery.Grouping
    private var series: [CallSeries] = []
    /// By number of the series: of an operation the place of its service, else -1.
    private var reporters: [Int32] = []
    private var servicePlaces: [UInt32: Int32] = [:]
    /// Services that are found by their first label: by place.
    private var labels: [String: [UInt32]] = [:]
    /// Places of services on which it may depend whom others mean.
    private var doubtful: [Int32] = []
    /// By which of the doubtful services send spans.
    private var layouts: [[Bool]: GraphLayout] = [:]
    private var scratch = Scratch()

    private static let layoutCountMax = 8

    package init(_ grouping: TopologyQuery.Grouping) { self.grouping = grouping }

    /// Takes up the series to come, by number.
    package mutating func take(_ series: [CallSeries], _ names: CallNames) {
        if series.count == self.series.count { return }
        self.series = series
        reporters = []
        servicePlaces = [:]
        labels = [:]
        doubtful = []
        layouts = [:]
        for series in series {
            var reporter: Int32 = -1
            if series.kind == .operation {
                let service = series.callee.serviceName
                let place = servicePlaces[service] ?? Int32(servicePlaces.count)
                if place == servicePlaces.count {
                    servicePlaces[service] = place
                    labels[Self.label(of: service, names), default: []].append(service)
                }
                reporter = place
            }
            reporters.append(reporter)
        }
        findDoubtful(names)
    }

    /// What a service's name begins with: those that may be one have it in common.
    private static func label(of service: UInt32, _ names: CallNames) -> String {
        names.withName(service) { name in
            String(decoding: name.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
        }
    }

    private mutating func findDoubtful(_ names: CallNames) {
        var found: Set<Int32> = []
        var seen: Set<UInt32> = []
        for series in series {
            for party in [series.caller, series.callee] where seen.insert(party.serviceName).inserted {
                let alike = labels[Self.label(of: party.serviceName, names)] ?? []
                if alike.isEmpty || alike == [party.serviceName] { continue }
                for service in alike { found.insert(servicePlaces[service] ?? 0) }
            }
        }
        doubtful = found.sorted()
    }

    // MARK: Layout

    private mutating func layout(_ isReporting: [Bool], _ names: CallNames) -> GraphLayout {
        let key = doubtful.map { isReporting[Int($0)] }
        if let known = layouts[key] { return known }
        var aliases: [CallParty: UInt32] = [:]
        let layout = GraphLayout(series, names, grouping, services: servicePlaces) { party in
            if let place = servicePlaces[party.serviceName], isReporting[Int(place)] { return party }
            // Others call it `app` for `app.namespace`, or the other way around.
            let key = CallParty(serviceName: party.serviceName, namespace: party.namespace)
            let meant = aliases[key] ?? self.meant(party, isReporting, names)
            aliases[key] = meant
            var party = party
            party.serviceName = meant
            return party
        }
        if layouts.count >= Self.layoutCountMax { layouts = [:] }
        layouts[key] = layout
        return layout
    }

    /// The one service that is meant, of those that send spans; else the name as it is.
    private func meant(_ party: CallParty, _ isReporting: [Bool], _ names: CallNames) -> UInt32 {
        let site = CallSite(serviceName: party.serviceName, namespace: party.namespace, traits: CallTraits(rawValue: 0))
        let alike = (labels[Self.label(of: party.serviceName, names)] ?? []).filter { service in
            guard let place = servicePlaces[service], isReporting[Int(place)] else { return false }
            return names.isSameService(site, CallSite(serviceName: service, traits: CallTraits(rawValue: 0)))
        }
        return alike.count == 1 ? alike[0] : party.serviceName
    }

    // MARK: Graph

    /// The graph of what was counted.
    /// - Parameters:
    ///   - totals: of the series that were taken up.
    ///   - window: the time that they are of, nanoseconds since 1970.
    package mutating func graph(
        _ totals: DenseTotals, _ names: CallNames, _ window: Range<Int64>
    ) -> TopologyGraph { graph(of: totals, names, window) }

    mutating func graph(
        of totals: some GraphTotals, _ names: CallNames, _ window: Range<Int64>
    ) -> TopologyGraph {
        var isReporting = [Bool](repeating: false, count: servicePlaces.count)
        for (number, reporter) in reporters.enumerated() where reporter >= 0 && totals.isSeen(number) {
            isReporting[Int(reporter)] = true
        }
        let layout = layout(isReporting, names)
        scratch.count(totals, layout, isReporting)
        var graph = TopologyGraph(window: window, grouping: grouping, nodes: [], edges: [])
        let places = scratch.appendNodes(to: &graph, totals, layout, names)
        scratch.appendEdges(to: &graph, totals, layout, places)
        return graph
    }
}

/// What is counted for nodes and edges, by their places in the layout.
private struct Scratch {
    private var nodes: [NodeCounts] = []
    private var edges: [EdgeCounts] = []
    private var shareSums: [Int] = []
    /// Durations of several series together.
    private var merged: [Int] = []

    private struct NodeCounts {
        var isThere = false
        var isReporting = false
        var callCount = 0
        var errorCount = 0
        var mirroredCallCount = 0
        var mirroredErrorCount = 0
        /// 0: none; `severalNamespaces`.
        var namespace: UInt32 = 0

        static let severalNamespaces = UInt32.max

        mutating func add(_ party: GraphLayout.Party, _ isReporting: [Bool]) {
            isThere = true
            if party.service >= 0, isReporting[Int(party.service)] { self.isReporting = true }
            if party.namespace != 0, namespace != party.namespace {
                namespace = namespace == 0 ? party.namespace : Self.severalNamespaces
            }
        }
    }

    private struct EdgeCounts {
        var isThere = false
        var callCount = 0
        var errorCount = 0
    }

    mutating func count(_ totals: some GraphTotals, _ layout: GraphLayout, _ isReporting: [Bool]) {
        nodes.removeAll(keepingCapacity: true)
        nodes.append(contentsOf: repeatElement(NodeCounts(), count: layout.nodes.count))
        edges.removeAll(keepingCapacity: true)
        edges.append(contentsOf: repeatElement(EdgeCounts(), count: layout.edges.count))
        shareSums.removeAll(keepingCapacity: true)
        shareSums.append(contentsOf: repeatElement(0, count: layout.shareCount))
        for (number, use) in layout.uses.enumerated() where use.part != .none && totals.isSeen(number) {
            let (to, (callCount, errorCount)) = (Int(use.to), totals.counts(number))
            nodes[to].add(use.callee, isReporting)
            switch use.part {
            case .none, .beside: break
            case .served:
                nodes[to].callCount += callCount
                nodes[to].errorCount += errorCount
            case .mirrored:
                nodes[to].mirroredCallCount += callCount
                nodes[to].mirroredErrorCount += errorCount
            case .call:
                nodes[Int(use.from)].add(use.caller, isReporting)
                let edge = Int(use.edge)
                edges[edge].isThere = true
                edges[edge].callCount += callCount
                edges[edge].errorCount += errorCount
                shareSums[layout.edges[edge].share] += callCount
            }
        }
    }

    /// - Returns: by place in the layout, the place in the graph; -1 of what is not there.
    mutating func appendNodes(
        to graph: inout TopologyGraph, _ totals: some GraphTotals, _ layout: GraphLayout, _ names: CallNames
    ) -> [Int] {
        graph.nodes.reserveCapacity(nodes.count)
        var places = [Int](repeating: -1, count: nodes.count)
        for (place, counted) in nodes.enumerated() where counted.isThere {
            places[place] = graph.nodes.count
            var node = layout.nodes[place]
            node.isReporting = counted.isReporting
            node.callCount = counted.callCount
            node.errorCount = counted.errorCount
            node.mirroredCallCount = counted.mirroredCallCount
            node.mirroredErrorCount = counted.mirroredErrorCount
            if graph.grouping != .namespace, counted.namespace != 0, counted.namespace != NodeCounts.severalNamespaces {
                node.namespace = names.text(counted.namespace)
            }
            node.durations = totals.durations(layout.nodeSeries[place], side: 0, &merged)
            graph.nodes.append(node)
        }
        return places
    }

    mutating func appendEdges(
        to graph: inout TopologyGraph, _ totals: some GraphTotals, _ layout: GraphLayout, _ places: [Int]
    ) {
        let hasShares = graph.grouping == .version || graph.grouping == .operation
        graph.edges.reserveCapacity(edges.count)
        for (place, counted) in edges.enumerated() where counted.isThere {
            let edge = layout.edges[place]
            let sum = shareSums[edge.share]
            let series = layout.edgeSeries[place]
            graph.edges.append(
                TopologyGraph.Edge(
                    from: places[edge.from], to: places[edge.to], kind: edge.kind, callCount: counted.callCount,
                    errorCount: counted.errorCount,
                    requestShare: hasShares && sum > 0 ? Double(counted.callCount) / Double(sum) : 1,
                    client: totals.durations(series, side: 0, &merged),
                    server: totals.durations(series, side: 1, &merged)))
        }
    }
}
