import GraphDrawing
import TestSupport
public import Testing
public import Topology

/// Topologies to be drawn.
enum SampleGraphs {
    typealias Node = TopologyGraph.Node
    typealias Edge = TopologyGraph.Edge
    typealias Durations = TopologyGraph.Durations

    /// 2026-11-21T19:00:00Z, and an hour.
    static let window: Range<Int64> = 1_795_287_600_000_000_000..<1_795_291_200_000_000_000

    private static func durations(_ milliseconds: Int64) -> Durations {
        Durations(p50: milliseconds * 1_000_000, p95: milliseconds * 3_000_000, p99: milliseconds * 5_500_000)
    }

    /// A canary with a mirror, in versions.
    static let bookinfo = TopologyGraph(
        window: window, grouping: .version,
        nodes: [
            node("details.default", "v1", 1800),
            node("istio-ingressgateway.istio-system", "latest", 1800),
            Node(id: "mongodb", serviceName: "mongodb", isReporting: false),
            node("productpage.default", "v1", 1800, errors: 11),
            node("ratings.default", "v1", 171),
            node("reviews.default", "v1", 1629),
            node("reviews.default", "v2", 182, errors: 11),
            node("reviews.default", "v3", 0, mirrored: 1629),
        ],
        edges: [
            Edge(
                from: 1, to: 3, kind: .rpc, callCount: 1800, errorCount: 11, client: durations(21),
                server: durations(20)),
            Edge(
                from: 3, to: 0, kind: .rpc, callCount: 1800, errorCount: 0, client: durations(2), server: durations(1)),
            Edge(
                from: 3, to: 5, kind: .rpc, callCount: 1629, errorCount: 0, requestShare: 0.8995, server: durations(7)),
            Edge(
                from: 3, to: 6, kind: .rpc, callCount: 182, errorCount: 11, requestShare: 0.1005,
                server: durations(11)),
            Edge(from: 3, to: 6, kind: .retried, callCount: 11, errorCount: 2, server: durations(9)),
            Edge(from: 3, to: 7, kind: .mirrored, callCount: 1629, errorCount: 0, server: durations(12)),
            Edge(from: 4, to: 2, kind: .oneSided, callCount: 171, errorCount: 0, client: durations(1)),
            Edge(from: 6, to: 4, kind: .rpc, callCount: 171, errorCount: 0, server: durations(3)),
        ])

    private static func node(
        _ service: String, _ version: String, _ calls: Int, errors: Int = 0, mirrored: Int = 0
    ) -> Node {
        Node(
            id: "\(service)@\(version)", serviceName: service, namespace: String(service.split(separator: ".")[1]),
            version: version, callCount: calls, errorCount: errors, mirroredCallCount: mirrored,
            durations: calls > 0 ? durations(9) : nil)
    }

    /// Services that call each other in circles, and themselves.
    static let circles = TopologyGraph(
        window: window, grouping: .service,
        nodes: ["accounts", "billing", "catalog", "events", "search", "web"].map {
            Node(id: $0, serviceName: $0, callCount: 5000, errorCount: $0 == "billing" ? 400 : 0)
        },
        edges: [
            Edge(from: 0, to: 1, kind: .rpc, callCount: 4000, errorCount: 3),
            Edge(from: 1, to: 0, kind: .messaging, callCount: 200, errorCount: 0),
            Edge(from: 1, to: 1, kind: .rpc, callCount: 900, errorCount: 400),
            Edge(from: 1, to: 3, kind: .messaging, callCount: 60, errorCount: 0),
            Edge(from: 2, to: 4, kind: .rpc, callCount: 2500, errorCount: 0),
            Edge(from: 3, to: 0, kind: .messaging, callCount: 60, errorCount: 0),
            Edge(from: 4, to: 2, kind: .rpc, callCount: 90, errorCount: 9),
            Edge(from: 5, to: 0, kind: .rpc, callCount: 36_000, errorCount: 0),
            Edge(from: 5, to: 2, kind: .rpc, callCount: 18_000, errorCount: 1),
        ])

