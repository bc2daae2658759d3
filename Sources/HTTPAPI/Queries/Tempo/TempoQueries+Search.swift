internal import Bytes
internal import NetworkServer
internal import QueryLanguage
internal import Threads
internal import TraceStore
internal import WireFormats

/// Searches, and the names and values that they are made of.
extension TempoQueries {
    func search(_ call: QueryCall) throws -> HTTPResponse {
        let query = try TempoSearchQuery.query(call.parameters)
        let window = try window(call)
        let limit = try TempoParameters.positive("limit", call.parameters) ?? TempoParameters.limitDefault
        let spansPerSpanset =
            try TempoParameters.positive("spss", call.parameters) ?? TempoParameters.spansPerSpansetDefault
        let wanted = TraceQuery(
            rules: .traceQL(query), startMin: window.lowerBound, startMax: window.upperBound, limit: limit)
        let (store, work) = (store, call.work)
        let answer = LongAnswer(failure: { .plainFailure($0) }) { writer, outlet in
            var answer = TempoSearchAnswer(query, spansPerSpanset: spansPerSpanset)
            answer.begin(&writer)
            let outcome = try store.find(wanted, work) { found in
                answer.append(found, &writer)
                try outlet(&writer)
            }
            answer.end(outcome, &writer)
            return AnswerEnd(gaps: outcome.gaps)
        }
        return answer.response()
    }

    private func window(_ call: QueryCall) throws -> ClosedRange<Int64> {
        try TempoParameters.window(call.parameters, now: SystemClock.nanosecondsSince1970(), lookback: lookback)
    }

    // MARK: Names

    private func tagQueries(_ call: QueryCall) throws -> TempoTagQueries {
        TempoTagQueries(
            store: store, window: try window(call),
            limit: try TempoParameters.positive("limit", call.parameters) ?? TempoTagQueries.limitDefault,
            work: call.work)
    }

    private func scopes(_ call: QueryCall) throws -> [TempoTagQueries.Scope] {
        try tagQueries(call).scopes(try TempoParameters.scope(call.parameters))
    }

    func tagsV2(_ call: QueryCall) throws -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"scopes\":[")
        for (number, scope) in try scopes(call).enumerated() {
            if number > 0 { writer.write(",") }
            writer.write("{\"name\":")
            writer.writeJSONString(scope.name)
            writer.write(",\"tags\":")
            writer.writeJSONStrings(scope.tags)
            writer.write("}")
        }
        writer.write("]}")
        return .json(writer.bytes)
    }

    /// In one list; without a scope those of resources and spans.
    func tags(_ call: QueryCall) throws -> HTTPResponse {
        let isOfAll = try TempoParameters.scope(call.parameters) == nil
        var names: Set<String> = []
        for scope in try scopes(call) where !isOfAll || ["resource", "span"].contains(scope.name) {
            names.formUnion(scope.tags)
        }
        return list("tagNames", names.sorted())
    }

    private func list(_ name: StaticString, _ texts: [String]) -> HTTPResponse {
        var writer = ByteWriter()
        writer.write("{\"")
        writer.write(name)
        writer.write("\":")
        writer.writeJSONStrings(texts)
        writer.write("}")
        return .json(writer.bytes)
    }

    // MARK: Values

    func tagValuesV2(_ call: QueryCall) throws -> HTTPResponse {
        let field = try TempoSearchQuery.field(call.path["tagName"] ?? "")
        // A query that is still being typed is no query yet: as if there were none.
        let filter = call.parameters.text("q").flatMap { try? TempoSearchQuery.query(text: $0) }
        let values = try tagQueries(call).values(of: field, filter: filter.flatMap { $0.isOfAllSpans ? nil : $0 })
        var writer = ByteWriter()
        writer.write("{\"tagValues\":[")
        for (number, value) in values.enumerated() {
            if number > 0 { writer.write(",") }
            writer.write("{\"type\":")
            writer.writeJSONString(value.type)
            writer.write(",\"value\":")
            writer.writeJSONString(value.text)
            writer.write("}")
        }
        writer.write("]}")
        return .json(writer.bytes)
    }

    /// Of a tag as the old searches name it.
    func tagValues(_ call: QueryCall) throws -> HTTPResponse {
        let tag = call.path["tagName"] ?? ""
        if tag == "error" { return list("tagValues", ["true"]) }
        let values = try tagQueries(call).values(of: TempoSearchQuery.field(ofTag: tag), filter: nil)
        var known: Set<String> = []
        return list("tagValues", values.map(\.text).filter { known.insert($0).inserted })
    }
}
