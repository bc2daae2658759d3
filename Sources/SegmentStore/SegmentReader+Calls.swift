internal import Bytes
public import TraceModel

/// A block, as its segment's directory has it.
public struct CallBlock: Sendable {
    public var number: Int
    public var traceCount: Int
    /// Nanoseconds since 1970; nil if no span has a start.
    public var earliestStart: Int64?
    public var latestStart: Int64?
    public var latestEnd: Int64?
}

extension SegmentReader {
    public func callBlocks() throws(SegmentError) -> [CallBlock] {
        try blockDirectory().blocks.enumerated().map { number, block in
            CallBlock(
                number: number, traceCount: block.traceCount, earliestStart: block.earliestStart,
                latestStart: block.latestStart, latestEnd: block.latestEnd)
        }
    }
}

/// What of a segment tells who called whom: read with nothing else of the spans.
///
/// For one thread at a time.
public final class SegmentCalls {
    /// What the spans of one shape have in common.
    public struct Shape: BitwiseCopyable {
        /// The number that the reader's `number` gave the name.
        public var serviceName: UInt32
        public var traits: SpanTraits
    }

    /// By number.
    public let shapes: [Shape]
    private let reader: SegmentReader
    private let dictionary: SegmentDictionary
    private let selection: ColumnSelection
    private let number: (UnsafeRawBufferPointer) -> UInt32
    /// What `number` gave for strings of the dictionary; 0: not asked yet, or no name.
    private var numbers: [UInt32: UInt32] = [:]

    private enum Slot: Int {
        case remoteServiceName, localIPv4, localIPv6, localPort
    }

    /// - Parameter number: gives a name its number, always the same one.
    public init(_ reader: SegmentReader, number: @escaping (UnsafeRawBufferPointer) -> UInt32) throws(SegmentError) {
        self.reader = reader
        self.number = number
        let dictionary = try reader.dictionary()
        self.dictionary = dictionary
        let schema = dictionary.schema
        shapes = schema.shapes.map { shape in
            Shape(serviceName: dictionary.withString(shape.serviceName, number), traits: shape.traits)
        }
        selection = ColumnSelection(schema) { shape, index in
            switch schema.column(shape, index).field {
            case .remoteServiceName: Slot.remoteServiceName.rawValue
            case .localIPv4 where schema.shapes[shape].traits.isShared: Slot.localIPv4.rawValue
            case .localIPv6 where schema.shapes[shape].traits.isShared: Slot.localIPv6.rawValue
            case .localPort where schema.shapes[shape].traits.isShared: Slot.localPort.rawValue
            default: nil
            }
        }
    }

    /// Calls `body` with the low half of the ID of each trace in a block, and the number of its spans there.
    public func forEachTrace(
        ofBlock number: Int, _ body: (_ traceIDLow: UInt64, _ spanCount: Int) -> Void
    ) throws(SegmentError) {
        let traces = try reader.openBlock(number).traces()
        for trace in 0..<traces.count { body(traces.traceID(trace).low, traces.spans(trace).count) }
    }

    public func read(block number: Int) throws(SegmentError) -> BlockCalls {
        let block = try reader.openBlock(number)
        let calls = try BlockCalls(block)
        if selection.isEmpty { return calls }
        try block.forEachValue(selection) { (span, slot, value) throws(SegmentError) in
            switch (Slot(rawValue: slot), value) {
            case (.remoteServiceName, .dictionary(let string)):
                calls.setRemoteServiceName(self.name(string), ofSpan: span)
            case (.remoteServiceName, .literal(let bytes)):
                calls.setRemoteServiceName(self.number(bytes), ofSpan: span)
            case (.localPort, .int(let port)):
                calls.addAddress(UInt64(bitPattern: port), ofSpan: span)
            case (_, .dictionary(let string)):
                calls.addAddress(dictionary.withString(string) { ByteHash.hash($0) }, ofSpan: span)
            case (_, .literal(let bytes)):
                calls.addAddress(ByteHash.hash(bytes), ofSpan: span)
            default: break
            }
        }
        return calls
    }

    private func name(_ string: UInt32) -> UInt32 {
        if let known = numbers[string] { return known }
        let number = dictionary.withString(string, number)
        numbers[string] = number
        return number
    }
}

/// Who called whom in one block: its traces, and of each span IDs, shape and names.
public final class BlockCalls {
    private let block: BlockReader
    private let traces: BlockTraces
    private let spine: BlockSpine
    /// 0: none.
    public let spanIDs: [UInt64]
    public let parentIDs: [UInt64]
    private var remoteServiceNames: [UInt32] = []
    private var addresses: [UInt32] = []

    init(_ block: BlockReader) throws(SegmentError) {
        self.block = block
        traces = try block.traces()
        spine = try block.spine()
        (spanIDs, parentIDs) = try DecodedBlock.ids(block, traces, spine)
    }

    public var traceCount: Int { traces.count }

    public func traceIDLow(_ trace: Int) -> UInt64 { traces.traceID(trace).low }

    /// The spans of a trace, by start.
    public func spans(_ trace: Int) -> Range<Int> { traces.spans(trace) }

    public func shape(ofSpan span: Int) -> Int { Int(spine.shapes[span]) }

    /// 0: none.
    public func remoteServiceName(ofSpan span: Int) -> UInt32 {
        remoteServiceNames.isEmpty ? 0 : remoteServiceNames[span]
    }

    /// Of spans that share their ID, something that tells where they ran; 0 if nothing does.
    public func address(ofSpan span: Int) -> UInt32 { addresses.isEmpty ? 0 : addresses[span] }

    /// When a trace begins, as far as the block or those before it tell: the start of its earliest span; nil if none
    /// has one. Nanoseconds since 1970.
    public func start(ofTrace trace: Int) -> Int64? {
        traces.baseStarts[trace] == SpanBatch.absentTime ? nil : traces.baseStarts[trace]
    }

    /// Start of the trace's first span without a parent that has one. Reads more of the block.
    public func rootStart(ofTrace trace: Int) throws(SegmentError) -> Int64? {
        let isRoot = { (span: Int) in self.spine.parents[span] <= ParentCode.rootWithTraceID }
        let spans = traces.spans(trace)
        guard let last = spans.last(where: isRoot) else { return nil }
        let values = try block.values()
        var start = traces.baseStarts[trace]
        for span in spans.lowerBound...last {
            let shape = Int(spine.shapes[span])
            guard let plan = block.schema.startPlan(shape) else { continue }
            start &+= try values.number(plan, values.columns(ofShape: shape).start, place: Int(spine.rows[span]))
            if isRoot(span) { return start }
        }
        return nil
    }

    func setRemoteServiceName(_ name: UInt32, ofSpan span: Int) {
        if remoteServiceNames.isEmpty { remoteServiceNames = Array(repeating: 0, count: spanIDs.count) }
        remoteServiceNames[span] = name
    }

    func addAddress(_ part: UInt64, ofSpan span: Int) {
        if addresses.isEmpty { addresses = Array(repeating: 0, count: spanIDs.count) }
        addresses[span] = CallAddress.adding(part, to: addresses[span])
    }
}

/// A number made of the parts of a network address, whatever their order; 0 stands for none.
public enum CallAddress {
    /// - Parameter part: a port, or the `ByteHash` of an IP address.
    public static func adding(_ part: UInt64, to address: UInt32) -> UInt32 {
        let mixed = ByteHash.fold(part ^ ByteHash.seed, 0x9e37_79b9_7f4a_7c15)
        return address ^ max(1, UInt32(truncatingIfNeeded: mixed))
    }
}
