import Topology
import TraceModel

/// A topology put together series by series, with names as texts: what the program works out by number and at once.
struct PlainGraph {
    private let grouping: TopologyQuery.Grouping
    private var reporting: Set<String> = []
    private var nodes: [String: Node] = [:]
    private var edges: [EdgeKey: CallTotals] = [:]

    private struct Node {
        var node: TopologyGraph.Node
        var namespaces: Set<String> = []
        var durations = DurationSketch()
    }

    private struct EdgeKey: Hashable {
        var from: String
        var to: String
        var service: String
        var kind: CallSeries.Kind
    }

    private struct Party {
        var service: String
        var namespace: String
        var version: String
        var operation: String
    }

    init(_ series: [SeriesText: CallTotals], _ grouping: TopologyQuery.Grouping) {
        self.grouping = grouping
        for text in series.keys where text.kind == .operation { reporting.insert(text.names[4]) }
        for (text, totals) in series {
            let parties = [0, 4].map { first in
                Party(
                    service: text.names[first], namespace: text.names[first + 1], version: text.names[first + 2],
                    operation: text.names[first + 3])
            }
            switch text.kind {
            case .link, .orphan, .unjoined, .lonely: break
            case .operation: addOperation(text, parties[1], totals)
            case .rpc, .messaging, .database, .mirrored, .retried, .oneSided:
                addCall(text.kind, meant(parties[0]), meant(parties[1]), totals)
            }
        }
    }

    private mutating func addOperation(_ text: SeriesText, _ party: Party, _ totals: CallTotals) {
        let isServed = text.spanKind == .server || text.spanKind == .consumer
        guard isServed || grouping != .operation else { return }
        let id = enter(party)
        guard isServed, var node = nodes[id] else { return }
        if text.isMirrored {
            node.node.mirroredCallCount += totals.callCount
            node.node.mirroredErrorCount += totals.errorCount
        } else {
            node.node.callCount += totals.callCount
            node.node.errorCount += totals.errorCount
            node.durations.merge(totals.clientDurations)
        }
        nodes[id] = node
    }

    private mutating func addCall(_ kind: CallSeries.Kind, _ caller: Party, _ callee: Party, _ totals: CallTotals) {
        let (from, to) = (enter(caller), enter(callee))
        let key = EdgeKey(from: from, to: to, service: hasShares ? callee.service : "", kind: kind)
        edges[key, default: CallTotals()].merge(totals)
    }

    private var hasShares: Bool { grouping == .version || grouping == .operation }

    private mutating func enter(_ party: Party) -> String {
        var fresh = TopologyGraph.Node(id: party.service, serviceName: party.service, isReporting: false)
        switch grouping {
        case .service: break
        case .version:
            fresh.version = party.version
            if !party.version.isEmpty { fresh.id += "@" + party.version }
        case .operation:
            fresh.operationName = party.operation
            if !party.operation.isEmpty { fresh.id += ":" + party.operation }
        case .namespace:
            let labels = party.service.split(separator: ".")
            let namespace = party.namespace.isEmpty && labels.count > 1 ? String(labels[1]) : party.namespace
            fresh = TopologyGraph.Node(
                id: namespace.isEmpty ? "(none)" : namespace, namespace: namespace, isReporting: false)
        }
        var node = nodes[fresh.id] ?? Node(node: fresh)
        if reporting.contains(party.service) { node.node.isReporting = true }
        if !party.namespace.isEmpty { node.namespaces.insert(party.namespace) }
        nodes[fresh.id] = node
        return fresh.id
    }

    private func meant(_ party: Party) -> Party {
        if reporting.contains(party.service) { return party }
        let alike = reporting.filter { service in
            let isShort = party.service.utf8.count < service.utf8.count
            let (short, long) = isShort ? (party.service, service) : (service, party.service)
            guard !short.isEmpty, !short.contains("."), long.hasPrefix(short + ".") else { return false }
            let namespace = isShort ? party.namespace : ""
            return namespace.isEmpty || long.dropFirst(short.count + 1).prefix { $0 != "." } == namespace
        }
        var meant = party
        if let only = alike.first, alike.count == 1 { meant.service = only }
        return meant
    }

    func graph(_ window: Range<Int64>) -> TopologyGraph {
        let ids = nodes.keys.sorted()
        var shareSums: [EdgeKey: Int] = [:]
        for (key, totals) in edges {
            shareSums[EdgeKey(from: key.from, to: "", service: key.service, kind: key.kind), default: 0] +=
                totals.callCount
        }
        let finished = edges.map { key, totals in
            let sum = shareSums[EdgeKey(from: key.from, to: "", service: key.service, kind: key.kind)] ?? 0
            return TopologyGraph.Edge(
                from: ids.firstIndex(of: key.from) ?? -1, to: ids.firstIndex(of: key.to) ?? -1, kind: key.kind,
                callCount: totals.callCount, errorCount: totals.errorCount,
                requestShare: hasShares ? Double(totals.callCount) / Double(sum) : 1,
                client: Self.durations(totals.clientDurations), server: Self.durations(totals.serverDurations))
        }
        return TopologyGraph(
            window: window, grouping: grouping,
            nodes: ids.compactMap { nodes[$0] }.map { node in
                var finished = node.node
                if grouping != .namespace, node.namespaces.count == 1 {
                    finished.namespace = node.namespaces.first ?? ""
                }
                finished.durations = Self.durations(node.durations)
                return finished
            },
            edges: finished.sorted { ($0.from, $0.to, $0.kind.rawValue) < ($1.from, $1.to, $1.kind.rawValue) })
    }

    private static func durations(_ sketch: DurationSketch) -> TopologyGraph.Durations? {
        guard let p50 = sketch.quantile(0.5), let p95 = sketch.quantile(0.95), let p99 = sketch.quantile(0.99) else {
            return nil
        }
        return TopologyGraph.Durations(p50: p50, p95: p95, p99: p99)
    }
}
