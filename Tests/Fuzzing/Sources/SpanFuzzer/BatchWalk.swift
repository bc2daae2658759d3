internal import Bytes
internal import TraceModel
internal import WireFormats

/// Looks at everything that a batch says.
struct BatchWalk {
    /// What the decoder was told; nil for a batch that may say anything.
    let limits: SpanLimits?
    /// Of all values, each as often as it is met.
    private(set) var byteCount = 0
    /// A double somewhere is no number.
    private(set) var hasOddNumbers = false

    init(limits: SpanLimits?) { self.limits = limits }

    /// - Throws: for a structured value that is damaged, once all the others were looked at.
    mutating func walk(_ batch: SpanBatch) throws {
        var firstError: (any Error)?
        for row in 0..<batch.spanCount {
            let span = SpanView(batch: batch, row: row)
            look(text: span.serviceName)
            look(text: span.operationName)
            if limits != nil { checkTimes(span, batch) }
            var attributeCount = 0
            span.forEachValue { column, value in
                byteCount += 16
                if column.hasKeyString { look(text: batch.string(column.key)) }
                if column.role == .attribute { attributeCount += 1 }
                do {
                    try look(column, value)
                } catch {
                    firstError = firstError ?? error
                }
            }
            span.forEachEvent { name, _, attributes in
                look(text: name)
                do {
                    if let attributes { try look(AttributeList(ofEvent: attributes)) }
                } catch {
                    firstError = firstError ?? error
                }
            }
            if let limits {
                // The mark of strings that were cut comes on top, and what Jaeger's decoder had set aside: a few each.
                check(attributeCount <= limits.attributeCountMax + 8, "\(attributeCount) attributes of one span")
            }
        }
        if let firstError { throw firstError }
    }

    /// The batch's own first and last moment hold for each span.
    private func checkTimes(_ span: SpanView, _ batch: SpanBatch) {
        guard let start = span.start else { return }
        check(batch.earliestStart <= start, "a start of \(start) before the earliest, \(batch.earliestStart)")
        let (end, isTooFar) = start.addingReportingOverflow(max(span.duration ?? 0, 0))
        if !isTooFar { check(batch.latestEnd >= end, "an end of \(end) after the latest, \(batch.latestEnd)") }
    }

    private mutating func look(_ column: SpanColumn, _ value: SpanValue) throws {
        switch (column.role, column.field, value) {
        case (.field, .resource?, .map(let bytes)):
            let view = try ResourceView(bytes)
            try look(view.attributes)
            look(text: view.schemaURL)
            try look(values: AttributeReader(view.entities))
        case (.field, .scope?, .map(let bytes)):
            let view = try ScopeView(bytes)
            try look(view.attributes)
            for text in [view.schemaURL, view.name, view.version] { look(text: text) }
        case (.field, .links?, .array(let bytes)):
            var reader = LinkReader(bytes)
            while let link = try reader.next() {
                try look(link.attributes)
                look(text: link.traceState)
                byteCount += link.traceID.description.utf8.count + link.spanID.description.utf8.count
            }
        case (.eventAttributes, _, _): break  // an attribute list, which the walk over events reads
        default: try look(value, in: AttributeReader(UnsafeRawBufferPointer(start: nil, count: 0)))
        }
    }

    private mutating func look(_ list: AttributeList) throws { try look(attributes: list.attributes) }

    private mutating func look(attributes reader: AttributeReader) throws {
        var reader = reader
        while let (key, value) = try reader.nextAttribute() {
            look(text: key)
            try look(value, in: reader)
        }
    }

    private mutating func look(values reader: AttributeReader) throws {
        var reader = reader
        while let value = try reader.nextValue() { try look(value, in: reader) }
    }

    private mutating func look(_ value: SpanValue, in reader: AttributeReader) throws {
        byteCount += 16
        switch value {
        case .string(let bytes): look(text: bytes)
        case .bytes(let bytes): look(bytes)
        case .array(let body): try look(values: reader.reader(of: body))
        case .map(let body): try look(attributes: reader.reader(of: body))
        case .double(let number): if number.isNaN { hasOddNumbers = true }
        case .bool, .int, .none: break
        }
    }

    private mutating func look(text bytes: UnsafeRawBufferPointer) {
        look(bytes)
        guard limits != nil else { return }
        let isText = bytes.withMemoryRebound(to: UInt8.self) { String(validating: $0, as: UTF8.self) != nil }
        check(isText, "\(Array(bytes)) is no UTF-8")
    }

    /// Every byte, so that the address sanitizer sees each.
    private mutating func look(_ bytes: UnsafeRawBufferPointer) {
        var sum: UInt8 = 0
        for byte in bytes { sum &+= byte }
        byteCount += bytes.count + Int(sum >> 7)
        if let limits {
            check(bytes.count <= limits.valueByteCountMax, "\(bytes.count) bytes are more than allowed")
        }
    }
}
