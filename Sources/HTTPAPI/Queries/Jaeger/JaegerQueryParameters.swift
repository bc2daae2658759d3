internal import FoundationEssentials
package import TraceModel
package import TraceStore

/// Jaeger's query parameters as values. Unknown ones are ignored, as its query service does.
package enum JaegerQueryParameters {
    static let limitDefault = 100
    static let traceIDCountMax = 1000
    private static let dependencyLookback: Int64 = 86_400_000_000_000

    /// What a search asks for: traces by ID, or those that match.
    package enum Search: Sendable {
        case traceIDs([TraceID])
        case query(TraceQuery)
    }

    // MARK: Search

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - lookback: nanoseconds, where the request says no start.
    /// - Throws: `QueryError`.
    package static func search(_ parameters: QueryParameters, now: Int64, lookback: Int64) throws -> Search {
        let start = try time("start", parameters) ?? max(0, now.addingClamped(-lookback))
        let end = try time("end", parameters) ?? now
        let tags = try tags(parameters)
        let limit = try limit(parameters)
        let shortest = try duration("minDuration", parameters)
        let longest = try duration("maxDuration", parameters)
        let traceIDs = try traceIDs(parameters)
        if !traceIDs.isEmpty { return .traceIDs(traceIDs) }
        let service = try service(parameters)
        if let longest, let shortest, longest < shortest {
            throw QueryError("'maxDuration' should be greater than 'minDuration'")
        }
        var query = TraceQuery(rules: .oneSpan, startMin: start, startMax: end, limit: limit)
        query.serviceName = service
        // Old links say "all" for any.
        if let operation = parameters.text("operation"), operation != "all" { query.operationName = operation }
        query.durationMin = shortest
        query.durationMax = longest
        query.attributes = tags.map { .init(key: $0.key, target: .anywhere(value: $0.value)) }
        return .query(query)
    }

    /// The service that is asked about, which must be given.
    package static func service(_ parameters: QueryParameters) throws -> String {
        guard let service = parameters.text("service") else { throw QueryError("parameter 'service' is required") }
        return service
    }

    /// Where to look for a trace, in microseconds, as `start` and `end`. A trace is found without: they have to be
    /// numbers, and are not used, for clients send other units too.
    /// - Throws: `QueryError`.
    package static func checkTimeHints(_ parameters: QueryParameters) throws {
        for name in ["start", "end"] { _ = try time(name, parameters) }
    }

    /// The window of a question for dependencies, in milliseconds: `lookback`, a day if absent, up to `endTs`, now if
    /// absent.
    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `QueryError`.
    package static func dependencyWindow(_ parameters: QueryParameters, now: Int64) throws -> ClosedRange<Int64> {
        func nanoseconds(_ name: String) throws -> Int64? {
            guard let text = parameters.text(name) else { return nil }
            guard let milliseconds = Int64(text), milliseconds >= 0 else {
                throw QueryError("unable to parse param '\(name)': \(text) is no number of milliseconds")
            }
            return milliseconds.multipliedClamped(by: 1_000_000)
        }
        let end = try nanoseconds("endTs") ?? now
        return end.addingClamped(-(try nanoseconds("lookback") ?? dependencyLookback))...end
    }

    /// 1 to 32 hex digits of either case. All zeros is an ID, of no trace.
    package static func traceID(_ text: String) throws -> TraceID {
        if let traceID = TraceID(hex: text) { return traceID }
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) else {
            throw QueryError("cannot parse traceID param: \(text)")
        }
        return TraceID(high: 0, low: 0)
    }

    private static func traceIDs(_ parameters: QueryParameters) throws -> [TraceID] {
        let texts = parameters.all("traceID")
        guard texts.count <= traceIDCountMax else { throw QueryError("more than \(traceIDCountMax) trace IDs") }
        return try texts.map(traceID)
    }

    private static func limit(_ parameters: QueryParameters) throws -> Int {
        guard let text = parameters.text("limit") else { return limitDefault }
        guard let number = Int32(text) else { throw QueryError("unable to parse param 'limit': \(text) is no number") }
        return number > 0 ? Int(number) : limitDefault
    }

    /// `tag=key:value` and `tags={"key":"value"}`, each as often as you like; by key.
    private static func tags(_ parameters: QueryParameters) throws -> [(key: String, value: String)] {
        var tags: [String: String] = [:]
        for tag in parameters.all("tag") {
            guard let colon = tag.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                throw QueryError("malformed 'tag' parameter, expecting key:value, received: \(tag)")
            }
            tags[String(tag[..<colon])] = String(tag[tag.utf8.index(after: colon)...])
        }
        for text in parameters.all("tags") where !text.isEmpty {
            do {
                let more = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
                tags.merge(more) { _, new in new }
            } catch {
                throw QueryError("malformed 'tags' parameter, expecting a JSON object of strings, received: \(text)")
            }
        }
        guard tags.count <= QueryParameters.clauseCountMax else {
            throw QueryError("more than \(QueryParameters.clauseCountMax) tags")
        }
        return tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Microseconds in the request, nanoseconds in the query.
    private static func time(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let microseconds = Int64(text) else {
            throw QueryError("unable to parse param '\(name)': \(text) is no number of microseconds")
        }
        return microseconds.multipliedClamped(by: 1000)
    }

    /// Nanoseconds; 0 is no bound.
    private static func duration(_ name: String, _ parameters: QueryParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let duration = GoDuration.nanoseconds(text) else {
            throw QueryError(
                "unable to parse param '\(name)': invalid duration \"\(text)\", expecting like 1.5s or 300ms")
        }
        return duration == 0 ? nil : duration
    }

    // MARK: Form of the answer

    /// How the answer is written.
    package struct Form: Sendable, Equatable {
        /// Shared span IDs stay as they were reported.
        package var isRaw = false
        /// Indented, for people.
        package var isPretty = false

        package init(isRaw: Bool = false, isPretty: Bool = false) {
            self.isRaw = isRaw
            self.isPretty = isPretty
        }
    }

    /// `raw` and `prettyPrint`.
    package static func form(_ parameters: QueryParameters) throws -> Form {
        var form = Form()
        if let text = parameters.text("raw") {
            guard let isRaw = GoBool.value(text) else {
                throw QueryError("unable to parse param 'raw': \(text) is neither true nor false")
            }
            form.isRaw = isRaw
        }
        form.isPretty = isPretty(parameters)
        return form
    }

    /// Anything but `false` is a yes.
    static func isPretty(_ parameters: QueryParameters) -> Bool {
        parameters.text("prettyPrint").map { $0 != "false" } ?? false
    }
}
