/// What is known of each span of a trace without reading it whole: enough to tell the spans' IDs apart, to sum the
/// trace up and to draw it.
///
/// Spans go by their place, from 0 on, in the order of the trace: by start. Some 40 bytes a span, in columns.
public struct TraceOutline: Sendable {
    /// What many spans have in common.
    public struct Group: Hashable, Sendable {
        public var traits: SpanTraits
        /// UTF-8; empty when the sender named none.
        public var serviceName: [UInt8]
        /// UTF-8, of a long one the beginning.
        public var operationName: [UInt8]
    }

    private static let operationByteCountMax = 256

    public let traceID: TraceID
    public private(set) var spanIDs: [UInt64] = []
    /// 0: none.
    public private(set) var parentIDs: [UInt64] = []
    /// Nanoseconds since 1970; `SpanBatch.absentTime` where there is none.
    public private(set) var starts: [Int64] = []
    /// Nanoseconds; `SpanBatch.absentTime` where there is none.
    public private(set) var durations: [Int64] = []
    /// Of each span its place in `groups`.
    public private(set) var groupNumbers: [UInt32] = []
    /// Each once.
    public private(set) var groups: [Group] = []
    private var numbers: [Group: UInt32] = [:]

    public init(_ traceID: TraceID) { self.traceID = traceID }

    public init(_ trace: Trace) {
        self.init(trace.traceID)
        reserveCapacity(trace.spans.count)
        for span in trace.spans { append(span) }
    }

    public var count: Int { spanIDs.count }

    public func traits(_ place: Int) -> SpanTraits { groups[Int(groupNumbers[place])].traits }

    public func serviceName(_ place: Int) -> [UInt8] { groups[Int(groupNumbers[place])].serviceName }

    public func operationName(_ place: Int) -> [UInt8] { groups[Int(groupNumbers[place])].operationName }

    // MARK: Making

    public mutating func reserveCapacity(_ count: Int) {
        spanIDs.reserveCapacity(count)
        parentIDs.reserveCapacity(count)
        starts.reserveCapacity(count)
        durations.reserveCapacity(count)
        groupNumbers.reserveCapacity(count)
    }

    /// The number of a group, which is a new one or known.
    public mutating func group(
        _ traits: SpanTraits, serviceName: UnsafeRawBufferPointer, operationName: UnsafeRawBufferPointer
    ) -> UInt32 {
        let group = Group(
            traits: traits, serviceName: Array(serviceName),
            operationName: Array(operationName.prefix(Self.operationByteCountMax)))
        if let known = numbers[group] { return known }
        let number = UInt32(groups.count)
        numbers[group] = number
        groups.append(group)
        return number
    }

    /// Adds a span behind the others.
    /// - Parameter group: the number of its group.
    public mutating func append(spanID: UInt64, parentID: UInt64, start: Int64, duration: Int64, group: UInt32) {
        precondition(group < groups.count, "a group of this trace")
        spanIDs.append(spanID)
        parentIDs.append(parentID)
        starts.append(start)
        durations.append(duration)
        groupNumbers.append(group)
    }

    public mutating func append(_ span: SpanView) {
        let shape = span.shape
        append(
            spanID: span.spanID.value, parentID: span.parentID?.value ?? 0, start: span.start ?? SpanBatch.absentTime,
            duration: span.duration ?? SpanBatch.absentTime,
            group: group(shape.traits, serviceName: span.serviceName, operationName: span.operationName))
    }

    /// Drops the spans from a place on.
    public mutating func truncate(to count: Int) {
        spanIDs.removeLast(self.count - count)
        parentIDs.removeLast(parentIDs.count - count)
        starts.removeLast(starts.count - count)
        durations.removeLast(durations.count - count)
        groupNumbers.removeLast(groupNumbers.count - count)
    }

    /// Leaves the spans at the given places, in that order. One column after the other, so that little is in memory
    /// twice.
    public mutating func select(_ places: [UInt32]) {
        Self.select(places, of: &spanIDs)
        Self.select(places, of: &parentIDs)
        Self.select(places, of: &starts)
        Self.select(places, of: &durations)
        Self.select(places, of: &groupNumbers)
    }

    private static func select<Value>(_ places: [UInt32], of column: inout [Value]) {
        column = places.map { column[Int($0)] }
    }
}
