public import TraceModel

/// How one operation of a service fared, step by step.
public struct OperationTotals: Sendable, Equatable {
    public struct Step: Sendable, Equatable {
        /// Nanoseconds since 1970.
        public var start: Int64
        public var callCount: Int
        public var errorCount: Int
        public var durations: DurationSketch

        public init(start: Int64, callCount: Int, errorCount: Int, durations: DurationSketch) {
            self.start = start
            self.callCount = callCount
            self.errorCount = errorCount
            self.durations = durations
        }
    }

    public var serviceName: String
    public var namespace: String
    public var version: String
    public var operationName: String
    public var spanKind: SpanKind
    /// Done for a proxy's copy of a request.
    public var isMirrored: Bool
    /// Ascending; steps without spans are left out.
    public var steps: [Step]

    public init(
        serviceName: String, namespace: String, version: String, operationName: String, spanKind: SpanKind,
        isMirrored: Bool, steps: [Step]
    ) {
        self.serviceName = serviceName
        self.namespace = namespace
        self.version = version
        self.operationName = operationName
        self.spanKind = spanKind
        self.isMirrored = isMirrored
        self.steps = steps
    }
}

/// A series with its names as text, and what was counted.
public struct NamedTotals: Sendable {
    public struct Party: Hashable, Sendable {
        public var serviceName: String
        public var namespace: String
        public var version: String
        public var operationName: String

        public init(serviceName: String, namespace: String, version: String, operationName: String) {
            self.serviceName = serviceName
            self.namespace = namespace
            self.version = version
            self.operationName = operationName
        }
    }

    public var kind: CallSeries.Kind
    public var spanKind: SpanKind
    public var isMirrored: Bool
    public var caller: Party
    public var callee: Party
    public var totals: CallTotals

    public init(
        kind: CallSeries.Kind, spanKind: SpanKind, isMirrored: Bool, caller: Party, callee: Party, totals: CallTotals
    ) {
        self.kind = kind
        self.spanKind = spanKind
        self.isMirrored = isMirrored
        self.caller = caller
        self.callee = callee
        self.totals = totals
    }
}

extension NamedTotals {
    package init(_ series: CallSeries, _ totals: CallTotals, _ names: CallNames) {
        func party(_ party: CallParty) -> Party {
            Party(
                serviceName: names.text(party.serviceName), namespace: names.text(party.namespace),
                version: names.text(party.version), operationName: names.text(party.operationName))
        }
        self.init(
            kind: series.kind, spanKind: series.spanKind, isMirrored: series.isMirrored, caller: party(series.caller),
            callee: party(series.callee), totals: totals)
    }
}
