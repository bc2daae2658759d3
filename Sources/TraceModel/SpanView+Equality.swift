extension SpanView {
    /// Whether both say the same, to the byte; the order of attributes counts only where it means something.
    public func hasEqualContent(to other: SpanView) -> Bool {
        guard traceID == other.traceID, spanID == other.spanID, parentID == other.parentID, start == other.start,
            duration == other.duration, traits == other.traits, serviceName.elementsEqual(other.serviceName),
            operationName.elementsEqual(other.operationName)
        else { return false }
        return contentWords == other.contentWords
    }

    /// Columns and values, each as bytes of its own.
    private var contentWords: [[UInt8]] {
        var words: [[UInt8]] = []
        var attributes: [[UInt8]] = []
        forEachValue { column, value in
            var word: [UInt8] = [column.role.rawValue, column.type.rawValue]
            if column.hasKeyString {
                let key = batch.string(column.key)
                withUnsafeBytes(of: key.count) { word.append(contentsOf: $0) }
                word.append(contentsOf: key)
            } else {
                withUnsafeBytes(of: column.key) { word.append(contentsOf: $0) }
            }
            switch value {
            case .string(let bytes), .bytes(let bytes), .array(let bytes), .map(let bytes):
                word.append(contentsOf: bytes)
            case .bool(let flag): word.append(flag ? 1 : 0)
            case .int(let number): withUnsafeBytes(of: number) { word.append(contentsOf: $0) }
            case .double(let number): withUnsafeBytes(of: number.bitPattern) { word.append(contentsOf: $0) }
            case .none: break
            }
            if column.role == .attribute { attributes.append(word) } else { words.append(word) }
        }
        if !traits.hasOrderedAttributes { attributes.sort { $0.lexicographicallyPrecedes($1) } }
        return words + attributes
    }
}
