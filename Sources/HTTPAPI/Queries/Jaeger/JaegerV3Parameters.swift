internal import FoundationEssentials
package import TraceModel
package import TraceStore

/// The parameters of Jaeger's API v3 over HTTP as values: in camel case, as the protobuf fields are named in JSON, or
/// in snake case, as they were before.
package enum JaegerV3Parameters {
    /// What is asked for is refused because it is not served.
    package struct Unsupported: Error {
        package let message: String
    }

    /// - Throws: `QueryError`, `Unsupported`.
    package static func query(_ parameters: QueryParameters) throws -> TraceQuery {
        try checkUnsupported(parameters)
        let attributes = try attributes(parameters)
        guard let start = try time(parameters, "query.startTimeMin", "query.start_time_min"),
            let end = try time(parameters, "query.startTimeMax", "query.start_time_max")
        else { throw QueryError("query.startTimeMin and query.startTimeMax are required") }
        guard start < end else { throw QueryError("query.startTimeMin must be before query.startTimeMax") }
        let limit = try depth(parameters)
        let shortest = try duration(parameters, "query.durationMin", "query.duration_min")
        let longest = try duration(parameters, "query.durationMax", "query.duration_max")
        if let shortest, let longest, longest < shortest {
            throw QueryError("query.durationMax must not be less than query.durationMin")
        }
        var query = TraceQuery(rules: .oneSpan, startMin: start, startMax: end, limit: limit)
        query.serviceName = value(parameters, "query.serviceName", "query.service_name")?.text
        query.operationName = value(parameters, "query.operationName", "query.operation_name")?.text
        query.durationMin = shortest
        query.durationMax = longest
        query.attributes = attributes
        return query
    }

    /// Whether a search asks for span IDs as they were reported.
    /// - Throws: `QueryError`.
    package static func isRawSearch(_ parameters: QueryParameters) throws -> Bool {
        try flag(parameters, "query.rawTraces", "query.raw_traces")
    }

    /// The same of a look-up by ID. Its time hints have to be times, and are not used: a trace is found without.
    /// - Throws: `QueryError`.
    package static func isRawTrace(_ parameters: QueryParameters) throws -> Bool {
        _ = try time(parameters, "startTime", "start_time")
        _ = try time(parameters, "endTime", "end_time")
        return try flag(parameters, "rawTraces", "raw_traces")
    }

    /// The window of a question for dependencies.
    /// - Throws: `QueryError`.
    package static func window(_ parameters: QueryParameters) throws -> ClosedRange<Int64> {
        guard let start = try time(parameters, "startTime", "start_time"),
            let end = try time(parameters, "endTime", "end_time")
        else { throw QueryError("startTime and endTime are required") }
        guard start < end else { throw QueryError("endTime must be after startTime") }
        return start...end
    }

    package static func spanKind(_ parameters: QueryParameters) -> String? {
        value(parameters, "spanKind", "span_kind")?.text
    }

    /// 1 to 32 hex digits, or 16 bytes as base64 in either alphabet, padded or not. All zeros is an ID, of no trace.
    /// - Throws: `QueryError`.
    package static func traceID(_ text: String) throws -> TraceID {
        if let traceID = try? JaegerQueryParameters.traceID(text) { return traceID }
        var standard = text.replacing("-", with: "+").replacing("_", with: "/")
        while standard.hasSuffix("=") { standard.removeLast() }
        // 22 digits are 132 bits: 16 bytes, and four bits that count for nothing.
        guard text.utf8.count <= 24, standard.utf8.count == 22, let bytes = Data(base64Encoded: standard + "=="),
            bytes.count == 16
        else { throw QueryError("malformed parameter trace_id: \(text) is neither hex nor base64 of a trace ID") }
        let halves = [bytes.prefix(8), bytes.suffix(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return TraceID(high: halves[0], low: halves[1])
    }

    // MARK: Values

    /// The first value that is not empty, and the name that it stands under.
    private static func value(
        _ parameters: QueryParameters, _ names: String...
    ) -> (text: String, name: String)? {
        for name in names {
            if let text = parameters.text(name) { return (text, name) }
        }
        return nil
    }

    private static func malformed(_ value: (text: String, name: String), _ reason: String) -> QueryError {
        QueryError("malformed parameter \(value.name): \(value.text) is \(reason)")
    }

    /// A predicate that is not looked at would find more than was asked for: it is refused instead.
    private static func checkUnsupported(_ parameters: QueryParameters) throws {
        if parameters.text("query.filter") != nil {
            throw Unsupported(message: "the structured query filter is disabled")
        }
        if value(parameters, "query.pagination.pageSize", "query.pagination.pageToken") != nil {
            throw Unsupported(message: "pagination is disabled")
        }
    }

    private static func time(_ parameters: QueryParameters, _ camel: String, _ snake: String) throws -> Int64? {
        guard let value = value(parameters, camel, snake) else { return nil }
        guard let time = RFC3339.nanoseconds(value.text) else {
            throw malformed(value, "no time like 2006-01-02T15:04:05.999999999Z")
        }
        return time
    }

    /// Nanoseconds; 0 is no bound.
    private static func duration(_ parameters: QueryParameters, _ camel: String, _ snake: String) throws -> Int64? {
        guard let value = value(parameters, camel, snake) else { return nil }
        guard let duration = GoDuration.nanoseconds(value.text) else {
            throw malformed(value, "no duration like 1.5s or 300ms")
        }
        guard duration >= 0 else { throw malformed(value, "negative") }
        return duration == 0 ? nil : duration
    }

    private static func depth(_ parameters: QueryParameters) throws -> Int {
        let limitDefault = JaegerQueryParameters.limitDefault
        guard let value = value(parameters, "query.searchDepth", "query.search_depth", "query.num_traces") else {
            return limitDefault
        }
        guard let number = UInt32(value.text) else { throw malformed(value, "no number of traces") }
        return number == 0 ? limitDefault : Int(number)
    }

    private static func flag(_ parameters: QueryParameters, _ camel: String, _ snake: String) throws -> Bool {
        guard let value = value(parameters, camel, snake) else { return false }
        guard let flag = GoBool.value(value.text) else { throw malformed(value, "neither true nor false") }
        return flag
    }

    private static func attributes(_ parameters: QueryParameters) throws -> [TraceQuery.AttributeClause] {
        guard let value = value(parameters, "query.attributes") else { return [] }
        guard let attributes = try? JSONDecoder().decode([String: String].self, from: Data(value.text.utf8)) else {
            throw malformed(value, "no JSON object of strings")
        }
        guard attributes.count <= QueryParameters.clauseCountMax else {
            throw QueryError("more than \(QueryParameters.clauseCountMax) attributes")
        }
        return attributes.sorted { $0.key < $1.key }.map { .init(key: $0.key, target: .anywhere(value: $0.value)) }
    }
}
