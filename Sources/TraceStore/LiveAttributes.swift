internal import SegmentStore
internal import TraceModel

/// Attributes of live spans.
enum LiveAttributes {
    /// Calls `body` with the values that stand at a place, texts and the like once for each batch.
    /// - Returns: false once `body` has had enough.
    static func forEachValue(
        at place: AttributePlace, in batch: SpanBatch, _ serviceName: [UInt8]?, _ body: (SpanValue) -> Bool
    ) -> Bool {
        var service: UInt32?
        if let serviceName {
            guard let number = serviceName.withUnsafeBytes({ batch.number(of: $0) }) else { return true }
            service = number
        }
        var key: UInt32?
        if case .span(let bytes) = place {
            guard let number = bytes.withUnsafeBytes({ batch.number(of: $0) }) else { return true }
            key = number
        }
        let columns = (0..<batch.shapeCount).map { number -> [Column] in
            let shape = batch.shape(number)
            return service == nil || shape.serviceName == service
                ? Column.all(of: shape) { place.has($0, key: key) } : []
        }
        var known: Set<UInt32> = []
        for row in 0..<batch.spanCount {
            for column in columns[Int(batch.shapeColumn[row])] {
                let word = batch.values(ofRow: row) + column.word
                if column.type.isReference {
                    guard known.insert(word[0] << 3 | UInt32(column.type.rawValue)).inserted else { continue }
                }
                if !body(batch.value(at: word, type: column.type)) { return false }
            }
        }
        return true
    }

    /// Calls `add` with each key of the spans' own attributes and its texts; nil if there are more than `countMax`, or
    /// if any value is no text.
    static func addTexts(of batch: SpanBatch, countMax: Int, _ add: (String, Set<String>?) -> Void) {
        let columns = (0..<batch.shapeCount).map { number in
            Column.all(of: batch.shape(number)) { $0.role == .attribute }
        }
        var found: [UInt32: Set<UInt32>] = [:]
        var many: Set<UInt32> = []
        for row in 0..<batch.spanCount {
            for column in columns[Int(batch.shapeColumn[row])] where !many.contains(column.key) {
                if column.type == .string {
                    found[column.key, default: []].insert(batch.values(ofRow: row)[column.word])
                }
                if column.type != .string || (found[column.key]?.count ?? 0) > countMax { many.insert(column.key) }
            }
        }
        func text(_ number: UInt32) -> String { String(decoding: batch.string(number), as: UTF8.self) }
        for (key, values) in found where !many.contains(key) { add(text(key), Set(values.map(text))) }
        for key in many { add(text(key), nil) }
    }

    /// A column of a shape and where its values are in a row.
    private struct Column {
        var key: UInt32
        var type: ValueType
        var word: Int

        static func all(of shape: SpanShape, where isWanted: (SpanColumn) -> Bool) -> [Column] {
            var columns: [Column] = []
            var word = 0
            for index in 0..<shape.columnCount {
                let column = shape.column(index)
                if isWanted(column) { columns.append(Column(key: column.key, type: column.type, word: word)) }
                word += column.type.wordCount
            }
            return columns
        }
    }
}

extension AttributePlace {
    /// - Parameter key: the number of the key that is asked for, in the batch of the column.
    fileprivate func has(_ column: SpanColumn, key: UInt32?) -> Bool {
        switch self {
        case .span: column.role == .attribute && column.key == key
        case .resource: column.field == .resource
        case .scope: column.field == .scope
        case .links: column.field == .links
        case .events: column.role == .eventAttributes
        }
    }
}
