internal import FoundationEssentials
package import QueryLanguage
internal import TraceModel
package import TraceStore

/// The parameters of the program's own query API as values. What is unknown or makes no sense is refused, with a text
/// that says so.
package enum SkeinQueryParameters {
    static let limitDefault = 20
    static let limitMax = 1000
    static let spanLimitDefault = 3
    static let spanLimitMax = 100
    package static let countMaxDefault = 100

    /// A search, and what its answer is to look like.
    package struct Search: Sendable {
        package var query: TraceQuery
        package var language: TraceQLQuery
        /// Spans that match, of each trace at most.
        package var spanLimit: Int
    }

    static let searchNames: Set<String> = ["q", "start", "end", "limit", "spans", "count", "cursor"]

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - lookback: nanoseconds, where the request says no start.
    /// - Throws: `QueryError`.
    package static func search(_ parameters: QueryParameters, now: Int64, lookback: Int64) throws -> Search {
        try checkNames(parameters, searchNames)
        let language: TraceQLQuery
        do throws(TraceQLError) {
            language = try TraceQLQuery(parsing: parameters.first("q") ?? "")
        } catch {
            throw QueryError("q: \(error)")
        }
        let window = try window(parameters, now: now, lookback: lookback)
        let limit = try number("limit", parameters, in: 0...limitMax) ?? limitDefault
        let spanLimit = try number("spans", parameters, in: 0...spanLimitMax) ?? spanLimitDefault
        var query = TraceQuery(
            rules: .traceQL(language), startMin: window.lowerBound, startMax: window.upperBound, limit: limit)
        query.countMax =
            parameters.text("count") == "all"
            ? .max : try number("count", parameters, in: 0...1_000_000_000) ?? countMaxDefault
        if let cursor = parameters.text("cursor") {
            guard let place = place(cursor) else { throw QueryError("cursor: not one that a search gave") }
            query.after = place
        }
        return Search(query: query, language: language, spanLimit: spanLimit)
    }

    /// Rows of a drawing that are asked for.
    struct Rows {
        var offset: Int
        var limit: Int
        /// A span that is to be among them, whatever the offset.
        var span: SpanID?
    }

    static let rowLimitDefault = 500
    static let rowLimitMax = 10_000

    static func rows(_ parameters: QueryParameters) throws -> Rows {
        try checkNames(parameters, ["offset", "limit", "span"])
        return Rows(
            offset: try number("offset", parameters, in: 0...Int(Int32.max)) ?? 0,
            limit: try number("limit", parameters, in: 0...rowLimitMax) ?? rowLimitDefault,
            span: try parameters.text("span").map(spanID))
    }

    /// The window asked for: `start` and `end`.
    package static func window(
        _ parameters: QueryParameters, now: Int64, lookback: Int64
    ) throws -> ClosedRange<Int64> {
        let end = try time("end", parameters, now: now) ?? now
        let start = try time("start", parameters, now: now) ?? max(0, end.addingClamped(-lookback))
        guard start <= end else { throw QueryError("start: later than end") }
        return start...end
    }

    // MARK: Values

    /// A time as RFC 3339, as `now` or `-90m` from now, or as a count since 1970 of seconds, milliseconds,
    /// microseconds or nanoseconds: which of them, its size says.
    package static func time(_ name: String, _ parameters: QueryParameters, now: Int64) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        if text == "now" { return now }
        if text.hasPrefix("-"), let distance = length(text) { return now.addingClamped(distance) }
        if let count = Int64(text), count >= 0 {
            // Each unit's counts of the years 1973 to 5138 lie in a range of their own.
            switch count {
            case ..<100_000_000_000: return count.multipliedClamped(by: 1_000_000_000)
            case ..<100_000_000_000_000: return count.multipliedClamped(by: 1_000_000)
            case ..<100_000_000_000_000_000: return count.multipliedClamped(by: 1000)
            default: return count
            }
        }
        guard let time = RFC3339.nanoseconds(text) else {
            throw QueryError("\(name): neither a time such as 2026-01-31T12:00:00Z nor one such as -1h: \(text)")
        }
        return time
    }

    /// As Go writes it, or in days: `-30d`.
    static func length(_ text: String) -> Int64? {
        guard text.hasSuffix("d"), let days = Int64(text.dropLast()) else { return GoDuration.nanoseconds(text) }
        return days.multipliedClamped(by: 86_400_000_000_000)
    }

    static func number(_ name: String, _ parameters: QueryParameters, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = parameters.text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw QueryError("\(name): not a number from \(range.lowerBound) to \(range.upperBound): \(text)")
        }
        return number
    }

    /// 1 to 32 hex digits of either case.
    static func traceID(_ text: String) throws -> TraceID {
        guard let traceID = TraceID(hex: text) else {
            throw QueryError("not a trace ID of 1 to 32 hex digits: \(text)")
        }
        return traceID
    }

    static func spanID(_ text: String) throws -> SpanID {
        guard let spanID = SpanID(hex: text) else { throw QueryError("not a span ID of 1 to 16 hex digits: \(text)") }
        return spanID
    }

    static func checkNames(_ parameters: QueryParameters, _ known: Set<String>) throws {
        if let name = parameters.names.first(where: { !known.contains($0) }) {
            throw QueryError("unknown parameter \(name); there are \(known.sorted().joined(separator: ", "))")
        }
    }

    // MARK: Cursor

    /// Where a page ends, as text for the next request.
    package static func cursor(_ place: TraceQuery.Place) -> String {
        Hex.string(UInt64(bitPattern: place.start)) + "-" + place.traceID.description
    }

    static func place(_ cursor: String) -> TraceQuery.Place? {
        let parts = cursor.split(separator: "-")
        guard parts.count == 2, parts[0].utf8.count == 16, let start = UInt64(parts[0], radix: 16),
            let traceID = TraceID(hex: parts[1])
        else { return nil }
        return TraceQuery.Place(start: Int64(bitPattern: start), traceID: traceID)
    }
}
