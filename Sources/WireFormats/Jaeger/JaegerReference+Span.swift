internal import TraceModel

extension JaegerReference {
    /// Calls `body` with the references of a span: its parent's first, then its links.
    ///
    /// A link follows from its span, unless its decoder noted that it is a child's. A parent that a span of Jaeger's
    /// only followed from is told by that link alone, as it was sent.
    /// - Parameter parentID: of the parent as it is shown; 0 for none.
    static func forEach(
        _ span: SpanView, _ fields: JaegerSpanFields, parentID: UInt64, _ body: (JaegerReference) -> Void
    ) {
        let traceID = span.traceID
        if parentID != 0, !isParentLinked(span, fields, parentID) {
            body(JaegerReference(traceIDHigh: traceID.high, traceIDLow: traceID.low, spanID: parentID, isChild: true))
        }
        guard let bytes = fields.links else { return }
        var links = LinkReader(bytes)
        while let link = try? links.next() { body(JaegerReference(link)) }
    }

    private init(_ link: LinkView) {
        var isChild = false
        var attributes = link.attributes.attributes
        while let (key, value) = try? attributes.nextAttribute() {
            if key.equals(JaegerTagKey.referenceType), case .string(let type) = value {
                isChild = type.equals(JaegerTagKey.childOf)
            }
        }
        self.init(
            traceIDHigh: link.traceID.high, traceIDLow: link.traceID.low, spanID: link.spanID.value, isChild: isChild)
    }

    private static func isParentLinked(_ span: SpanView, _ fields: JaegerSpanFields, _ parentID: UInt64) -> Bool {
        guard span.traits.source == .jaeger, let bytes = fields.links else { return false }
        var links = LinkReader(bytes)
        while let link = try? links.next() {
            if link.spanID.value == parentID, link.traceID == span.traceID { return !JaegerReference(link).isChild }
        }
        return false
    }
}
