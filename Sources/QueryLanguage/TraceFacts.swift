internal import TraceModel

/// A trace, and what is found out about it once something asks for it.
final class TraceFacts {
    let spans: [SpanView]
    let traceID: TraceID

    init(_ trace: Trace) {
        spans = trace.spans
        traceID = trace.traceID
    }

    private(set) lazy var forest = SpanForest(spans)

    private(set) lazy var traceIDText = traceID.description

    /// The earliest span without a parent.
    private(set) lazy var root: SpanView? = spans.first { $0.parentID == nil }

    /// Nanoseconds from the first start to the last end; nil where no span has a start.
    private(set) lazy var duration: Int64? = {
        var first: Int64?
        var last: Int64 = .min
        for span in spans {
            guard let start = span.start else { continue }
            first = min(first ?? start, start)
            let end = start.addingReportingOverflow(max(span.duration ?? 0, 0))
            last = max(last, end.overflow ? .max : end.partialValue)
        }
        return first.map { last.subtractingReportingOverflow($0) }.map { $0.overflow ? .max : $0.partialValue }
    }()

    // MARK: Fields

    /// The value of a field that a span has once; of others the first.
    func value(of field: CompiledField, _ place: Int) -> Operand {
        var found = Operand.absent
        forEachValue(of: field, place) { value in
            found = value
            return false
        }
        return found
    }

    /// Calls `body` with each value of a field that is there, until it returns false.
    func forEachValue(of field: CompiledField, _ place: Int, _ body: (Operand) -> Bool) {
        var place = place
        if field.isOfParent {
            place = forest.parents[place]
            if place == SpanForest.none { return }
        }
        let span = spans[place]
        func give(_ value: SpanValue?) {
            if let value { _ = body(Operand(value)) }
        }
        switch field.source {
        case .spanAttribute(let key): give(field.spanAttribute(key, span))
        case .serviceName: if !span.serviceName.isEmpty { _ = body(.string(span.serviceName)) }
        case .resourceAttribute(let key): give(span.resourceAttribute(key))
        case .anyAttribute(let key): give(span.attribute(key) ?? field.anyAttribute(key, span))
        case .eventAttribute(let key):
            var isDone = false
            span.forEachEvent { _, _, attributes in
                guard !isDone, let attributes, let list = try? AttributeList(ofEvent: attributes),
                    let value = SpanView.attribute(key, list)
                else { return }
                isDone = !body(Operand(value))
            }
        case .linkAttribute(let key):
            span.forEachLink { link in SpanView.attribute(key, link.attributes).map { body(Operand($0)) } ?? true }
        case .scopeAttribute(let key): give(span.scope.flatMap { SpanView.attribute(key, $0.attributes) })
        case .intrinsic(let intrinsic): forEachValue(of: intrinsic, span, place, body)
        }
    }

    private func forEachValue(
        of intrinsic: TraceQLQuery.Intrinsic, _ span: SpanView, _ place: Int, _ body: (Operand) -> Bool
    ) {
        func give(_ value: Operand?) {
            if let value { _ = body(value) }
        }
        switch intrinsic {
        case .name: give(.string(span.operationName))
        case .kind: give(.kind(span.traits.queryKind))
        case .status: give(.status(span.traits.queryStatus))
        case .statusMessage: give(Operand(span.value(of: .statusMessage)))
        case .duration: give(span.duration.map { .duration($0) })
        case .spanID: give(.id(span.spanID.description))
        case .parentID: give(span.parentID.map { .id($0.description) })
        case .childCount: give(.int(Int64(forest.childCounts[place])))
        case .traceID: give(.id(traceIDText))
        case .traceDuration: give(duration.map { .duration($0) })
        case .rootName: give(root.map { .string($0.operationName) })
        case .rootServiceName: give(root.map { .string($0.serviceName) })
        case .eventName:
            var isDone = false
            span.forEachEvent { name, _, _ in
                if !isDone { isDone = !body(.string(name)) }
            }
        case .eventTimeSinceStart:
            var isDone = false
            span.forEachEvent { _, time, _ in
                guard !isDone, let start = span.start else { return }
                let since = time.subtractingReportingOverflow(start)
                if !since.overflow { isDone = !body(.duration(since.partialValue)) }
            }
        case .linkTraceID: span.forEachLink { body(.id($0.traceID.description)) }
        case .linkSpanID: span.forEachLink { body(.id($0.spanID.description)) }
        case .instrumentationName: give(span.scope.map { .string($0.name) })
        case .instrumentationVersion: give(span.scope.map { .string($0.version) })
        case .nestedSetLeft: give(.int(Int64(forest.lefts[place])))
        case .nestedSetRight: give(.int(Int64(forest.rights[place])))
        case .nestedSetParent:
            let parent = forest.parents[place]
            let number = parent == SpanForest.none ? (forest.isOrphan[place] ? 0 : -1) : forest.lefts[parent]
            give(.int(Int64(number)))
        }
    }
}

/// A field with its key as bytes.
struct CompiledField: Sendable {
    enum Source: Sendable {
        case spanAttribute([UInt8])
        case resourceAttribute([UInt8])
        case anyAttribute([UInt8])
        case eventAttribute([UInt8])
        case linkAttribute([UInt8])
        case scopeAttribute([UInt8])
        case serviceName
        case intrinsic(TraceQLQuery.Intrinsic)
    }

    let source: Source
    let isOfParent: Bool
    /// `peer.service` is also what Zipkin keeps as the remote service's name.
    private let isPeerService: Bool

    init(_ field: TraceQLQuery.Field) {
        switch field {
        case .ofParent(let inner):
            let inner = CompiledField(inner)
            (source, isOfParent, isPeerService) = (inner.source, true, inner.isPeerService)
        case .intrinsic(let intrinsic): (source, isOfParent, isPeerService) = (.intrinsic(intrinsic), false, false)
        case .attribute(let scope, let key):
            let bytes = Array(key.utf8)
            isOfParent = false
            isPeerService = key == "peer.service"
            switch scope {
            case .any, .resource:
                source =
                    key == "service.name"
                    ? .serviceName : scope == .any ? .anyAttribute(bytes) : .resourceAttribute(bytes)
            case .span: source = .spanAttribute(bytes)
            case .event: source = .eventAttribute(bytes)
            case .link: source = .linkAttribute(bytes)
            case .instrumentation: source = .scopeAttribute(bytes)
            }
        }
    }

    func spanAttribute(_ key: [UInt8], _ span: SpanView) -> SpanValue? {
        if let value = span.attribute(key) { return value }
        return isPeerService ? span.remoteServiceName.map { .string($0) } : nil
    }

    /// Of a span that has none of its own.
    func anyAttribute(_ key: [UInt8], _ span: SpanView) -> SpanValue? {
        if let value = span.resourceAttribute(key) { return value }
        return isPeerService ? span.remoteServiceName.map { .string($0) } : nil
    }
}
