internal import TraceModel
public import TraceStore

extension OpenSearchTraceStore {
    /// Keys of the attributes of spans that start within the window. Those of links are not known, and in the place of
    /// a resource is what Jaeger calls a process.
    /// - Throws: `StoreError`, also where the answer would not be all that there is.
    public func attributeKeys(
        within window: ClosedRange<Int64>, limit: Int, _ work: QueryWork
    ) throws(StoreError) -> AttributeKeys {
        var keys: [AttributeScope: Set<String>] = [:]
        var isComplete = true
        for (scope, place) in AttributePlace.byScope {
            var body = SearchBody(size: 0, filter: .starts(window))
            let size = Self.bucketCount(limit)
            body.add(
                aggregation: "list",
                "{\"nested\":{\"path\":\(quoted(place.list))},\"aggs\":{\"keys\":{\"terms\":"
                    + "{\"field\":\(quoted(place.list + ".key")),\"size\":\(size)}}}}")
            let answer = try cluster.aggregate(indices.spans(window), body, work, as: KeyList.self)
            try require(answer)
            guard let found = answer.aggregations?.list.keys else { continue }
            if found.sumOtherDocCount > 0 { isComplete = false }
            keys[scope, default: []].formUnion(found.buckets.map(\.key))
        }
        let objects = AttributePlace.byScope.compactMap { scope, place in place.object.map { (scope, $0 + ".") } }
        let names = try cluster.fieldNames(indices.spans(window), prefixes: objects.map(\.1), work)
        for (scope, prefix) in objects {
            for name in names where name.hasPrefix(prefix) {
                keys[scope, default: []].insert(AttributePlace.key(ofField: String(name.dropFirst(prefix.count))))
            }
        }
        if try timeRange() != nil { keys[.resource, default: []].insert(Self.serviceNameKey) }
        keys[.span]?.subtract(Self.keysOfFacts)
        keys[.event]?.remove("event")
        for (scope, own) in keys where own.count > limit {
            isComplete = false
            keys[scope] = Set(own.sorted().prefix(limit))
        }
        return AttributeKeys(
            keys: keys.filter { !$0.value.isEmpty }.mapValues { $0.sorted() }, isComplete: isComplete)
    }

    /// Values of an attribute of spans that start within the window. Those that the cluster's index has no room for,
    /// because they are long, are not listed.
    public func attributeValues(
        scope: AttributeScope, key: String, serviceName: String?, within window: ClosedRange<Int64>, limit: Int,
        _ work: QueryWork
    ) throws(StoreError) -> AttributeValues {
        if scope == .resource && key == Self.serviceNameKey {
            let names = try serviceNames().filter { serviceName == nil || $0 == serviceName }
            return AttributeValues(
                values: names.prefix(limit).map(AttributeValue.string), isComplete: names.count <= limit)
        }
        guard let place = AttributePlace.byScope.first(where: { $0.scope == scope })?.place else {
            return AttributeValues(values: [], isComplete: true)
        }
        var filter = DocumentFilter.starts(window)
        if let serviceName { filter = .all([filter, .term(DocumentField.service, serviceName)]) }
        var body = SearchBody(size: 0, filter: filter)
        body.add("\"aggs\":{\(Self.valuesText(place, key, Self.bucketCount(limit)))}")
        let answer = try cluster.aggregate(indices.spans(window), body, work, as: ValueLists.self)
        try require(answer)
        var values: Set<AttributeValue> = []
        var isComplete = true
        if let list = answer.aggregations?.list?.key {
            var listedCount = 0.0
            for type in list.types.buckets {
                if type.values.sumOtherDocCount > 0 { isComplete = false }
                for bucket in type.values.buckets {
                    listedCount += Double(bucket.docCount)
                    if let value = AttributeValue(bucket.key, type: type.key) { values.insert(value) }
                }
            }
            if listedCount < Double(list.docCount) { isComplete = false }
        }
        if let field = answer.aggregations?.field {
            if field.sumOtherDocCount > 0 { isComplete = false }
            values.formUnion(field.buckets.map { .string($0.key) })
        }
        if values.count > limit { isComplete = false }
        return AttributeValues(values: Array(values.sorted().prefix(limit)), isComplete: isComplete)
    }

