/// Which part of the topology is asked for, and how it is put together.
public struct TopologyQuery: Hashable, Sendable {
    /// What makes two parties one node.
    public enum Grouping: String, Sendable, CaseIterable {
        case service, version, namespace, operation
    }

    /// Nanoseconds since 1970.
    public var window: Range<Int64>
    public var grouping: Grouping
    /// The service, or node, around which the graph is drawn; nil for all of it.
    public var focus: String?
    /// Calls between the focus and what is still shown.
    public var depth: Int

    public init(window: Range<Int64>, grouping: Grouping = .service, focus: String? = nil, depth: Int = 1) {
        self.window = window
        self.grouping = grouping
        self.focus = focus
        self.depth = depth
    }
}

/// Who calls whom, how often, how well.
public struct TopologyGraph: Sendable, Equatable {
    /// Quantiles in nanoseconds, each within 1 %.
    public struct Durations: Sendable, Equatable {
        public var p50: Int64
        public var p95: Int64
        public var p99: Int64

        public init(p50: Int64, p95: Int64, p99: Int64) {
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
        }
    }

    public struct Node: Sendable, Equatable {
        /// What edges name it by: service, service@version, namespace or service:operation.
        public var id: String
        /// Empty if the node is a namespace.
        public var serviceName: String
        public var namespace: String
        public var version: String
        public var operationName: String
        /// False: it sends no spans, and only its callers tell of it.
        public var isReporting: Bool
        /// Requests that it served, without mirrored ones; of one that serves none 0.
        public var callCount: Int
        public var errorCount: Int
        public var mirroredCallCount: Int
        public var mirroredErrorCount: Int
        /// Of the requests served; nil if none has a duration.
        public var durations: Durations?

        public init(
            id: String, serviceName: String = "", namespace: String = "", version: String = "",
            operationName: String = "", isReporting: Bool = true, callCount: Int = 0, errorCount: Int = 0,
            mirroredCallCount: Int = 0, mirroredErrorCount: Int = 0, durations: Durations? = nil
        ) {
            self.id = id
            self.serviceName = serviceName
            self.namespace = namespace
            self.version = version
            self.operationName = operationName
            self.isReporting = isReporting
            self.callCount = callCount
            self.errorCount = errorCount
            self.mirroredCallCount = mirroredCallCount
            self.mirroredErrorCount = mirroredErrorCount
            self.durations = durations
        }
    }

    public struct Edge: Sendable, Equatable {
        /// Places in `nodes`.
        public var from: Int
        public var to: Int
        public var kind: CallSeries.Kind
        public var callCount: Int
        public var errorCount: Int
        /// Of all calls of this kind from the caller to the callee's service the part that went to this callee, from 0
        /// to 1: what a release's weight really is. 1 unless versions or operations are nodes.
        public var requestShare: Double
        public var client: Durations?
        public var server: Durations?

        public init(
            from: Int, to: Int, kind: CallSeries.Kind, callCount: Int, errorCount: Int, requestShare: Double = 1,
            client: Durations? = nil, server: Durations? = nil
        ) {
            self.from = from
            self.to = to
            self.kind = kind
            self.callCount = callCount
            self.errorCount = errorCount
            self.requestShare = requestShare
            self.client = client
            self.server = server
        }
    }

    /// The time that the counts are of: the window asked for, widened to whole buckets. Nanoseconds since 1970.
    public var window: Range<Int64>
    public var grouping: TopologyQuery.Grouping
    /// By ID.
    public var nodes: [Node]
    /// By the places of their nodes, then kind.
    public var edges: [Edge]
    /// What one should know of the figures, in sentences.
    public var notes: [String]

    public init(
        window: Range<Int64>, grouping: TopologyQuery.Grouping, nodes: [Node], edges: [Edge], notes: [String] = []
    ) {
        self.window = window
        self.grouping = grouping
        self.nodes = nodes
        self.edges = edges
        self.notes = notes
    }
}

/// Where traces fall apart, because somebody does not hand on what he was called with.
public struct PropagationReport: Sendable, Equatable {
    public struct Finding: Sendable, Equatable {
        public enum Problem: String, Sendable {
            /// Calls of the service begin traces of their own, though it is called itself.
            case unjoinedCalls = "unjoined-calls"
            /// Spans name a parent that never came.
            case missingParents = "missing-parents"
            /// Traces end where they began: nobody else is in them.
            case lonelyTraces = "lonely-traces"
        }

        public var problem: Problem
        /// The service at fault, or, of missing parents, the one that was called.
        public var serviceName: String
        public var version: String
        /// Of unjoined calls the service called; otherwise empty.
        public var peerName: String
        public var peerVersion: String
        /// Calls, spans or traces with the problem, and all that might have it.
        public var count: Int
        public var total: Int
        /// Traces that show it, as 32 hex digits.
        public var examples: [String]
        /// What it means and what to do, a sentence or two.
        public var advice: String

        public init(
            problem: Problem, serviceName: String, version: String, peerName: String = "", peerVersion: String = "",
            count: Int, total: Int, examples: [String], advice: String
        ) {
            self.problem = problem
            self.serviceName = serviceName
            self.version = version
            self.peerName = peerName
            self.peerVersion = peerVersion
            self.count = count
            self.total = total
            self.examples = examples
            self.advice = advice
        }
    }

    public var window: Range<Int64>
    /// The most frequent first.
    public var findings: [Finding]

    public init(window: Range<Int64>, findings: [Finding]) {
        self.window = window
        self.findings = findings
    }
}
