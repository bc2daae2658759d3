internal import FoundationEssentials
internal import TraceModel
internal import TraceStore

/// Jaeger's search parameters as a query. Unknown ones are ignored, as its query service does.
enum JaegerQueryParameters {
    static let limitDefault = 100

    /// What a search asks for: traces by ID, or those that match.
    enum Search {
        case traceIDs([TraceID])
        case query(TraceQuery)
    }

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - lookback: nanoseconds, where the request says no start.
    static func search(_ parameters: QueryParameters, now: Int64, lookback: Int64) throws -> Search {
        let traceIDs = try parameters.all("traceID").map(traceID)
        if !traceIDs.isEmpty { return .traceIDs(traceIDs) }
        guard let service = parameters.text("service") else { throw QueryError("parameter 'service' is required") }
        let end = try time("end", parameters) ?? now
        let start = try time("start", parameters) ?? max(0, now - lookback)
        var limit = limitDefault
        if let text = parameters.text("limit") {
            guard let number = Int32(text) else { throw QueryError("unable to parse param 'limit': \(text) is no number") }
            if number > 0 { limit = Int(number) }
        }
        var query = TraceQuery(rules: .oneSpan, startMin: start, startMax: end, limit: limit)
        query.serviceName = service
        if let operation = parameters.text("operation"), operation != "all" { query.operationName = operation }
        query.durationMin = try duration("minDuration", parameters)
        query.durationMax = try duration("maxDuration", parameters)
        if let longest = query.durationMax, let shortest = query.durationMin, longest < shortest {
            throw QueryError("'maxDuration' should be greater than 'minDuration'")
        }
        query.attributes = try tags(parameters).map { .init(key: $0.key, target: .anywhere(value: $0.value)) }
        return .query(query)
    }

    static func traceID(_ text: String) throws -> TraceID {
        guard let traceID = TraceID(hex: text) else { throw QueryError("cannot parse traceID param: \(text)") }
        return traceID
    }

    /// `tag=key:value` and `tags={"key":"value"}`, each as often as you like.
    private static func tags(_ parameters: QueryParameters) throws -> [(key: String, value: String)] {
        var tags: [String: String] = [:]
        for tag in parameters.all("tag") {
            guard let colon = tag.firstIndex(of: ":") else {
                throw QueryError("malformed 'tag' parameter, expecting key:value, received: \(tag)")
            }
            tags[String(tag[..<colon])] = String(tag[tag.index(after: colon)...])
        }
        for text in parameters.all("tags") where !text.isEmpty {
            do {
                let more = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
                tags.merge(more) { _, new in new }
            } catch {
                throw QueryError("malformed 'tags' parameter, expecting a JSON object of strings, received: \(text)")
            }
        }
        return tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Microseconds in the request, nanoseconds in the query.
    private static func time(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let microseconds = Int64(text) else {
            throw QueryError("unable to parse param '\(name)': \(text) is no number of microseconds")
        }
        let product = microseconds.multipliedReportingOverflow(by: 1000)
        return product.overflow ? (microseconds < 0 ? .min : .max) : product.partialValue
    }

    private static func duration(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let duration = GoDuration.nanoseconds(text) else {
            throw QueryError("unable to parse param '\(name)': invalid duration \"\(text)\", expecting like 1.5s or 300ms")
        }
        return duration
    }
}

/// Durations as Go writes them: `300ms`, `-1.5h`, `2h45m`. A number needs a unit, but for 0.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits.hasPrefix(".") ? "0" + digits : String(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest.dropFirst(name.count)
            total += number * unit.nanoseconds
        }
        guard total <= Double(Int64.max / 2) else { return nil }
        return Int64((sign * total).rounded())
    }
}
