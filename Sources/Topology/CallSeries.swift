public import TraceModel

/// One side of a series. Names are numbers of a `CallNames`; 0 is none.
public struct CallParty: Hashable, Sendable, BitwiseCopyable {
    public var serviceName: UInt32
    public var namespace: UInt32
    public var version: UInt32
    /// Of a callee the operation called; of a caller the one that it was serving.
    public var operationName: UInt32

    public init(serviceName: UInt32 = 0, namespace: UInt32 = 0, version: UInt32 = 0, operationName: UInt32 = 0) {
        self.serviceName = serviceName
        self.namespace = namespace
        self.version = version
        self.operationName = operationName
    }
}

/// What is counted apart: who calls whom in which way, or what is done where.
public struct CallSeries: Hashable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// A dependency link by Zipkin's rules: of both sides only the service.
        case link = 0
        // Calls of which the callee tells, each counted once.
        case rpc = 1
        case messaging = 2
        case database = 3
        case mirrored = 4  // at or below a proxy's copy of a request
        case retried = 5  // of one client span, every server span but the first
        /// A call that only the caller tells of: the callee sends no spans, or was never reached.
        case oneSided = 6
        /// Spans of one operation, of one kind, at the callee; the caller is empty.
        case operation = 7
        // Where traces fall apart.
        /// Spans of the callee whose parent never came; the caller is empty.
        case orphan = 8
        /// Calls that began a trace though the caller is one that is called itself.
        case unjoined = 9
        /// Traces with spans of no other service than the callee; the caller is empty.
        case lonely = 10
    }

    public var kind: Kind
    /// Of operations; otherwise unspecified.
    public var spanKind: SpanKind
    /// Of operations: done for a proxy's copy of a request.
    public var isMirrored: Bool
    public var caller: CallParty
    public var callee: CallParty

    public init(
        _ kind: Kind, caller: CallParty = CallParty(), callee: CallParty, spanKind: SpanKind = .unspecified,
        isMirrored: Bool = false
    ) {
        self.kind = kind
        self.spanKind = spanKind
        self.isMirrored = isMirrored
        self.caller = caller
        self.callee = callee
    }
}

extension CallSeries.Kind {
    package init?(word: String) {
        guard let kind = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = kind
    }

    /// As documents name it.
    package var word: String {
        switch self {
        case .link: "link"
        case .rpc: "rpc"
        case .messaging: "messaging"
        case .database: "database"
        case .mirrored: "mirrored"
        case .retried: "retried"
        case .oneSided: "one-sided"
        case .operation: "operation"
        case .orphan: "orphan"
        case .unjoined: "unjoined"
        case .lonely: "lonely"
        }
    }
}

/// What is known of a series in some time. Sums of disjoint sets of calls add up, in any order.
public struct CallTotals: Hashable, Sendable {
    public var callCount = 0
    /// Of the calls, those that failed.
    public var errorCount = 0
    /// As the caller saw them; of operations those of the spans.
    public var clientDurations = DurationSketch()
    /// As the callee saw them; of operations empty.
    public var serverDurations = DurationSketch()
    /// Traces that show it: of propagation series only, at most three, those with the least IDs.
    public private(set) var examples: [TraceID] = []

    public static let exampleCountMax = 3

    public init() {}

    public mutating func addExample(_ traceID: TraceID) {
        guard !examples.contains(traceID) else { return }
        let place = examples.firstIndex { traceID < $0 } ?? examples.count
        guard place < Self.exampleCountMax else { return }
        examples.insert(traceID, at: place)
        if examples.count > Self.exampleCountMax { examples.removeLast() }
    }

    public mutating func merge(_ other: CallTotals) {
        callCount += other.callCount
        errorCount += other.errorCount
        clientDurations.merge(other.clientDurations)
        serverDurations.merge(other.serverDurations)
        for traceID in other.examples { addExample(traceID) }
    }
}
