/// Which kind of spans to make.
public enum WorkloadProfile: String, CaseIterable, Sendable {
    /// Bookinfo behind Istio, as Envoy's Zipkin tracer reports it: 7 to 11 spans a trace, about 1,100 bytes a span.
    case mesh
    /// 60 services with SQL, stack traces and resource attributes: 20 to 60 spans a trace, about 1,266 bytes a span.
    case wide
}

/// Everything that decides what a workload holds.
public struct WorkloadConfiguration: Sendable {
    public var profile: WorkloadProfile
    public var seed: UInt64
    /// At least so many spans: the last trace is whole.
    public var spanCount: Int
    /// Spans of a full post.
    public var spansPerPost: Int
    /// Simulated time: how many traces start each second.
    public var tracesPerSecond: Int
    /// When the last trace starts, in microseconds since 1970.
    public var lastStart: Int64
    /// Changes only how posts are written: the spans are the same in each.
    public var format: SpanFormat

    public init(
        profile: WorkloadProfile, seed: UInt64, spanCount: Int, spansPerPost: Int = 20, tracesPerSecond: Int = 2_000,
        lastStart: Int64, format: SpanFormat = .zipkinJSON
    ) {
        precondition(
            spanCount > 0 && spansPerPost > 0 && tracesPerSecond > 0, "a workload needs spans, posts and a rate")
        precondition(tracesPerSecond <= 1_000_000, "traces start at least a microsecond apart")
        self.profile = profile
        self.seed = seed
        self.spanCount = spanCount
        self.spansPerPost = spansPerPost
        self.tracesPerSecond = tracesPerSecond
        self.lastStart = lastStart
        self.format = format
    }
}

/// A set of traces that is the same each time it is made, and of which any trace can be made again on its own.
public struct Workload: Sendable {
    public private(set) var configuration: WorkloadConfiguration
    public let traceCount: Int
    public let spanCount: Int
    /// Traces of the whole that this workload is the beginning of: they decide when each trace starts.
    private let wholeTraceCount: Int
    private(set) var model: Model

    public init(_ configuration: WorkloadConfiguration) {
        self.configuration = configuration
        (traceCount, spanCount) = Self.count(configuration, spans: configuration.spanCount)
        wholeTraceCount = traceCount
        model = Model(configuration)
    }

    private init(_ whole: Workload, traceCount: Int, spanCount: Int) {
        configuration = whole.configuration
        wholeTraceCount = whole.wholeTraceCount
        model = whole.model
        self.traceCount = traceCount
        self.spanCount = spanCount
    }

    /// The first traces, with at least so many spans, each exactly as it is in the whole.
    public func prefix(spanCount: Int) -> Workload {
        guard spanCount < self.spanCount else { return self }
        let counts = Self.count(configuration, spans: spanCount)
        return Workload(self, traceCount: counts.traces, spanCount: counts.spans)
    }

    /// The first traces, each exactly as it is in the whole.
    public func prefix(traceCount: Int) -> Workload {
        precondition((1...self.traceCount).contains(traceCount), "traces of this workload")
        let spans = (0..<traceCount).reduce(0) { $0 + Self.spanCount(configuration, trace: $1) }
        return Workload(self, traceCount: traceCount, spanCount: spans)
    }

    /// The same traces, posted in another format.
    public func formatted(as format: SpanFormat) -> Workload {
        var other = self
        other.configuration.format = format
        other.model = Model(other.configuration)
        return other
    }

    /// The tags of processes and scopes in formats that have them above spans: a server that gives the spans as
    /// Zipkin's leaves them out. Jaeger's senders tell the scope in tags of the span, which servers take for the scope.
    public var tagsAboveSpans: Set<String> {
        guard configuration.profile == .wide, configuration.format.hasResource else { return [] }
        return WideTemplates.tagKeys([.resource, .scope])
    }

