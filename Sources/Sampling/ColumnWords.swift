internal import TraceModel

/// A column of a shape as its word, for loops in which asking `SpanColumn` would cost a call for each column. The
/// layout is `SpanColumn`'s.
struct ColumnWord {
    let rawValue: UInt32

    @inline(__always)
    var isAttribute: Bool { rawValue &>> 28 == 0 }

    @inline(__always)
    var isStringAttribute: Bool { rawValue &>> 24 == 0 }

    @inline(__always)
    var key: UInt32 { rawValue & SpanColumn.keyMax }

    /// Words that a value takes: two of an int and a double, none of a key without a value.
    @inline(__always)
    var wordCount: Int {
        let type = rawValue &>> 24 & 7
        return type == 3 || type == 4 ? 2 : type == 7 ? 0 : 1
    }

    static let traceState = word(.traceState, .string)
    static let samplingThreshold = word(.samplingThreshold, .int)
    static let resource = word(.resource, .map)

    private static func word(_ field: SpanField, _ type: ValueType) -> UInt32 {
        SpanColumn(.field, key: UInt32(field.rawValue), type: type).rawValue
    }
}

extension SpanShape {
    /// Calls `body` with each column and the place of its value among a row's words.
    @inline(__always)
    func forEachColumn(_ body: (ColumnWord, Int) -> Void) {
        let words = words
        guard let start = words.baseAddress else { return }
        var place = 0
        for index in (words.count - columnCount)..<words.count {
            let column = ColumnWord(rawValue: start[index])
            body(column, place)
            place &+= column.wordCount
        }
    }

    var hasTraceState: Bool {
        let wanted = ColumnWord.traceState
        let words = words
        for index in (words.count - columnCount)..<words.count where words[index] == wanted { return true }
        return false
    }
}

extension SpanValue {
    /// The value of a column, at its place among a row's words.
    init(_ column: ColumnWord, _ word: UnsafePointer<UInt32>, _ batch: SpanBatch) {
        switch SpanColumn(rawValue: column.rawValue).type {
        case .string: self = .string(batch.string(word[0]))
        case .bytes: self = .bytes(batch.string(word[0]))
        case .bool: self = .bool(word[0] != 0)
        case .int: self = .int(Int64(bitPattern: SpanBatch.wide(word)))
        case .double: self = .double(Double(bitPattern: SpanBatch.wide(word)))
        case .array: self = .array(batch.string(word[0]))
        case .map: self = .map(batch.string(word[0]))
        case .none: self = .none
        }
    }
}
