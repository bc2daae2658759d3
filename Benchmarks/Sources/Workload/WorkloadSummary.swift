/// What a workload, or a part of it, holds as a whole.
public struct WorkloadSummary: Sendable {
    /// Service to its operations, as sent.
    public var operations: [String: Set<String>] = [:]
    /// Services with a span in error.
    public var errorServices: Set<String> = []
    public var errorTraceCount = 0
    /// Microseconds since 1970: the first start, and the last end.
    public var start = Int64.max
    public var end = Int64.min

    public init() {}

    /// Adds what other traces hold.
    public mutating func merge(_ other: WorkloadSummary) {
        operations.merge(other.operations) { $0.union($1) }
        errorServices.formUnion(other.errorServices)
        errorTraceCount += other.errorTraceCount
        start = min(start, other.start)
        end = max(end, other.end)
    }
}

/// A summary in the making, cheap enough to go along with every span that is sent.
struct WorkloadTally {
    /// By type of span: seen, seen in error.
    private var isSeen: [Bool] = []
    private var isInError: [Bool] = []
    private var errorTraceCount = 0
    private var start = Int64.max
    private var end = Int64.min

    /// Adds the spans of one trace.
    mutating func add(_ trace: [SpanRecord]) {
        var isError = false
        for span in trace {
            let type = Int(span.type)
            if type >= isSeen.count {
                let missing = type + 1 - isSeen.count
                isSeen += repeatElement(false, count: missing)
                isInError += repeatElement(false, count: missing)
            }
            isSeen[type] = true
            if span.isError { (isInError[type], isError) = (true, true) }
            start = min(start, span.start)
            end = max(end, span.end)
        }
        if isError { errorTraceCount += 1 }
    }

    func summary(_ workload: Workload) -> WorkloadSummary {
        var summary = WorkloadSummary()
        (summary.errorTraceCount, summary.start, summary.end) = (errorTraceCount, start, end)
        for type in isSeen.indices where isSeen[type] {
            let name = workload.model.name(ofType: Int32(type))
            summary.operations[name.service, default: []].insert(name.operation)
            if isInError[type] { summary.errorServices.insert(name.service) }
        }
        return summary
    }
}

extension Workload {
    /// Goes through all traces; a stream that was read to its end knows the same.
    package func summary() -> WorkloadSummary {
        var tally = WorkloadTally()
        var records: [SpanRecord] = []
        for index in 0..<traceCount {
            records.removeAll(keepingCapacity: true)
            plan(trace: index, into: &records)
            tally.add(records)
        }
        return tally.summary(self)
    }

    /// How many traces start before `time`, in microseconds since 1970.
    public func traceCount(startingBefore time: Int64) -> Int {
        var (low, high) = (0, traceCount)
        while low < high {
            let middle = (low + high) / 2
            if start(ofTrace: middle) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
