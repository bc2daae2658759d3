internal import SegmentStore
internal import TraceModel

/// Whether one span meets a condition, exactly.
enum SpanMatcher {
    static func meets(_ condition: SpanFilter.Condition, _ span: SpanView) -> Bool {
        switch condition {
        case .all(let parts): parts.allSatisfy { meets($0, span) }
        case .any(let parts): parts.contains { meets($0, span) }
        case .clause(let clause): meets(clause, span)
        }
    }

    private static func meets(_ clause: SpanFilter.Clause, _ span: SpanView) -> Bool {
        switch clause {
        case .service(let test): return test.meets(span.serviceName)
        case .operation(let test): return test.meets(span.operationName)
        case .traits(let meets): return meets(span.traits)
        case .remoteService(let name): return span.remoteServiceName.map { $0.elementsEqual(name) } ?? false
        case .duration(let range): return span.duration.map { range.contains($0) } ?? false
        case .keyOrEvent(let key):
            var isThere = false
            span.forEachAttribute { own, _ in if own.elementsEqual(key) { isThere = true } }
            span.forEachEvent { name, _, _ in if name.elementsEqual(key) { isThere = true } }
            return isThere
        case .attribute(let test): return has(test, span)
        case .lacks(let keys):
            var isThere = false
            span.forEachAttribute { own, _ in if keys.contains(where: { own.elementsEqual($0) }) { isThere = true } }
            return !isThere
        case .anywhere(let test): return has(test, span) || hasElsewhere(test, span)
        }
    }

    private static func has(_ test: SpanFilter.AttributeTest, _ span: SpanView) -> Bool {
        switch test.owner {
        case .resource:
            guard case .map(let bytes) = span.value(of: .resource) else { return false }
            return (try? ResourceView(bytes)).map { contains(test, $0.attributes) } ?? false
        case .scope:
            guard case .map(let bytes) = span.value(of: .scope) else { return false }
            return (try? ScopeView(bytes)).map { contains(test, $0.attributes) } ?? false
        case .span:
            var isThere = false
            span.forEachAttribute { key, value in
                if !isThere && key.elementsEqual(test.key) && test.meets(value) { isThere = true }
            }
            return isThere
        }
    }

    private static func hasElsewhere(_ test: SpanFilter.AttributeTest, _ span: SpanView) -> Bool {
        for owner in [SpanFilter.AttributeTest.Owner.resource, .scope] {
            var test = test
            test.owner = owner
            if has(test, span) { return true }
        }
        var isThere = false
        span.forEachEvent { _, _, attributes in
            if !isThere, let attributes, let list = try? AttributeList(ofEvent: attributes) {
                isThere = contains(test, list)
            }
        }
        guard !isThere, case .array(let bytes) = span.value(of: .links) else { return isThere }
        var links = LinkReader(bytes)
        while let link = try? links.next() {
            if contains(test, link.attributes) { return true }
        }
        return false
    }

    private static func contains(_ test: SpanFilter.AttributeTest, _ list: AttributeList) -> Bool {
        list.contains { $0.elementsEqual(test.key) && test.meets($1) }
    }
}

extension SpanFilter.AttributeTest {
    /// Compares as text, as people write values in queries.
    init(_ owner: Owner, key: String, equals text: String) {
        let wanted = Array(text.utf8)
        self.init(owner, key: Array(key.utf8), text: wanted) { value in
            switch value {
            case .string(let bytes): bytes.elementsEqual(wanted)
            case .int(let number): String(number).utf8.elementsEqual(wanted)
            case .double(let number): String(number).utf8.elementsEqual(wanted)
            case .bool(let flag): (flag ? "true" : "false").utf8.elementsEqual(wanted)
            case .bytes, .array, .map, .none: false
            }
        }
    }
}
