/// A value as it lies in a batch. Pointers are valid as long as the batch.
public enum SpanValue {
    case string(UnsafeRawBufferPointer)
    case bytes(UnsafeRawBufferPointer)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array(UnsafeRawBufferPointer)
    case map(UnsafeRawBufferPointer)
    case none
}

/// One span of a batch.
public struct SpanView: Sendable {
    public let batch: SpanBatch
    public let row: Int

    public init(batch: SpanBatch, row: Int) {
        precondition(row >= 0 && row < batch.spanCount, "a row of the batch")
        self.batch = batch
        self.row = row
    }

    public var traceID: TraceID { TraceID(high: batch.traceIDHighs[row], low: batch.traceIDLows[row]) }
    public var spanID: SpanID { SpanID(batch.spanIDs[row]) }
    public var parentID: SpanID? { batch.parentIDs[row] == 0 ? nil : SpanID(batch.parentIDs[row]) }

    /// Nanoseconds since 1970.
    public var start: Int64? { batch.starts[row] == SpanBatch.absentTime ? nil : batch.starts[row] }

    /// Nanoseconds.
    public var duration: Int64? { batch.durations[row] == SpanBatch.absentTime ? nil : batch.durations[row] }

    public var shape: SpanShape { batch.shape(Int(batch.shapes[row])) }
    public var traits: SpanTraits { shape.traits }

    /// UTF-8; empty when the sender named none.
    public var serviceName: UnsafeRawBufferPointer { batch.string(shape.serviceName) }
    public var operationName: UnsafeRawBufferPointer { batch.string(shape.operationName) }

    /// Calls `body` with each column and its value in order.
    public func forEachValue<Failure: Error>(
        _ body: (SpanColumn, SpanValue) throws(Failure) -> Void
    ) throws(Failure) {
        let shape = shape
        var word = batch.values(ofRow: row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            try body(column, batch.value(at: word, type: column.type))
            word += column.type.wordCount
        }
    }

    /// Calls `body` with the key and value of each attribute in order.
    public func forEachAttribute<Failure: Error>(
        _ body: (UnsafeRawBufferPointer, SpanValue) throws(Failure) -> Void
    ) throws(Failure) {
        try forEachValue { (column, value) throws(Failure) in
            if column.role == .attribute { try body(batch.string(column.key), value) }
        }
    }

    /// Calls `body` with the name and time (nanoseconds since 1970) of each event in order, and its attributes as
    /// `AttributeCoding` wrote them; nil if it has none.
    public func forEachEvent<Failure: Error>(
        _ body: (UnsafeRawBufferPointer, Int64, UnsafeRawBufferPointer?) throws(Failure) -> Void
    ) throws(Failure) {
        var time: Int64 = 0
        var pending: UnsafeRawBufferPointer?
        try forEachValue { (column, value) throws(Failure) in
            if let name = pending {
                pending = nil
                if column.role == .eventAttributes, case .map(let attributes) = value {
                    try body(name, time, attributes)
                } else {
                    try body(name, time, nil)
                }
            }
            if column.role == .event, case .int(let value) = value { time = value }
            if column.role == .eventName, case .string(let name) = value { pending = name }
        }
        if let name = pending { try body(name, time, nil) }
    }

    /// The value of a field; `.none` if the span has not got it.
    public func value(of field: SpanField) -> SpanValue {
        let shape = shape
        var word = batch.values(ofRow: row)
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            if column.role == .field && column.key == UInt32(field.rawValue) {
                return batch.value(at: word, type: column.type)
            }
            word += column.type.wordCount
        }
        return .none
    }

    /// UTF-8; nil if the span has none.
    public var remoteServiceName: UnsafeRawBufferPointer? {
        if case .string(let name) = value(of: .remoteServiceName) { name } else { nil }
    }
}

extension SpanBatch {
    /// The value of a column whose words these are.
    @inlinable @inline(__always)
    package func value(at word: UnsafePointer<UInt32>, type: ValueType) -> SpanValue {
        switch type {
        case .string: .string(string(word[0]))
        case .bytes: .bytes(string(word[0]))
        case .bool: .bool(word[0] != 0)
        case .int: .int(Int64(bitPattern: SpanBatch.wide(word)))
        case .double: .double(Double(bitPattern: SpanBatch.wide(word)))
        case .array: .array(string(word[0]))
        case .map: .map(string(word[0]))
        case .none: .none
        }
    }

    /// Two words as one number.
    @inlinable @inline(__always)
    public static func wide(_ word: UnsafePointer<UInt32>) -> UInt64 { UInt64(word[0]) | UInt64(word[1]) &<< 32 }
}