    /// Names that would do harm in some form.
    static let hostileNames = [
        "a\"b", "a\\", "a\nb\r\n", "<script>alert('x')</script>", "&amp; ]]>", "🙂 日本語", "\u{0}\u{1b}[31m\u{7f}",
        "x|y|z", "=HYPERLINK(\"http://x\")", "-2+3", "@sum", "%%{init: {}}%%", "`code`", "\\N \\G \\l", "end", "1. one",
        "#quot;", ",;\t", "\u{202e}drow", "\u{ffff}", "", " ", String(repeating: "long", count: 500), "{}[]()<>",
        "]]></style>", "n0 -> n1", "subgraph", "＝1",
    ]

    static let hostile: TopologyGraph = {
        let nodes = hostileNames.sorted().map {
            Node(
                id: $0, serviceName: $0, namespace: $0, version: $0, operationName: $0, callCount: 3, errorCount: 1,
                durations: durations(1))
        }
        let edges = nodes.indices.map {
            Edge(from: $0, to: ($0 * 7 + 3) % nodes.count, kind: .rpc, callCount: 1, errorCount: 1)
        }
        return TopologyGraph(
            window: window, grouping: .operation, nodes: nodes, edges: edges, notes: hostileNames)
    }()

    /// - Parameter backShare: of edges those that lead against the usual direction.
    static func random(seed: UInt64, nodeCount: Int, edgeCount: Int, backShare: Double = 0.05) -> TopologyGraph {
        var random = SeededGenerator(seed: seed)
        let nodes = (0..<nodeCount).map { number in
            let calls = Int.random(in: 0...100_000, using: &random)
            let name = ["orders", "users", "payment-gateway", "ledger", "mail"][number % 5]
            return Node(
                id: "\(name)-\(number).shop", serviceName: "\(name)-\(number).shop", isReporting: number % 11 != 10,
                callCount: calls, errorCount: number % 4 == 0 ? calls / 30 : 0, durations: durations(Int64(number + 1)))
        }
        var seen: Set<[Int]> = []
        var edges: [Edge] = []
        for number in 0..<(edgeCount * 4) where edges.count < edgeCount && nodeCount > 1 {
            var from = Int.random(in: 0..<nodeCount, using: &random)
            // Every node but the first is called by one before it.
            var to = number + 1 < nodeCount ? number + 1 : Int.random(in: 0..<nodeCount, using: &random)
            if number + 1 < nodeCount { from = Int.random(in: (to / 5)..<max(1, to / 2 + to % 2), using: &random) }
            if from > to, Double.random(in: 0..<1, using: &random) > backShare { swap(&from, &to) }
            let kind: CallSeries.Kind = number % 13 == 5 ? .mirrored : number % 17 == 3 ? .oneSided : .rpc
            guard seen.insert([from, to, Int(kind.rawValue)]).inserted else { continue }
            let calls = Int.random(in: 1...50_000, using: &random)
            edges.append(
                Edge(
                    from: from, to: to, kind: kind, callCount: calls, errorCount: number % 7 == 0 ? calls / 40 : 0,
                    server: durations(Int64(number % 90 + 1))))
        }
        edges.sort { ($0.from, $0.to, $0.kind.rawValue) < ($1.from, $1.to, $1.kind.rawValue) }
        return TopologyGraph(window: window, grouping: .service, nodes: nodes, edges: edges)
    }
}

extension SampleGraphs {
    static let report = PropagationReport(
        window: window,
        findings: [
            .init(
                problem: .unjoinedCalls, serviceName: "productpage", version: "v1", peerName: "reviews",
                peerVersion: "v1", count: 250, total: 1000, examples: [String(repeating: "a", count: 32)],
                advice: "Hand on the headers."),
            .init(
                problem: .missingParents, serviceName: "a\"<b>\n", version: "", count: 1, total: 30_000, examples: [],
                advice: "Look at the caller."),
        ])
}

extension TopologyGraph: CustomTestStringConvertible {
    public var testDescription: String { "\(nodes.count) nodes, \(edges.count) edges, by \(grouping)" }
}
