internal import Bytes
internal import TraceModel

/// What the policies ask of a trace, found in one walk over its spans.
struct TailTrace {
    let spans: [SpanView]
    /// 56 bits: of the trace state, or else of the trace's ID.
    private(set) var randomness: UInt64
    /// What the samplers before this one reject of traces like it: of its spans, the one that was kept most easily.
    private(set) var base: SamplingThreshold
    /// Nanoseconds since 1970; nil if no span has one.
    private(set) var start: Int64?
    /// Nanoseconds from the first start to the last end.
    private(set) var duration: Int64 = 0
    private(set) var hasError = false
    /// The sender asks to keep it.
    private(set) var isForced = false
    /// The earliest span without a parent, or else the earliest.
    private(set) var root: SpanView

    /// - Parameter spans: at least one.
    init(_ spans: [SpanView]) {
        precondition(!spans.isEmpty, "a trace has spans")
        self.spans = spans
        root = spans[0]
        randomness = SamplingThreshold.randomness(ofTraceIDLow: spans[0].traceID.low)
        var least = UInt64.max
        var ends = Int64.min
        var own: UInt64?
        for span in spans {
            let traits = span.traits
            if traits.isFailure { hasError = true }
            if traits.isDebug { isForced = true }
            if let begin = span.start {
                start = min(start ?? begin, begin)
                let end = begin.addingReportingOverflow(max(span.duration ?? 0, 0))
                ends = max(ends, end.overflow ? .max : end.partialValue)
            }
            if Self.isBefore(span, root) { root = span }
            let said = Self.walk(span)
            if said.isForced { isForced = true }
            least = min(least, said.threshold)
            if own == nil { own = said.randomness }
        }
        if let start {
            let length = ends.subtractingReportingOverflow(start)
            duration = length.overflow ? .max : length.partialValue
        }
        base = SamplingThreshold(rejected: min(least, (1 << 56) - 1))
        // A trace that is here was not rejected.
        randomness = max(own ?? randomness, base.rejected)
    }

    /// Whether a span is more likely the trace's first one.
    private static func isBefore(_ a: SpanView, _ b: SpanView) -> Bool {
        let (isRoot, isOtherRoot) = (a.parentID == nil, b.parentID == nil)
        return isRoot == isOtherRoot ? a.start ?? .max < b.start ?? .max : isRoot
    }

    private static func walk(_ span: SpanView) -> (threshold: UInt64, randomness: UInt64?, isForced: Bool) {
        var threshold: UInt64 = 0
        var randomness: UInt64?
        var isForced = false
        let batch = span.batch
        let shape = span.shape
        let values = batch.values(ofRow: span.row)
        let (thresholdWord, traceStateWord) = (ColumnWord.samplingThreshold, ColumnWord.traceState)
        shape.forEachColumn { column, place in
            if column.isAttribute {
                guard SamplingPriority.isKey(batch.string(column.key)) else { return }
                isForced = SamplingPriority.forces(
                    values + place, SpanColumn(rawValue: column.rawValue).type, batch)
            } else if column.rawValue == thresholdWord {
                threshold = UInt64(clamping: Int64(bitPattern: SpanBatch.wide(values + place)))
            } else if column.rawValue == traceStateWord {
                randomness = TraceStateSampling(batch.string(values[place])).randomness
            }
        }
        return (threshold, randomness, isForced)
    }

    // MARK: What costs more

    /// Calls `body` once for each version of each service of the trace, with a hash of both, as far as 16 of them go.
    func forEachVersion(_ body: (UInt64) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.versionCountMax) { known in
            var count = 0
            for span in spans where count < known.count {
                let batch = span.batch
                let words = OriginColumns(span.shape, batch).words(ofRow: span.row, batch)
                let service = ByteHash.hash(span.serviceName, seed: Self.seed)
                let hash = ByteHash.hash(OriginColumns.version(words, batch), seed: service)
                if known[..<count].contains(hash) { continue }
                known[count] = hash
                count += 1
                body(hash)
            }
        }
    }

    private static let versionCountMax = 16
    /// Nobody outside can know which names have the same hash.
    private static let seed = UInt64.random(in: .min ... .max)

    static func serviceHash(_ span: SpanView) -> UInt64 { ByteHash.hash(span.serviceName, seed: seed) }

    static func operationHash(_ span: SpanView) -> UInt64 {
        ByteHash.hash(span.operationName, seed: serviceHash(span) ^ 1)
    }
}

/// The attribute by which OpenTracing's tracers ask for a span to be kept.
enum SamplingPriority {
    private static let key: StaticString = "sampling.priority"

    @inline(__always)
    static func isKey(_ name: UnsafeRawBufferPointer) -> Bool { name.count == 17 && key.isEqual(to: name) }

    /// Whether it is more than 0.
    static func forces(_ word: UnsafePointer<UInt32>, _ type: ValueType, _ batch: SpanBatch) -> Bool {
        switch type {
        case .int: Int64(bitPattern: SpanBatch.wide(word)) > 0
        case .double: Double(bitPattern: SpanBatch.wide(word)) > 0
        case .string: DecimalText.number(batch.string(word[0])).map { $0 > 0 } ?? false
        case .bytes, .bool, .array, .map, .none: false
        }
    }
}
