internal import TraceModel

extension SpanView {
    /// The first attribute with a key.
    func attribute(_ key: [UInt8]) -> SpanValue? {
        let batch = batch
        let words = shape.words
        let columnCount = shape.columnCount
        let header = words.count - columnCount
        var value = batch.values(ofRow: row)
        for index in header..<words.count {
            let column = SpanColumn(rawValue: words[index])
            // Attributes have role 0; `role` and `type` would be calls for each column.
            if words[index] >> 28 == 0 {
                let name = batch.string(column.key)
                if name.count == key.count, isSame(name, key) { return decode(value, column.type) }
            }
            value += Self.wordCounts[Int(words[index] >> 24 & 7)]
        }
        return nil
    }

    private func isSame(_ name: UnsafeRawBufferPointer, _ key: [UInt8]) -> Bool {
        for index in key.indices.reversed() where name[index] != key[index] { return false }
        return true
    }

    /// For each value type; two words each, so that no table is asked.
    private static var wordCounts: WordCounts { WordCounts() }

    private struct WordCounts {
        subscript(_ type: Int) -> Int { type < 3 || type == 5 || type == 6 ? 1 : type == 7 ? 0 : 2 }
    }

    private func decode(_ word: UnsafePointer<UInt32>, _ type: ValueType) -> SpanValue {
        switch type {
        case .string: .string(batch.string(word[0]))
        case .bytes: .bytes(batch.string(word[0]))
        case .bool: .bool(word[0] != 0)
        case .int: .int(Int64(bitPattern: SpanBatch.wide(word)))
        case .double: .double(Double(bitPattern: SpanBatch.wide(word)))
        case .array: .array(batch.string(word[0]))
        case .map: .map(batch.string(word[0]))
        case .none: .none
        }
    }

    /// The first attribute of its resource with a key.
    func resourceAttribute(_ key: [UInt8]) -> SpanValue? {
        guard case .map(let bytes) = value(of: .resource), let resource = try? ResourceView(bytes) else { return nil }
        return Self.attribute(key, resource.attributes)
    }

    /// What made the span.
    var scope: ScopeView? {
        guard case .map(let bytes) = value(of: .scope) else { return nil }
        return try? ScopeView(bytes)
    }

    static func attribute(_ key: [UInt8], _ list: AttributeList) -> SpanValue? {
        var reader = list.attributes
        while let (name, value) = try? reader.nextAttribute() {
            if name.count == key.count, name.elementsEqual(key) { return value }
        }
        return nil
    }

    /// Calls `body` with each link, until it returns false.
    func forEachLink(_ body: (LinkView) -> Bool) {
        guard case .array(let bytes) = value(of: .links) else { return }
        var reader = LinkReader(bytes)
        while let link = try? reader.next() {
            if !body(link) { return }
        }
    }
}
