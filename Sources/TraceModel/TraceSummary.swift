/// What lists of traces tell of one, without its spans.
public struct TraceSummary: Sendable {
    public struct Service: Sendable, Equatable {
        public var name: String
        public var spanCount: Int
        public var errorCount: Int
    }

    public let traceID: TraceID
    /// The earliest span without a parent; nil while none has come.
    public let root: SpanView?
    /// Nanoseconds since 1970: start of the earliest span and end of the latest; nil where no span has a start.
    public let start: Int64?
    public let end: Int64?
    public let spanCount: Int
    public let errorCount: Int
    /// Spans whose parent is none of the trace's spans.
    public let orphanCount: Int
    /// By name; spans that name no service are under the empty name.
    public let services: [Service]
    /// That the sampler keeps a trace like this one; 1 where it keeps all.
    public let samplingProbability: Double

    public init(_ trace: Trace) {
        traceID = trace.traceID
        spanCount = trace.spans.count
        let ids = Set(trace.spans.lazy.map(\.spanID))
        var root: SpanView?
        var start: Int64?
        var end: Int64?
        var errorCount = 0
        var orphanCount = 0
        var services: [String: Service] = [:]
        for span in trace.spans {
            if let parentID = span.parentID {
                if !ids.contains(parentID) { orphanCount += 1 }
            } else if root == nil {
                root = span
            }
            if let own = span.start {
                start = min(start ?? own, own)
                let ownEnd = own.addingReportingOverflow(max(0, span.duration ?? 0))
                end = max(end ?? own, ownEnd.overflow ? .max : ownEnd.partialValue)
            }
            let isError = span.isError
            if isError { errorCount += 1 }
            let name = String(decoding: span.serviceName, as: UTF8.self)
            services[name, default: Service(name: name, spanCount: 0, errorCount: 0)].spanCount += 1
            if isError { services[name]?.errorCount += 1 }
        }
        self.root = root
        self.start = start
        self.end = end
        self.errorCount = errorCount
        self.orphanCount = orphanCount
        self.services = services.values.sorted { $0.name < $1.name }
        samplingProbability = trace.samplingProbability
    }

    /// Nanoseconds from the first start to the last end.
    public var duration: Int64 { start.flatMap { start in end.map { $0 &- start } } ?? 0 }
}

extension Trace {
    /// That the sampler keeps a trace like this one, as far as its spans tell: the greatest of theirs.
    public var samplingProbability: Double {
        var least = Self.thresholdEnd
        var known: SpanBatch?
        var isSampled = false
        for span in spans {
            if span.batch !== known {
                known = span.batch
                isSampled = span.batch.hasField(.samplingThreshold)
            }
            guard isSampled, case .int(let threshold) = span.value(of: .samplingThreshold) else { return 1 }
            least = min(least, max(0, Double(threshold)))
        }
        return least < Self.thresholdEnd ? 1 - least / Self.thresholdEnd : 1
    }

    private static var thresholdEnd: Double { 0x1p56 }
}

extension SpanBatch {
    /// Whether any span has the field.
    func hasField(_ field: SpanField) -> Bool {
        (0..<shapeCount).contains { number in
            let shape = shape(number)
            return (0..<shape.columnCount).contains { shape.column($0).field == field }
        }
    }
}

extension SpanView {
    /// Failed, as its data model says it, or by its status.
    public var isError: Bool { traits.isFailure }
}
