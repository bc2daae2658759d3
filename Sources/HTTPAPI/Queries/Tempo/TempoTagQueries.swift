internal import QueryLanguage
internal import TraceModel
internal import TraceStore

/// Names and values to choose from while a query is written.
struct TempoTagQueries {
    let store: any QueryableStore
    let window: ClosedRange<Int64>
    let limit: Int
    let work: QueryWork

    /// Names or values, where the request does not say.
    static let limitDefault = 10_000

    /// Traces looked at for values, the newest first, where no list of names has them.
    private static let traceCountMax = 1000

    // MARK: Names

    /// A list of names, and whose they are.
    struct Scope: Equatable {
        var name: String
        var tags: [String]
    }

    static let intrinsicScope = "intrinsic"

    /// Without those that number a trace's spans.
    static let intrinsics = [
        "duration", "event:name", "event:timeSinceStart", "instrumentation:name", "instrumentation:version", "kind",
        "name", "rootName", "rootServiceName", "span:duration", "span:kind", "span:name", "span:status",
        "span:statusMessage", "status", "statusMessage", "trace:duration", "trace:rootName", "trace:rootService",
        "traceDuration",
    ]

    /// - Parameter scope: `intrinsic`, a scope of attributes, or nil for all.
    func scopes(_ scope: String?) throws -> [Scope] {
        var scopes: [Scope] = []
        if scope != Self.intrinsicScope {
            let keys = try store.attributeKeys(within: window, limit: limit, work).keys
            for owner in AttributeScope.allCases where scope == nil || scope == owner.rawValue {
                if let keys = keys[owner], !keys.isEmpty { scopes.append(Scope(name: owner.rawValue, tags: keys)) }
            }
        }
        if scope == nil || scope == Self.intrinsicScope {
            scopes.append(Scope(name: Self.intrinsicScope, tags: Self.intrinsics))
        }
        return scopes
    }

    // MARK: Values

    /// A value, and what it is to Tempo: `string`, `int`, `float`, `bool`, `duration`, or `keyword`.
    struct Value: Hashable {
        var type: String
        var text: String

        init(type: String = "string", _ text: String) {
            self.type = type
            self.text = text
        }
    }

    /// - Parameter filter: tells of which spans; nil for all.
    func values(of field: TraceQLQuery.Field, filter: TraceQLQuery?) throws -> [Value] {
        if let values = Self.keywords(of: field) { return values }
        let service = filter?.onlyService
        if filter == nil || service != nil, let values = try listed(field, ofService: service) { return values }
        return try sought(field, filter ?? TraceQLQuery(pipeline: .init(stages: [.spansets(.filter(nil))])))
    }

    /// Values that need no look at the store.
    private static func keywords(of field: TraceQLQuery.Field) -> [Value]? {
        guard case .intrinsic(let intrinsic) = field else { return nil }
        switch intrinsic {
        case .status: return TraceQLQuery.Status.allCases.map { Value(type: "keyword", $0.rawValue) }
        case .kind: return TraceQLQuery.Kind.allCases.map { Value(type: "keyword", $0.rawValue) }
        case .duration, .traceDuration, .eventTimeSinceStart, .childCount, .nestedSetLeft, .nestedSetRight,
            .nestedSetParent, .spanID, .parentID, .traceID, .linkSpanID, .linkTraceID:
            return []
        case .name, .statusMessage, .rootName, .rootServiceName, .eventName, .instrumentationName,
            .instrumentationVersion:
            return nil
        }
    }

    /// What the store keeps lists of; nil if there is none.
    private func listed(_ field: TraceQLQuery.Field, ofService service: String?) throws -> [Value]? {
        switch field {
        case .intrinsic(.name): return try operationNames(ofService: service)
        // Each may be a root's.
        case .intrinsic(.rootName) where service == nil: return try operationNames(ofService: nil)
        case .intrinsic(.rootServiceName) where service == nil:
            return try store.serviceNames().prefix(limit).map { Value($0) }
        case .attribute(.any, let key):
            let values = Set(try attributeValues(.resource, key, service) + attributeValues(.span, key, service))
            return values.sorted().prefix(limit).map { Value(type: $0.typeName, $0.text) }
        case .attribute(let scope, let key):
            guard let scope = AttributeScope(rawValue: scope.rawValue) else { return nil }
            return try attributeValues(scope, key, service).map { Value(type: $0.typeName, $0.text) }
        case .intrinsic, .ofParent: return nil
        }
    }

    private func attributeValues(
        _ scope: AttributeScope, _ key: String, _ service: String?
    ) throws -> [AttributeValue] {
        try store.attributeValues(
            scope: scope, key: key, serviceName: service, within: window, limit: limit, work
        ).values
    }

    private func operationNames(ofService service: String?) throws -> [Value] {
        var names: Set<String> = []
        for service in try service.map({ [$0] }) ?? store.serviceNames() {
            try work.check()
            names.formUnion(try store.operations(ofService: service).map(\.name))
        }
        return names.sorted().prefix(limit).map { Value($0) }
    }

    // MARK: Values of spans that match

    private struct Enough: Error {}

    /// Of the newest traces that match; once time is up, what was found until then.
    private func sought(_ field: TraceQLQuery.Field, _ filter: TraceQLQuery) throws -> [Value] {
        let query = TraceQuery(
            rules: .traceQL(filter), startMin: window.lowerBound, startMax: window.upperBound,
            limit: Self.traceCountMax)
        var values: Set<Value> = []
        do {
            let outcome = try store.find(query, work) { found in
                let reader = TraceFieldReader(found.trace)
                for spanset in found.spansets {
                    for place in spanset.places {
                        guard let value = reader.value(of: field, place: place),
                            let value = Value(value)
                        else { continue }
                        values.insert(value)
                        if values.count >= limit { throw Enough() }
                    }
                }
            }
            try AnswerGaps.refuse(outcome.gaps)
        } catch is Enough {
        } catch let error as StoreError where error.code == .timedOut {
        }
        return values.sorted { ($0.text, $0.type) < ($1.text, $1.type) }
    }
}

extension TempoTagQueries.Value {
    /// Nil for what cannot be written in a query.
    fileprivate init?(_ value: FieldValue) {
        switch value {
        case .string(let text): self.init(text)
        case .int: self.init(type: "int", value.text)
        case .double: self.init(type: "float", value.text)
        case .bool: self.init(type: "bool", value.text)
        case .duration: self.init(type: "duration", value.text)
        case .status, .kind: self.init(type: "keyword", value.text)
        case .bytes, .array, .map, .none: return nil
        }
    }
}

extension TraceQLQuery {
    /// Whether it is about every span.
    var isOfAllSpans: Bool {
        switch pipeline.stages.first {
        case .spansets(.filter(nil)), .spansets(.filter(.literal(.bool(true)))): pipeline.stages.count == 1
        default: false
        }
    }

    /// The service, if the query says nothing but that: `{ resource.service.name = "x" }`.
    fileprivate var onlyService: String? {
        guard pipeline.stages.count == 1, case .spansets(.filter(let condition)) = pipeline.stages[0],
            case .comparison(let left, .equal, let right) = condition
        else { return nil }
        switch (left, right) {
        case (.field(.attribute(.resource, key: "service.name")), .literal(.string(let name))),
            (.literal(.string(let name)), .field(.attribute(.resource, key: "service.name"))):
            return name
        default: return nil
        }
    }
}
