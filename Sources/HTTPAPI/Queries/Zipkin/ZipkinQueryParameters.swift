package import TraceModel
package import TraceStore

/// Zipkin's query parameters as values. Rules and messages are those of Zipkin's `QueryRequest` and of its server.
package enum ZipkinQueryParameters {
    static let limitDefault = 10
    static let traceIDCountMax = 1000

    /// Zipkin's times are microseconds: what is finer than that counts with the microsecond before.
    private static let withinMicrosecond: Int64 = 999

    // MARK: Search

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - lookback: nanoseconds, where the request says none.
    /// - Throws: `QueryError`.
    package static func query(_ parameters: QueryParameters, now: Int64, lookback: Int64) throws -> TraceQuery {
        let endMilliseconds = try integer("endTs", parameters)
        if let endMilliseconds, endMilliseconds <= 0 { throw QueryError("endTs <= 0") }
        let limit = try integer("limit", parameters) ?? Int64(limitDefault)
        guard limit > 0 else { throw QueryError("limit <= 0") }
        let lookbackMilliseconds = try integer("lookback", parameters)
        if let lookbackMilliseconds, lookbackMilliseconds <= 0 { throw QueryError("lookback <= 0") }

        let end = endMilliseconds?.multipliedClamped(by: 1_000_000) ?? now
        let length = lookbackMilliseconds?.multipliedClamped(by: 1_000_000) ?? lookback
        var query = TraceQuery(
            rules: .anySpans, startMin: max(0, end.addingClamped(-length)),
            startMax: end.addingClamped(withinMicrosecond), limit: Int(clamping: limit))
        query.serviceName = parameters.text("serviceName")?.lowercased()
        query.remoteServiceName = parameters.text("remoteServiceName")?.lowercased()
        if let name = parameters.text("spanName")?.lowercased(), name != "all" { query.operationName = name }
        query.attributes = try clauses(parameters.text("annotationQuery") ?? "")
        try setDurations(of: &query, parameters)
        return query
    }

    /// When traces begin whose calls are counted. Nanoseconds since 1970.
    /// - Parameter lookback: nanoseconds, where the request says none.
    /// - Throws: `QueryError`.
    package static func dependencyWindow(
        _ parameters: QueryParameters, lookback: Int64
    ) throws -> ClosedRange<Int64> {
        guard let end = try integer("endTs", parameters) else { throw QueryError("endTs parameter is missing") }
        guard end > 0 else { throw QueryError("endTs <= 0") }
        let own = try integer("lookback", parameters)
        if let own, own <= 0 { throw QueryError("lookback <= 0") }
        let last = end.multipliedClamped(by: 1_000_000)
        let length = own?.multipliedClamped(by: 1_000_000) ?? lookback
        return max(0, last.addingClamped(-length))...last.addingClamped(withinMicrosecond)
    }

    /// Microseconds in the request, nanoseconds in the query.
    private static func setDurations(of query: inout TraceQuery, _ parameters: QueryParameters) throws {
        let shortest = try integer("minDuration", parameters)
        let longest = try integer("maxDuration", parameters)
        guard let shortest else {
            if longest != nil { throw QueryError("maxDuration is only valid with minDuration") }
            return
        }
        guard shortest > 0 else { throw QueryError("minDuration <= 0") }
        query.durationMin = shortest.multipliedClamped(by: 1000)
        guard let longest else { return }
        guard longest >= shortest else { throw QueryError("maxDuration < minDuration") }
        query.durationMax = longest.multipliedClamped(by: 1000).addingClamped(withinMicrosecond)
    }

    /// Terms joined by ` and `: `key=value` for a tag, a bare word for an annotation's value or a tag's key.
    ///
    /// White space around words is dropped. Of several values for one key the last counts; a bare word does not take
    /// the place of a value.
    package static func clauses(_ text: String) throws -> [TraceQuery.AttributeClause] {
        var clauses: [TraceQuery.AttributeClause] = []
        var places: [String: Int] = [:]
        for term in terms(text) {
            let equals = term.firstIndex(of: "=")
            let key = trimmed(term[..<(equals ?? term.endIndex)])
            guard !key.isEmpty else { continue }
            let value = equals.map { trimmed(term[term.index(after: $0)...]) } ?? ""
            let clause = TraceQuery.AttributeClause(
                key: key, target: value.isEmpty ? .keyOrEvent : .attribute(value: value))
            if let place = places[key] {
                if equals != nil { clauses[place] = clause }
            } else {
                places[key] = clauses.count
                clauses.append(clause)
            }
        }
        guard clauses.count <= QueryParameters.clauseCountMax else {
            throw QueryError("annotationQuery has more than \(QueryParameters.clauseCountMax) terms")
        }
        return clauses
    }

    /// Bytes, because a letter and an accent after it would count as one character.
    private static func terms(_ text: String) -> [Substring] {
        let bytes = text.utf8
        let separator = " and ".utf8
        var terms: [Substring] = []
        var start = bytes.startIndex
        var at = start
        while at < bytes.endIndex {
            if bytes[at] == UInt8(ascii: " "), bytes[at...].starts(with: separator) {
                terms.append(text[start..<at])
                at = bytes.index(at, offsetBy: separator.count)
                start = at
            } else {
                at = bytes.index(after: at)
            }
        }
        return terms + [text[start...]]
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (byte: UInt8) in byte <= UInt8(ascii: " ") }
        let start = text.utf8.firstIndex { !isSpace($0) } ?? text.endIndex
        let last = text.utf8.lastIndex { !isSpace($0) }
        return last.map { String(text[start...$0]) } ?? ""
    }

    private static func integer(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Int64(text) else { throw QueryError("\(name) is not a number: \(text)") }
        return number
    }

    // MARK: Names and IDs

    /// The service whose names are asked for: lower-cased, and possibly empty, which no service is.
    package static func serviceName(_ parameters: QueryParameters) throws -> String {
        guard let name = parameters.first("serviceName") else { throw QueryError("serviceName parameter is missing") }
        return name.lowercased()
    }

    /// The key of the tag whose values are asked for.
    package static func key(_ parameters: QueryParameters) throws -> String {
        guard let key = parameters.text("key") else { throw QueryError("key parameter is missing") }
        return key
    }

    /// 1 to 32 lower-case hex digits, white space around them dropped.
    package static func traceID(_ text: String) throws -> TraceID {
        let text = trimmed(Substring(text))
        guard !text.isEmpty else { throw QueryError("traceId is empty") }
        guard text.utf8.count <= 32 else { throw QueryError("traceId.length > 32") }
        let isLowerHex = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
        guard text.utf8.allSatisfy(isLowerHex) else {
            throw QueryError("\(text) should be lower-hex encoded with no prefix")
        }
        guard let traceID = TraceID(hex: text) else { throw QueryError("traceId is all zeros") }
        return traceID
    }

    /// The IDs of `traceMany`, two or more, each once, separated by commas.
    package static func traceIDs(_ parameters: QueryParameters) throws -> [TraceID] {
        guard let text = parameters.text("traceIds") else { throw QueryError("traceIds parameter is empty") }
        let texts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard texts.count <= traceIDCountMax else {
            throw QueryError("traceIds parameter has more than \(traceIDCountMax) trace IDs")
        }
        var known: Set<TraceID> = []
        let traceIDs = try texts.map { text in
            let traceID = try traceID(String(text))
            guard known.insert(traceID).inserted else { throw QueryError("redundant traceId: \(text)") }
            return traceID
        }
        guard traceIDs.count > 1 else {
            throw QueryError("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace")
        }
        return traceIDs
    }
}
