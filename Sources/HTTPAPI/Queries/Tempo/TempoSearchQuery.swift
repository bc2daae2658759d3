package import QueryLanguage

/// What a search of Tempo asks for, as one query: TraceQL, or the parameters that were there before it.
package enum TempoSearchQuery {
    /// - Throws: `QueryError`, with the place of what is wrong.
    package static func query(_ parameters: QueryParameters) throws -> TraceQLQuery {
        var query: TraceQLQuery
        if let tags = parameters.text("tags") {
            guard parameters.text("q") == nil else {
                throw QueryError("invalid request: can't specify tags and q in the same query")
            }
            query = self.query(tags: try TempoTagText.tags(tags))
        } else {
            query = try self.query(text: parameters.text("q") ?? "")
        }
        try addDurations(to: &query, parameters)
        return query
    }

    /// - Throws: `QueryError`.
    package static func query(text: String) throws -> TraceQLQuery {
        do throws(TraceQLError) {
            return try TraceQLQuery(parsing: text)
        } catch {
            throw QueryError("invalid TraceQL query: \(error)")
        }
    }

    /// A field as TraceQL names it: `resource.service.name`, `.http.method`, `status`, `span:status`.
    /// - Throws: `QueryError`.
    package static func field(_ text: String) throws -> TraceQLQuery.Field {
        let stages = try? TraceQLQuery(parsing: "{ } | select(\(text))").pipeline.stages
        guard let stages, stages.count == 2, case .select(let fields) = stages[1], fields.count == 1 else {
            throw QueryError("please provide a valid tagName: no intrinsic or scoped attribute: \(text)")
        }
        return fields[0]
    }

    /// A tag as the parameter `tags` names it.
    static func field(ofTag tag: String) -> TraceQLQuery.Field {
        switch tag {
        case "name": .intrinsic(.name)
        case "root.name": .intrinsic(.rootName)
        case "root.service.name": .intrinsic(.rootServiceName)
        case "status.code": .intrinsic(.status)
        default: .attribute(.any, key: tag)
        }
    }

    // MARK: Durations

    /// Of the whole trace, whatever the query is about.
    private static func addDurations(to query: inout TraceQLQuery, _ parameters: QueryParameters) throws {
        let shortest = try TempoParameters.duration("minDuration", parameters)
        let longest = try TempoParameters.duration("maxDuration", parameters)
        if let longest, longest < shortest ?? 0 {
            throw QueryError("invalid maxDuration: must be greater than minDuration")
        }
        var conditions: [TraceQLQuery.Expression] = []
        if let shortest, shortest > 0 { conditions.append(duration(.greaterOrEqual, shortest)) }
        if let longest { conditions.append(duration(.lessOrEqual, longest)) }
        guard let first = conditions.first else { return }
        let condition = conditions.dropFirst().reduce(first) { .and($0, $1) }
        // Behind the first stage, which is of spansets, and before any that counts or groups them.
        query.pipeline.stages.insert(.spansets(.filter(condition)), at: min(1, query.pipeline.stages.count))
    }

    private static func duration(
        _ comparison: TraceQLQuery.Comparison, _ nanoseconds: Int64
    ) -> TraceQLQuery.Expression {
        .comparison(.field(.intrinsic(.traceDuration)), comparison, .literal(.duration(nanoseconds)))
    }

    // MARK: Tags

    /// Each tag is met by some span of the trace, not always by the same.
    package static func query(tags: [TempoTagText.Tag]) -> TraceQLQuery {
        let filters = tags.map { TraceQLQuery.Spansets.filter(condition($0)) }
        let spansets = filters.dropFirst().reduce(filters.first ?? .filter(nil)) { .combined($0, .and, $1) }
        return TraceQLQuery(pipeline: .init(stages: [.spansets(spansets)]))
    }

    private static func condition(_ tag: TempoTagText.Tag) -> TraceQLQuery.Expression {
        let field = field(ofTag: tag.key)
        switch field {
        case .intrinsic(.status):
            guard let status = TraceQLQuery.Status(rawValue: tag.value.lowercased()) else { return attribute(tag) }
            return isStatus(status)
        case .intrinsic: return contains(field, tag.value)
        default:
            return tag == .init(key: "error", value: "true") ? .or(isStatus(.error), attribute(tag)) : attribute(tag)
        }
    }

    private static func isStatus(_ status: TraceQLQuery.Status) -> TraceQLQuery.Expression {
        .comparison(.field(.intrinsic(.status)), .equal, .literal(.status(status)))
    }

    /// A text that contains the tag's, or the number or truth value that it is.
    private static func attribute(_ tag: TempoTagText.Tag) -> TraceQLQuery.Expression {
        let field = TraceQLQuery.Field.attribute(.any, key: tag.key)
        var condition = contains(field, tag.value)
        if let literal = literal(tag.value) {
            condition = .or(condition, .comparison(.field(field), .equal, .literal(literal)))
        }
        return condition
    }

    private static func literal(_ text: String) -> TraceQLQuery.Literal? {
        if let number = Int64(text) { return .int(number) }
        if let number = Double(text), number.isFinite { return .double(number) }
        return Bool(text).map { .bool($0) }
    }

    /// In whatever case the letters are.
    private static func contains(_ field: TraceQLQuery.Field, _ text: String) -> TraceQLQuery.Expression {
        var pattern = "(?is).*"
        for scalar in text.unicodeScalars {
            if #"\.+*?()|[]{}^$"#.unicodeScalars.contains(scalar) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
        return .comparison(.field(field), .matches, .literal(.string(pattern + ".*")))
    }
}