    /// Keys of the spans' own attributes within the window whose values are texts of which there are few, sorted. In a
    /// field of its own any value is a text; one that only says yes or no is left out.
    public func attributeKeysWithFewValues(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [String] {
        var body = SearchBody(size: 0, filter: .starts(window))
        body.add(
            aggregation: "list",
            """
            {"nested":{"path":"tags"},"aggs":{"keys":{"terms":{"field":"tags.key","size":\(Self.bucketCountMax)},\
            "aggs":{"values":{"cardinality":{"field":"tags.value","precision_threshold":\(2 * Self.fewValuesMax)}},\
            "others":{"filter":{"bool":{"must_not":[{"term":{"tags.type":"string"}}]}}},\
            "long":{"filter":{"bool":{"must_not":[{"exists":{"field":"tags.value"}}]}}}}}}}
            """)
        let answer = try cluster.aggregate(indices.spans(window), body, work, as: KeyCounts.self)
        try require(answer)
        let found = (answer.aggregations?.list.keys.buckets ?? []).filter {
            $0.others.docCount == 0 && $0.long.docCount == 0
                && $0.values.value ?? .infinity <= Double(Self.fewValuesMax)
        }
        let keys = try Set(found.map(\.key)).union(fieldsWithFewValues(within: window, work))
        return keys.subtracting(Self.keysOfFacts).sorted()
    }

    private func fieldsWithFewValues(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [String] {
        let prefix = "tag."
        let indices = indices.spans(window)
        let fields = try cluster.fieldNames(indices, prefixes: [prefix], work).prefix(Self.fieldCountMax)
        guard !fields.isEmpty else { return [] }
        let texts = fields.map {
            "\(quoted($0)):{\"terms\":{\"field\":\(quoted($0)),\"size\":\(Self.fewValuesMax + 1)}}"
        }
        var body = SearchBody(size: 0, filter: .starts(window))
        body.add("\"aggs\":{\(texts.joined(separator: ","))}")
        let answer = try cluster.aggregate(indices, body, work, as: [String: Buckets].self)
        try require(answer)
        return (answer.aggregations ?? [:]).filter { _, found in
            found.buckets.count <= Self.fewValuesMax && found.buckets.contains { Bool($0.key) == nil }
        }
        .keys.map { AttributePlace.key(ofField: String($0.dropFirst(prefix.count))) }
    }

    // MARK: Details

    private static var serviceNameKey: String { "service.name" }
    /// More are not few.
    private static var fewValuesMax: Int { 100 }
    private static var bucketCountMax: Int { 10_000 }
    /// Fields of attributes that are looked into.
    private static var fieldCountMax: Int { 200 }

    /// Keys of tags that say what is no attribute elsewhere.
    private static var keysOfFacts: Set<String> {
        [
            "span.kind", "otel.status_code", "otel.status_description", "otel.scope.name", "otel.scope.version",
            "w3c.tracestate", "peer.service",
        ]
    }

    /// One more than asked for, so that it shows whether there are more.
    private static func bucketCount(_ limit: Int) -> Int { min(limit, bucketCountMax - 1) + 1 }

    private static func valuesText(_ place: AttributePlace, _ key: String, _ size: Int) -> String {
        let (list, types) = (quoted(place.list), quoted(place.list + ".type"))
        let (keyFilter, values) = (
            DocumentFilter.term(place.list + ".key", key).text, quoted(place.list + ".value")
        )
        var text = """
            "list":{"nested":{"path":\(list)},"aggs":{"key":{"filter":\(keyFilter),"aggs":{"types":{"terms":\
            {"field":\(types),"size":10},"aggs":{"values":{"terms":{"field":\(values),"size":\(size)}}}}}}}}
            """
        if let object = place.object, let name = AttributePlace.fieldName(key) {
            text += ",\"field\":{\"terms\":{\"field\":\(quoted("\(object).\(name)")),\"size\":\(size)}}"
        }
        return text
    }

    private struct KeyList: Decodable {
        struct List: Decodable {
            let keys: Buckets?
        }
        let list: List
    }

    private struct Buckets: Decodable {
        struct Bucket: Decodable {
            let key: String
            let docCount: Int
        }
        let buckets: [Bucket]
        let sumOtherDocCount: Int
    }

    private struct ValueLists: Decodable {
        struct List: Decodable {
            let key: Key?
        }
        struct Key: Decodable {
            let docCount: Int
            let types: Types
        }
        struct Types: Decodable {
            let buckets: [TypeBucket]
        }
        struct TypeBucket: Decodable {
            let key: String
            let values: Buckets
        }
        let list: List?
        let field: Buckets?
    }

    private struct KeyCounts: Decodable {
        struct Count: Decodable {
            let docCount: Int
        }
        struct Bucket: Decodable {
            let key: String
            let values: NumberAggregation
            let others: Count
            let long: Count
        }
        struct Keys: Decodable {
            let buckets: [Bucket]
        }
        struct List: Decodable {
            let keys: Keys
        }
        let list: List
    }
}

extension AttributePlace {
    /// Scopes of which documents have attributes.
    fileprivate static var byScope: [(scope: AttributeScope, place: AttributePlace)] {
        [(.span, .span), (.resource, .process), (.event, .event), (.instrumentation, .scope)]
    }

    /// The key that a field is named after.
    fileprivate static func key(ofField name: String) -> String {
        name.split(separator: dot, omittingEmptySubsequences: false).joined(separator: ".")
    }
}

extension AttributeValue {
    /// - Parameter type: as Jaeger's documents call it. Nil for bytes.
    fileprivate init?(_ text: String, type: String) {
        switch type {
        case "int64": self = Int64(text).map { .int($0) } ?? .string(text)
        case "float64": self = Double(text).map { .double($0) } ?? .string(text)
        case "bool": self = Bool(text).map { .bool($0) } ?? .string(text)
        case "binary": return nil
        default: self = .string(text)
        }
    }
}
