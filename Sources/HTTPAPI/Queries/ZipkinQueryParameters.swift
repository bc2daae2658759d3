internal import TraceStore

/// Zipkin's search parameters as a query. Rules: Zipkin's `QueryRequest` and its server's defaults.
enum ZipkinQueryParameters {
    static let limitDefault = 10

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - lookback: nanoseconds, where the request says none.
    static func query(_ parameters: QueryParameters, now: Int64, lookback: Int64) throws -> TraceQuery {
        let limit = try integer("limit", parameters) ?? Int64(limitDefault)
        guard limit > 0 else { throw QueryError("limit <= 0") }
        let endMilliseconds = try integer("endTs", parameters) ?? now / 1_000_000
        guard endMilliseconds > 0 else { throw QueryError("endTs <= 0") }
        let lookbackMilliseconds = try integer("lookback", parameters) ?? lookback / 1_000_000
        guard lookbackMilliseconds > 0 else { throw QueryError("lookback <= 0") }
        let end = nanoseconds(milliseconds: endMilliseconds)
        let length = nanoseconds(milliseconds: lookbackMilliseconds)
        let start = max(0, end.subtractingReportingOverflow(length).partialValue)
        // A span's timestamp has microseconds: the last millisecond counts whole.
        var query = TraceQuery(
            rules: .anySpans, startMin: start, startMax: end.addingReportingOverflow(999_999).overflow ? end : end + 999_999,
            limit: Int(clamping: limit))
        query.serviceName = parameters.text("serviceName")?.lowercased()
        query.remoteServiceName = parameters.text("remoteServiceName")?.lowercased()
        if let name = parameters.text("spanName")?.lowercased(), name != "all" { query.operationName = name }
        query.attributes = parameters.text("annotationQuery").map(clauses) ?? []
        query.durationMin = try duration("minDuration", parameters)
        query.durationMax = try duration("maxDuration", parameters)
        if let longest = query.durationMax {
            guard let shortest = query.durationMin else { throw QueryError("maxDuration is only valid with minDuration") }
            guard longest >= shortest else { throw QueryError("maxDuration < minDuration") }
        }
        return query
    }

    /// Terms joined by ` and `: `key=value` for a tag, a bare word for an annotation's value or a tag's key.
    static func clauses(_ text: String) -> [TraceQuery.AttributeClause] {
        var clauses: [TraceQuery.AttributeClause] = []
        var rest = Substring(text)
        var terms: [Substring] = []
        while let separator = rest.firstRange(of: " and ") {
            terms.append(rest[..<separator.lowerBound])
            rest = rest[separator.upperBound...]
        }
        terms.append(rest)
        for term in terms where !term.isEmpty {
            let clause: TraceQuery.AttributeClause
            if let equals = term.firstIndex(of: "=") {
                clause = .init(
                    key: String(term[..<equals]), target: .attribute(value: String(term[term.index(after: equals)...])))
            } else {
                clause = .init(key: String(term), target: .keyOrEvent)
            }
            // Of several values for one key the last counts.
            clauses.removeAll { $0.key == clause.key }
            clauses.append(clause)
        }
        return clauses
    }

    /// Microseconds in the request, nanoseconds in the query.
    private static func duration(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let microseconds = try integer(name, parameters) else { return nil }
        guard microseconds > 0 else { throw QueryError("\(name) <= 0") }
        let product = microseconds.multipliedReportingOverflow(by: 1000)
        return product.overflow ? .max : product.partialValue
    }

    private static func integer(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Int64(text) else { throw QueryError("\(name) is not a number: \(text)") }
        return number
    }

    private static func nanoseconds(milliseconds: Int64) -> Int64 {
        let product = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return product.overflow ? .max : product.partialValue
    }
}

extension Substring {
    /// Where `other` stands first.
    fileprivate func firstRange(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