    /// How many traces it takes to have so many spans, and how many they have.
    private static func count(_ configuration: WorkloadConfiguration, spans goal: Int) -> (traces: Int, spans: Int) {
        var (traces, spans) = (0, 0)
        while spans < goal {
            spans += spanCount(configuration, trace: traces)
            traces += 1
        }
        return (traces, spans)
    }

    private static func spanCount(_ configuration: WorkloadConfiguration, trace index: Int) -> Int {
        var generator = SeededGenerator(seed: configuration.seed, index: index)
        return switch configuration.profile {
        case .mesh: MeshRoute(&generator).spanCount
        case .wide: WideModel.spanCount(&generator)
        }
    }

    /// Microseconds since 1970; a later trace starts later.
    func start(ofTrace index: Int) -> Int64 {
        let before = Int64(wholeTraceCount - 1 - index) * 1_000_000 / Int64(configuration.tracesPerSecond)
        // Less than the distance of two traces, so that the order of starts is the order of indices.
        let jitter =
            (Int64(truncatingIfNeeded: index) &* 7_919) % max(1_000_000 / Int64(configuration.tracesPerSecond), 1)
        return configuration.lastStart - before - 1_000_000 / Int64(configuration.tracesPerSecond) + jitter
    }

    /// Appends the spans of a trace, every parent before its children.
    func plan(trace index: Int, into spans: inout [SpanRecord]) {
        let generator = SeededGenerator(seed: configuration.seed, index: index)
        let start = start(ofTrace: index)
        switch model {
        case .mesh(let model): model.plan(generator, start: start, into: &spans)
        case .wide(let model): model.plan(generator, start: start, into: &spans)
        }
    }

    /// The posts in the order in which they are sent.
    public func posts() -> PostStream {
        PostStream(self, traces: 0..<traceCount)
    }

    /// The posts of some of the traces, of which none is left over at the end.
    public func posts(ofTraces traces: Range<Int>) -> PostStream {
        precondition(traces.lowerBound >= 0 && traces.upperBound <= traceCount, "traces of this workload")
        return PostStream(self, traces: traces)
    }

    enum Model: Sendable {
        case mesh(MeshModel)
        case wide(WideModel)

        init(_ configuration: WorkloadConfiguration) {
            switch configuration.profile {
            case .mesh: self = .mesh(MeshModel(configuration.format))
            case .wide: self = .wide(WideModel(configuration.format))
            }
        }

        var senderCount: Int {
            switch self {
            case .mesh(let model): model.podCount * MeshModel.workerCount
            case .wide(let model): model.podCount * WideModel.workerCount
            }
        }

        var workerCount: Int {
            switch self {
            case .mesh: MeshModel.workerCount
            case .wide: WideModel.workerCount
            }
        }

        func name(ofType type: Int32) -> SpanTypeName {
            switch self {
            case .mesh(let model): model.name(ofType: type)
            case .wide(let model): model.name(ofType: type)
            }
        }

        func resource(ofPod pod: Int) -> ResourceShape {
            switch self {
            case .mesh(let model): model.resource(ofPod: pod)
            case .wide(let model): model.resource(ofPod: pod)
            }
        }

        func scope(ofType type: Int32) -> ScopeShape {
            switch self {
            case .mesh(let model): model.scope(ofType: type)
            case .wide(let model): model.scope(ofType: type)
            }
        }

        var podCount: Int { senderCount / workerCount }

        var typeCount: Int {
            switch self {
            case .mesh: MeshSpanType.allCases.count
            case .wide(let model): model.typeCount
            }
        }

        func writeJSON(_ span: SpanRecord, to cursor: inout ByteCursor) {
            switch self {
            case .mesh(let model): model.writeJSON(span, to: &cursor)
            case .wide(let model): model.writeJSON(span, to: &cursor)
            }
        }

        @inline(__always)
        func write(_ span: SpanRecord, to cursor: inout ByteCursor) {
            switch self {
            case .mesh(let model): model.write(span, to: &cursor)
            case .wide(let model): model.write(span, to: &cursor)
            }
        }
    }

    /// No span is longer in any format.
    static let spanByteCountMax = 8_192
}
